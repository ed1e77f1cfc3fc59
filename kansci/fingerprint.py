"""The content hash of a task: what it is, not how its file is worded.

It decides the key of a Record, so that a run of a task that has changed is done anew.
"""

from __future__ import annotations

import math
from hashlib import sha256
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from kansci.sampling import stream, uniform

if TYPE_CHECKING:
    from kansci.task import Predict, Task


def fingerprint(task: Task) -> str:
    """SHA-256 of the definition, of golden samples and of the losses on them.

    Numbers are rounded to a millionth of the largest beside them first: last bits differ between
    machines, and of a sine at a multiple of pi nothing else is left. The losses are taken of a
    fixed smooth function, so that a changed weight or sign shows.
    """
    digest = sha256()

    def add(*parts: object) -> None:
        for part in parts:
            digest.update(_rounded(part) if isinstance(part, Tensor) else repr(part).encode())
            digest.update(b"\0")

    add(task.name, task.version, task.family, task.domain, task.dim_out, task.metric, task.order)
    add(torch.tensor((task.scale.mean, task.scale.std), dtype=torch.double))
    golden = _golden(task)
    for stage in task.stages:
        batch = stage.sample(stream("golden"), min(stage.points, 100))
        add(stage.name, stage.points, *batch, stage.loss(golden, *batch).detach())
    for probe in task.probes:
        rows = slice(None, None, _apart(task, len(probe.x)))
        add(probe.name, probe.split, len(probe.x), probe.x, probe.y[rows])
    for coefficient in task.coefficients:
        add(*coefficient)
    if task.ansatz is not None:
        x = uniform(stream("golden"), 100, task.domain)
        add(task.ansatz(x, golden(x)))
    if task.tuning is not None:
        add(fingerprint(task.tuning))
    return digest.hexdigest()


def _apart(task: Task, points: int) -> int:
    """Of how many points one is looked at: where the truth is a reference, a hundred in all.

    The last digits of a reference differ between machines by more than rounding does, and of
    thousands of numbers one might be rounded the other way.
    """
    reference = task.statement is not None and task.statement.truth is None
    return max(points // 100, 1) if reference else 1


def _golden(task: Task) -> Predict:
    """A fixed function with derivatives of every order that are different from each other."""

    def predict(x: Tensor) -> Tensor:
        phase = (x * torch.arange(1, task.dim_in + 1, dtype=x.dtype)).sum(-1, keepdim=True)
        return torch.sin(phase * torch.arange(1, task.dim_out + 1, dtype=x.dtype) / 3 + 0.5)

    return predict


def _rounded(x: Tensor, digits: int = 6) -> bytes:
    x = x.double().flatten().nan_to_num(math.pi, math.pi, -math.pi)
    largest = x.abs().max().item() if len(x) else 0.0
    # A hair more, so that 1 and the number before it have the same exponent.
    exponent = math.floor(math.log10(largest * (1 + 1e-9))) if largest > 0 else 0
    mantissa = torch.round(x * 10.0 ** (digits - exponent)) + 0.0  # no negative zero
    return mantissa.numpy().tobytes() + repr(exponent).encode()
