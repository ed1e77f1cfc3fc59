"""How the cost of one evaluation grows, and the memory that the largest cell takes."""

from __future__ import annotations

import time
from collections.abc import Sequence
from statistics import median
from typing import Any

import cells
import numpy as np

from kansci.discover import get_model, get_task
from kansci.engines.engine import isolated
from kansci.gears.objective import Objective
from kansci.lifting.ensemble import Member
from kansci.preparing import draw, prepare
from kansci.recipe import Recipe
from kansci.record import Gear
from kansci.sampling import stream
from kansci.suite import MEMORY, Cell, get_suite
from kansci.task import Task
from kansci.together import Job

MEMBERS = (1, 4, 16, 64, 256)
POINTS = (256, 512, 1_024, 2_048, 4_096)
TASKS = (1, 2, 4, 8)
ROUNDS = 5  # each size in turn, so that a machine whose speed drifts slows all alike
LARGEST = 16_000  # numbers of a network


def growth(gears: Sequence[Gear], *, most: int = MEMBERS[-1]) -> list[dict[str, Any]]:
    """Milliseconds of an evaluation against members, points and tasks, and the exponents."""
    recipe = get_suite(cells.SUITE).recipe("pde")
    poisson = get_task("poisson")
    plane = cells.cases("regression", ("float32",))[0]
    members = [one for one in MEMBERS if one <= most]
    found = []
    for gear in gears:
        by_members = [_evaluation((poisson,), recipe, one, gear) for one in members]
        found.append(_grown("members", gear, members, by_members))
        points = [one for one in POINTS if gear == "eager" or one == 1_024]  # each is a program
        if len(points) > 1:
            other = [recipe.model_copy(update={"points": one}) for one in points]
            by_points = [_evaluation((poisson,), one, 4, gear) for one in other]
            found.append(_grown("points", gear, points, by_points))
        tasks = [one for one in TASKS if one <= len(plane.tasks)]
        by_tasks = [_evaluation(plane.tasks[:one], plane.recipe, 13, gear) for one in tasks]
        found.append(_grown("tasks", gear, tasks, by_tasks))
    return found


def _evaluation(tasks: Sequence[Task], recipe: Recipe, members: int, gear: Gear) -> Any:
    """A call that evaluates so many members of each task once."""
    every = [Member(seed, 1.0, place) for place in range(len(tasks)) for seed in range(members)]
    ensemble = prepare(tasks, get_model("kan"), cells.BUDGET, recipe, every)
    stages = [task.stages[0] for task in tasks]
    batch = draw(ensemble, stages, recipe, [stream("points", one.seed) for one in every])
    return Objective(ensemble, stages[0].loss, batch, gear=gear).at(batch)


def _grown(along: str, gear: Gear, sizes: Sequence[int], calls: Sequence[Any]) -> dict[str, Any]:
    times: list[list[float]] = [[] for _ in sizes]
    for _ in range(ROUNDS):
        for call, row in zip(calls, times, strict=True):
            repeats = max(1, 8 // len(sizes))
            begun = time.process_time()
            for _ in range(repeats):
                call()
            row.append(1e3 * (time.process_time() - begun) / repeats)
    milliseconds = [median(row[1:]) for row in times]  # the first round warms up
    return {
        "along": along,
        "gear": gear,
        "sizes": list(sizes),
        "milliseconds": milliseconds,
        "exponent": exponent(sizes, milliseconds),
    }


def exponent(sizes: Sequence[int], costs: Sequence[float]) -> float:
    """`b` of the power law `a * size**b` that lies closest, on log scales."""
    if len(sizes) < 2:
        return float("nan")
    return float(np.polyfit(np.log(sizes), np.log(costs), 1)[0])


def memory(gears: Sequence[Gear], *, parameters: int = LARGEST) -> list[dict[str, Any]]:
    """Peak resident MB of a worker that trains a large KAN on 1 024 points of a PDE.

    Of every optimizer a few evaluations; memory does not grow with more of them.
    """
    recipe = cells.shared(get_suite(cells.SUITE).recipe("pde"), 0.0)
    cell = Cell(get_task("poisson"), get_model("kan"), parameters, recipe, cells.SUITE)
    found = []
    for gear in gears:
        (record,) = isolated(Job((cell,)), gear=gear, memory=MEMORY)
        found.append(
            {
                "gear": gear,
                "parameters": record.parameters,
                "megabytes": record.memory,
                "limit": MEMORY,
                "status": record.status,
            }
        )
    return found
