"""A cell of the suite, trained by ours and by the loop in turns, from tuning to predictions.

The loop's cost is a sum over members: some are trained, and the rest would cost as much.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import median
from typing import NamedTuple

import loop
import numpy as np
import torch
from rows import Row
from torch import nn
from turns import Outcome, Side, in_turns

from kansci.discover import get_model, get_task
from kansci.judging import chosen
from kansci.measure import error
from kansci.models import Model
from kansci.recipe import Recipe
from kansci.record import Gear
from kansci.suite import cells, get_suite
from kansci.task import Task
from kansci.together import together
from kansci.training import Learned, train
from kansci.way import Watch

BUDGET = 250
SUITE = "standard"
FEWEST = 10  # evaluations of an optimizer, however small a share is


class Case(NamedTuple):
    """Cells that one process trains at once.

    Attributes:
        trained: members of the loop that are trained with the rate that was chosen.
    """

    family: str
    tasks: tuple[Task, ...]
    model: Model
    recipe: Recipe
    trained: int

    @property
    def members(self) -> int:
        """Trainings of one cell."""
        recipe = self.recipe
        return len(recipe.rates) * len(recipe.tuning_seeds) + len(recipe.evaluation_seeds)

    @property
    def name(self) -> str:
        return f"{self.family}, {self.model.name}, {self.recipe.dtype}"


def cases(family: str, dtypes: Sequence[str]) -> list[Case]:
    """One cell of a family for each model and dtype; the equations of two variables together."""
    model_names = ("kan",) if family == "continual" else ("kan", "mlp-silu")
    kept = ("float32",) if family == "continual" else ("float64", "float32")
    trained = {"pde": 2, "regression": 4, "continual": 3}[family]
    recipe = get_suite(SUITE).recipe("feynman" if family == "regression" else family)
    return [
        Case(family, _tasks(family), get_model(name), _in(recipe, dtype), trained)
        for name in model_names
        for dtype in kept
        if dtype in dtypes
    ]


def _in(recipe: Recipe, dtype: str) -> Recipe:
    return Recipe.model_validate(recipe.model_dump() | {"dtype": dtype})


def _tasks(family: str) -> tuple[Task, ...]:
    if family == "pde":
        return (get_task("poisson"),)
    if family == "continual":
        return (get_task("bumps_2d"),)
    plane = [
        cell
        for cell in cells(get_suite(SUITE), models=[get_model("kan")], parameters=[BUDGET])
        if cell.task.family == "feynman" and cell.task.dim_in == 2
    ]
    return max(together(plane), key=lambda job: len(job.cells)).tasks


def shared(recipe: Recipe, share: float) -> Recipe:
    """The same with a share of the evaluations."""
    parts = tuple(
        part.model_copy(update={"evaluations": max(FEWEST, round(share * part.evaluations))})
        for part in recipe.optimizers
    )
    return recipe.model_copy(update={"optimizers": parts})


def measure(case: Case, gear: Gear, state: str, share: float) -> Row:
    """The ratio of one case; what is trained is a share of its evaluations."""
    recipe = shared(case.recipe, share)
    part = recipe.evaluations / case.recipe.evaluations
    given = case._replace(recipe=recipe)
    rates: list[float] = []
    errors: list[float] = []

    def ours(side: Side) -> list[Learned]:
        watch = _Steps(side, recipe.evaluations, len(case.tasks))

        def choose(tuned: list[Learned]) -> list[float]:
            pairs = zip(case.tasks, tuned, strict=True)
            rates.extend(chosen(task, recipe, one).rate for task, one in pairs)
            watch.members = len(case.tasks) * len(recipe.evaluation_seeds)
            return rates

        watch.members = len(case.tasks) * (case.members - len(recipe.evaluation_seeds))
        return train(case.tasks, case.model, BUDGET, recipe, choose, gear=gear, watch=watch)

    sides, learned, _ = in_turns(ours, lambda side: errors.extend(_loop(given, side, rates)))
    spent = sides.ours.setup.plus(sides.ours.steps.times(1 / part))
    count = case.members * len(case.tasks)
    alone = sides.theirs.setup.plus(sides.theirs.steps.times(1 / part))
    other = alone.times(count / (case.trained + 1))
    low, high = spread(sides)
    pairs = zip(_own_errors(given, learned), errors, strict=True)
    return Row(
        family=case.family,
        model=case.model.name,
        dtype=recipe.dtype,
        gear=learned[0].gear,
        state=state,
        against="loop",
        ratio=other.cpu / spent.cpu,
        low=low,
        high=high,
        wall=other.wall / spent.wall,
        error=median(a / b for a, b in pairs) if share == 1 else None,
        ours=spent.cpu / len(case.tasks),
        theirs=other.cpu / len(case.tasks),
        tasks=len(case.tasks),
        measured=f"{_words(part)}; {case.trained + 1} of the loop's {count} members",
    )


def _words(part: float) -> str:
    return "all evaluations" if part == 1 else f"{100 * part:.2g} % of the evaluations"


def spread(sides: Outcome) -> tuple[float, float]:
    """Of the ratios of neighbouring turns, the 2.5 and 97.5 %."""
    count = min(len(sides.ours.turns), len(sides.theirs.turns))
    if not count:
        return float("nan"), float("nan")
    ratios = np.array(sides.theirs.turns[:count]) / np.array(sides.ours.turns[:count])
    low, high = np.quantile(ratios, [0.025, 0.975])
    return float(low), float(high)


class _Steps(Watch):
    """Counts evaluations of members."""

    def __init__(self, side: Side, evaluations: int, tasks: int) -> None:
        self._side, self._evaluations = side, evaluations
        self._done = 0
        self.members = tasks

    def steps(self, count: int) -> None:
        first = self._done % self._evaluations == 0
        self._done += count
        self._side.step(units=self.members, first=first)


def _members(case: Case) -> list[tuple[int, int]]:
    """Place and seed of the members that the loop trains with the chosen rate."""
    seeds = case.recipe.evaluation_seeds
    places = len(case.tasks)
    return [(i % places, i // places % len(seeds)) for i in range(case.trained)]


def _loop(case: Case, side: Side, rates: Sequence[float]) -> Iterator[float]:
    """Trains one member as a tuning does, and some with the chosen rate; errors of those."""
    recipe = case.recipe

    def step(first: bool) -> None:
        side.step(first=first)

    def trained(task: Task, seed: int, rate: float) -> nn.Module:
        network = loop.started(task, case.model, BUDGET, recipe, seed)
        loop.train(network, task, recipe, seed, rate, step)
        return network

    first = case.tasks[0]
    trained(first.tuning or first, recipe.tuning_seeds[0], recipe.rates[1])
    side.wait_for(lambda: bool(rates))
    for place, index in _members(case):
        task = case.tasks[place]
        network = trained(task, recipe.evaluation_seeds[index], rates[place])
        yield side.outside(lambda task=task, network=network: _error(task, network, recipe))


def _error(task: Task, network: nn.Module, recipe: Recipe) -> float:
    """The mean over the test probes."""
    found = []
    for probe in task.judged_by("test"):
        answer = network(probe.x.to(getattr(torch, recipe.dtype))).detach()
        found.append(error(task.metric, answer.unsqueeze(0), probe.y, task.scale).item())
    return float(np.mean(found))


def _own_errors(case: Case, learned: Sequence[Learned]) -> list[float]:
    """Of the same members, ours."""
    rows = []
    for place, index in _members(case):
        task = case.tasks[place]
        pairs = zip(task.judged_by("test"), learned[place].predictions[-1], strict=True)
        found = [error(task.metric, answer, p.y, task.scale)[index].item() for p, answer in pairs]
        rows.append(float(np.mean(found)))
    return rows
