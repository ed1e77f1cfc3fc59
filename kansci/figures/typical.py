"""Of a cell's trained networks the one to show: that of the median error at the end."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from kansci.errors import UserError
from kansci.figures.fields import said
from kansci.measure import error
from kansci.models import Model
from kansci.record import Record
from kansci.statistics.standing import failures
from kansci.task import Task
from kansci.weights import networks

NEAR = 0.05  # of an error: other machines and threads add up in another order


class Typical(NamedTuple):
    """A trained network, the seed that it grew from, and its error at the end."""

    network: nn.Module
    member: int
    seed: int
    error: float


def median_member(record: Record) -> int | None:
    """The member of the median error after the last stage, mean over probes, of those that are
    well; of two in the middle the better one. `None` where none is.
    """
    if not record.errors:
        return None
    last = np.array(record.errors[-1], dtype=float).mean(0)  # (member,)
    well = np.flatnonzero(np.isfinite(last) & ~failures(record))
    ordered = well[np.argsort(last[well], kind="stable")]
    return int(ordered[(len(ordered) - 1) // 2]) if len(ordered) else None


def typical(record: Record, folder: Path, task: Task, model: Model) -> Typical:
    """The network of the median error, from the weights that are kept beside a Record.

    Raises:
        UserError: if there is none, or if it is not what it was: the task or the model has changed
            since, and its error is another.
    """
    what = f"{record.model} on {record.name}, {record.budget}"
    member = median_member(record)
    if member is None:
        raise UserError(f"{what}: want a seed that did not fail, got none")
    network = networks(record, folder, task=task, model=model)[member]
    was = float(np.mean([errors[member] for errors in record.errors[-1]]))
    now = final_error(task, network)
    if not abs(now - was) <= NEAR * was:
        raise UserError(
            f"{what}: want a network whose error is {was:.2e}, as recorded, got {now:.2e}: the "
            "task or the model has changed since; run it again"
        )
    return Typical(network, member, record.recipe.evaluation_seeds[member], was)


def final_error(task: Task, network: nn.Module) -> float:
    """In the task's metric on its test probes, their mean, as Records have it."""
    answers = [(said(network, probe.x), probe.y) for probe in task.judged_by("test")]
    found = [error(task.metric, own.unsqueeze(0), y, task.scale) for own, y in answers]
    return float(torch.cat(found).mean())


def spread(number: int, most: int) -> Sequence[int]:
    """At most so many places among `number`, evenly, the first and the last among them."""
    if number <= most:
        return range(number)
    return sorted({round(place * (number - 1) / (most - 1)) for place in range(most)})
