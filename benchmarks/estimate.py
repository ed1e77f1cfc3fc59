"""Hours of the standard suite on two cores, from a few evaluations of each of its models.

Measured: evaluations of each model at each budget, on each kind of tasks, eager. Computed: where a
run would compile, that divided by what compiling gains in the rows of the family, and the
seconds of the compiler for each program. Extrapolated: models and tasks that are still to come,
at the mean cost of a cell of their family.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from statistics import mean, median
from typing import Any, NamedTuple

import cells

from kansci.gears.objective import COMPILED_FROM, Objective
from kansci.lifting.ensemble import Member
from kansci.preparing import draw, prepare
from kansci.sampling import stream
from kansci.suite import Cell, get_suite
from kansci.suite import cells as cells_of
from kansci.together import Job, together
from kansci.training import work

MODELS, PDES, EQUATIONS = 20, 12, 27  # of the suite that is planned
CORES = 2
MOST = 8  # members that are measured together
CALLS = 3
FAMILY = {"feynman": "regression"}


class Kind(NamedTuple):
    """Jobs that cost alike: what is measured of one holds for all of them."""

    model: str
    budget: int
    family: str
    dim_in: int
    order: int


class Gain(NamedTuple):
    """What compiling brings, from the rows of a family."""

    factor: float
    seconds: float  # of the compiler, a program


def estimate(
    document: dict[str, Any], tell: Callable[[str], None], *, models: int | None = None
) -> dict[str, Any]:
    """Hours by family, as the suite stands and as it is planned.

    Args:
        models: of the suite's models only so many, to try it out.
    """
    suite = get_suite(cells.SUITE)
    names = suite.models[:models]
    chosen = [one for one in cells_of(suite) if one.model.name in names]
    costs: dict[Kind, tuple[float, float]] = {}
    seconds: dict[str, list[float]] = defaultdict(list)  # of cells, by family
    for job in together(chosen):
        kind = _kind(job)
        if kind not in costs:
            tell(f"estimate: {kind.model}, {kind.budget}, {kind.family}, {kind.dim_in} inputs")
            costs[kind] = _evaluation(job.cells[0])
        for one in job.cells:
            seconds[kind.family].append(_cell(job, one, costs[kind], gain(document, kind.family)))
    rows = [_row(family, found, chosen, len(names)) for family, found in seconds.items()]
    return {
        "rows": rows,
        "models": len(names),
        "planned": MODELS,
        "now": sum(row["now"] for row in rows),
        "hours": sum(row["hours"] for row in rows),
        "kinds": len(costs),
        "compiled": {family: gain(document, family)._asdict() for family in seconds},
    }


def _kind(job: Job) -> Kind:
    task = job.tasks[0]
    return Kind(job.model.name, job.budget, task.family, task.dim_in, task.order)


def _evaluation(cell: Cell) -> tuple[float, float]:
    """Seconds and bytes of one evaluation of one member, eager."""
    recipe = cell.recipe
    members = [Member(seed, 1.0) for seed in range(MOST)]
    ensemble = prepare([cell.task], cell.model, cell.budget, recipe, members)
    batch = draw(ensemble, cell.task.stages[:1], recipe, [stream("points", i) for i in range(MOST)])
    objective = Objective(ensemble, cell.task.stages[0].loss, batch, gear="eager")
    times = []
    for _ in range(CALLS + 1):
        begun = time.process_time()
        objective(batch)
        times.append(time.process_time() - begun)
    return median(times[1:]) / MOST, objective.weight


def _cell(job: Job, cell: Cell, cost: tuple[float, float], gained: Gain) -> float:
    """Processor seconds of a cell; a job's program is shared by its cells."""
    ahead = sum(work(task, job.recipe) for task in job.tasks)
    own = work(cell.task, cell.recipe) * cost[0]
    if ahead * cost[1] < COMPILED_FROM:
        return own
    return own / gained.factor + gained.seconds / len(job.cells)


def gain(document: dict[str, Any], family: str) -> Gain:
    """From eager to compiled; of a family without such rows, nothing is gained."""
    rows = [one for one in document["rows"] if one["family"] == FAMILY.get(family, family)]
    own = get_suite(cells.SUITE).recipe(family).dtype
    known = {
        (one["model"], one["gear"], one["state"]): one
        for one in rows
        if one["against"] == "loop" and one["dtype"] == own
    }
    factors, compiling = [], []
    for model in {model for model, _, _ in known}:
        cached = known.get((model, "compiled", "cached"))
        eager, cold = known.get((model, "eager", "cold")), known.get((model, "compiled", "cold"))
        if cached and eager:
            factors.append(eager["ours"] / cached["ours"])
        if cached and cold:
            compiling.append(max(cold["ours"] - cached["ours"], 0.0) * cold["tasks"])
    return Gain(mean(factors) if factors else 1.0, mean(compiling) if compiling else 0.0)


def _row(family: str, found: list[float], chosen: Sequence[Cell], models: int) -> dict[str, Any]:
    """Of one family: hours on `CORES` cores now, and when all models and tasks are there."""
    tasks = len({cell.task.name for cell in chosen if cell.task.family == family})
    planned = {"pde": PDES, "feynman": EQUATIONS}.get(family, tasks)
    now = sum(found) / CORES / 3_600
    return {
        "family": family,
        "cells": len(found),
        "tasks": tasks,
        "planned": planned,
        "seconds": mean(found),
        "now": now,
        "hours": now * MODELS / models * planned / tasks,
    }
