"""From predictions to rates and errors: what true answers are needed for.

Also which predictions are asked for, and whether they are what was asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from kansci.measure import error
from kansci.methods import taught
from kansci.preparing import WrongShape
from kansci.recipe import Recipe
from kansci.record import Trial
from kansci.statistics.stats import decades
from kansci.task import Split, Task
from kansci.together import Job
from kansci.training import Learned, is_asked_before, rates_of

Shape = tuple[int, ...]


class Choice(NamedTuple):
    """What came of a tuning."""

    rate: float
    tuning: tuple[Trial, ...]
    tuned_by: str

    @property
    def fields(self) -> dict[str, object]:
        """As a Record has them."""
        return self._asdict()


def chosen(task: Task, recipe: Recipe, learned: Learned, rates: Sequence[float] = ()) -> Choice:
    """The rate whose trainings end best, without the answer.

    Judged on the validation probes of the task, or of its tuning task; a task without them, such
    as a PDE, by its own loss on fresh points.

    Args:
        rates: that were tried; by default the recipe's.
    """
    rates = rates or recipe.rates
    tuner = task.tuning or task
    probes = tuner.judged_by("validation")
    if probes:
        answers = zip(probes, learned.predictions[-1], strict=True)
        errors = np.stack([_errors(tuner, p.y, answer) for p, answer in answers])  # (probe, member)
        # Decades as boards count them; a thousandth of the error's own decides ties, as at 0.
        close = np.clip(np.log10(np.nan_to_num(errors, nan=np.inf).clip(1e-300)), -6, 6).mean(0)
        scores = -decades(errors, tuner.trivial).mean(0) + 1e-3 * close
        tuned_by = f"decades on the validation probes of {tuner.key}, negative"
    else:
        scores = learned.own.double().cpu().nan_to_num(torch.inf).numpy()
        tuned_by = "the task's own loss on fresh points"
    members = [(rate, seed) for rate in rates for seed in recipe.tuning_seeds]
    trials = tuple(
        Trial(rate=rate, seed=seed, score=score)
        for (rate, seed), score in zip(members, scores, strict=True)
    )
    by_rate = np.asarray(scores).reshape(len(rates), -1).mean(1)
    return Choice(rates[int(by_rate.argmin())], trials, tuned_by)


def shapes(job: Job, split: Split) -> list[list[list[Shape]]]:
    """Of the predictions of a tuning (`validation`) or of a training: `[task][stage][probe]`.

    For each task, a first row is of the networks before the first of several stages, if they are
    to be scored, and a last one of what is asked beside its probes.
    """
    asked = [
        (task.tuning or task if split == "validation" else task, members_of(job, split))
        for task in job.tasks
    ]
    return [
        [
            _asked(task, split, members) if is_asked_before(task, split) else [],
            *(_asked(task, split, members) for _ in taught(task, job.recipe)),
            [(members, *one.shape(task)) for one in task.beside if split == "test"],
        ]
        for task, members in asked
    ]


def _asked(task: Task, split: Split, members: int) -> list[Shape]:
    return [(members, len(probe.x), task.dim_out) for probe in task.judged_by(split)]


def members_of(job: Job, split: Split) -> int:
    """Members that one task has in a tuning (`validation`) or in a training."""
    if split == "validation":
        return len(rates_of(job.model, job.recipe)) * len(job.recipe.tuning_seeds)
    return len(job.recipe.evaluation_seeds)


def check_shapes(job: Job, split: Split, learned: Sequence[Learned]) -> None:
    """Raises a WrongShape unless all predictions are as they were asked for."""
    for wanted, one in zip(shapes(job, split), learned, strict=True):
        for row, answers in zip(wanted, (one.untrained, *one.predictions, one.beside), strict=True):
            for shape, answer in zip(row, answers, strict=True):
                if answer.shape != shape:
                    raise WrongShape(f"want predictions {shape}, got {tuple(answer.shape)}")


def judge(task: Task, learned: Learned) -> dict[str, object]:
    """Errors of all members on the test probes after each stage, and what became of each."""
    probes = task.judged_by("test")

    def judged(row: Sequence[Tensor]) -> list[np.ndarray]:
        return [_errors(task, probe.y, answer) for probe, answer in zip(probes, row, strict=True)]

    errors = np.array([judged(row) for row in learned.predictions])  # (stage, probe, member)
    untrained = judged(learned.untrained) if learned.untrained else []  # [probe], (member,)
    members = tuple(
        "diverged" if not finite else "ok" if np.isfinite(column).all() else "invalid_output"
        for finite, column in zip(
            learned.finite.tolist(), errors.reshape(-1, errors.shape[-1]).T, strict=True
        )
    )
    failed = [status for status in members if status != "ok"]
    return {
        "status": "ok" if "ok" in members else failed[0],
        "members": members,
        "errors": errors.tolist(),
        "untrained": [row.tolist() for row in untrained],
        "reason": _REASONS[failed[0]] if failed else "",
        **_beside(task, learned),
    }


def _beside(task: Task, learned: Learned) -> dict[str, object]:
    """Errors that stand beside the others, and the coefficients that were found."""
    errors: dict[str, list[float]] = {}
    found: dict[str, list[float]] = {}
    for one, answer in zip(task.beside, learned.beside, strict=True):
        for measure in one.measures:
            answers, truth = (measure.columns(values) for values in (answer, one.y))
            errors[measure.name] = error(measure.metric, answers, truth, task.scale).tolist()
        if one.asks == "coefficients":
            names = [coefficient.name for coefficient in task.coefficients]
            found = dict(zip(names, answer[:, 0].T.tolist(), strict=True))
    return {"beside": errors, "coefficients": found}


_REASONS = {
    "diverged": "the training loss is not finite",
    "invalid_output": "predictions are not finite",
}


def _errors(task: Task, truth: Tensor, answer: Tensor) -> np.ndarray:
    return error(task.metric, answer, truth, task.scale).numpy()
