"""A run: what trains answers, what holds the truth judges.

`Judge` is the one that sees true answers: it chooses the rates, computes every error and makes the
Records, whether the training goes on in this process or in a child.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from kansci.diagnosis import diagnosis
from kansci.environment import environment
from kansci.errors import RAISED
from kansci.gears.objective import Gear
from kansci.judging import Choice, check_shapes, chosen, judge
from kansci.methods import taught
from kansci.models import Model
from kansci.recipe import Recipe
from kansci.record import Curve, Record, Status, record_key
from kansci.source import source_of
from kansci.suite import Cell
from kansci.task import Task
from kansci.together import Job
from kansci.training import Learned, rates_of, train
from kansci.way import Watch
from kansci.weights import write


def record_key_of(
    task: Task, model: Model, budget: int, recipe: Recipe, source: str = ""
) -> tuple[str, str]:
    """The key of a Record and the hash of its model's source, unless that is known."""
    source = source or source_of(model, task.dim_in, task.dim_out, budget)
    key = record_key(
        task_content=task.content,
        model=model.name,
        model_source=source,
        budget=budget,
        recipe=recipe,
    )
    return key, source


def unfinished(
    task: Task,
    model: Model,
    budget: int,
    recipe: Recipe,
    *,
    suite: str = "custom",
    device: torch.device | str = "cpu",
) -> Record:
    """What is known of a run before it starts; `crashed`, with every member, until it is over."""
    key, source = record_key_of(task, model, budget, recipe)
    probes = task.judged_by("test")
    return Record(
        key=key,
        suite=suite,
        task=task.key,
        task_content=task.content,
        cluster=task.cluster,
        family=task.family,
        metric=task.metric,
        trivial=task.trivial,
        scale=task.scale.std,
        model=model.name,
        model_source=source,
        budget=budget,
        parameters=None,
        recipe=recipe,
        status="crashed",
        members=("crashed",) * len(recipe.evaluation_seeds),
        stages=tuple(stage.name for stage in taught(task, recipe)),
        probes=tuple(probe.name for probe in probes),
        points=tuple(len(probe.y) for probe in probes),
        spreads=tuple(_spread(probe.y) for probe in probes),
        rough=model.rough(task.order),
        environment=environment(torch.device(device)),
    )


def _spread(truth: Tensor) -> float:
    return (truth - truth.mean(0)).square().mean().sqrt().item()


class Judge:
    """Holds the true answers of a job's tasks.

    Args:
        device: that trains; for the Records.
        threads: of the process that trains; for the Records.
        weights: folder of Records, beside which trained networks are kept.
    """

    def __init__(
        self,
        job: Job,
        *,
        device: torch.device | str = "cpu",
        threads: int | None = None,
        weights: Path | None = None,
    ) -> None:
        self.job, self.weights = job, weights
        self._choices: list[Choice] = []
        self._curves: list[dict[str, Curve]] = [{} for _ in job.cells]
        self._blanks = [self._blank(cell, device, threads) for cell in job.cells]

    @staticmethod
    def _blank(cell: Cell, device: torch.device | str, threads: int | None) -> Record:
        what = (cell.task, cell.model, cell.budget, cell.recipe)
        blank = unfinished(*what, suite=cell.suite, device=device)
        if threads is None:
            return blank
        here = blank.environment.model_copy(update={"threads": threads})
        return blank.updated(environment=here)

    def refused(self) -> list[Record] | None:
        """The Records of a job that is not to be trained at all, or `None`."""
        order, model = self.job.tasks[0].order, self.job.model
        if model.applies(order):
            return None
        reason = f"takes {_ordinal(order)} derivatives, the model has {model.derivatives}"
        return self.failed("not_applicable", reason)

    def keep(self, place: int, curve: Curve) -> None:
        """A curve as far as it goes: what is left if the training does not come to its end.

        Raises:
            ValueError: for a task or a stage that the job does not have, or too many losses.
        """
        stages = self._blanks[place].stages if place < len(self._blanks) else ()
        seeds = len(self.job.recipe.evaluation_seeds)
        if curve.stage not in stages or any(len(row) != seeds for row in curve.losses):
            raise ValueError(f"want a curve of {seeds} losses of {stages}, got {curve.stage!r}")
        self._curves[place][curve.stage] = curve

    def choose(self, tuned: Sequence[Learned]) -> list[float]:
        """The rate for each task; see `chosen`."""
        recipe = self.job.recipe
        pairs = zip(self.job.tasks, tuned, strict=True)
        rates = rates_of(self.job.model, recipe)
        self._choices = [chosen(task, recipe, learned, rates) for task, learned in pairs]
        return [choice.rate for choice in self._choices]

    def judged(self, learned: Sequence[Learned]) -> list[Record]:
        """The Records of a training that came to its end.

        Raises:
            ValueError: if rates were not chosen before.
        """
        return [
            blank.updated(
                **judge(cell.task, one),
                **choice.fields,
                parameters=one.parameters,
                adapted=one.adapted,
                curves=one.curves,
                lifted=one.lifted,
                gear=one.gear,
                weights=write(one.state, blank, self.weights) if self.weights else "",
            )
            for cell, blank, choice, one in zip(
                self.job.cells, self._blanks, self._choices, learned, strict=True
            )
        ]

    def failed(self, status: Status, reason: str) -> list[Record]:
        """The Records of a training that did not; what is known of it is kept."""
        unfit = status in ("does_not_fit", "not_applicable")
        every = () if unfit else (status,) * len(self.job.recipe.evaluation_seeds)
        known = [choice.fields for choice in self._choices] or [{}] * len(self._blanks)
        return [
            blank.updated(
                status=status, reason=reason, members=every, curves=tuple(curves.values()), **fields
            )
            for blank, fields, curves in zip(self._blanks, known, self._curves, strict=True)
        ]


def run(
    task: Task,
    model: Model,
    budget: int,
    recipe: Recipe,
    *,
    suite: str = "custom",
    device: torch.device | str = "cpu",
    gear: Gear | None = None,
    watch: Watch | None = None,
) -> Record:
    """One Record, trained in this process; see `run_job`."""
    job = Job((Cell(task, model, budget, recipe, suite),))
    return run_job(job, device=device, gear=gear, watch=watch)[0]


def run_job(
    job: Job,
    *,
    device: torch.device | str = "cpu",
    gear: Gear | None = None,
    watch: Watch | None = None,
    weights: Path | None = None,
) -> list[Record]:
    """A Record for each cell, whatever happens to the model: failures are rows with a reason.

    In this process: what kills it, or hangs, is nobody's to answer.
    """
    judging = Judge(job, device=device, weights=weights)
    if (refused := judging.refused()) is not None:
        return refused
    heard = _Kept(judging, watch or Watch())
    what = (job.tasks, job.model, job.budget, job.recipe)
    try:
        keep = weights is not None
        learned = train(*what, judging.choose, device=device, gear=gear, watch=heard, keep=keep)
        check_shapes(job, "test", learned)
    except RAISED as problem:  # a model must not end the suite
        return judging.failed(*diagnosis(problem))
    return judging.judged(learned)


class _Kept(Watch):
    """Passes on what it hears, and keeps the curves."""

    def __init__(self, judging: Judge, watch: Watch) -> None:
        self._judging, self._watch = judging, watch

    def steps(self, count: int) -> None:
        self._watch.steps(count)

    def curve(self, place: int, curve: Curve) -> None:
        self._judging.keep(place, curve)
        self._watch.curve(place, curve)

    def note(self, text: str) -> None:
        self._watch.note(text)


def _ordinal(number: int) -> str:
    return {1: "first", 2: "second", 3: "third"}.get(number, f"{number}th")
