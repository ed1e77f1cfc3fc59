"""A task that is examined: what it gives to train on, and the functions it is asked about."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

import torch
from torch import Tensor

from kansci.sampling import stream
from kansci.task import Batch, Predict, Task

MEMBERS = (0, 1, 2)  # seeds whose training points are looked at


class Question:
    """One task, and batches of it as members get them."""

    def __init__(self, task: Task) -> None:
        self.task = task

    @cached_property
    def batches(self) -> list[list[Batch]]:
        """`[member][stage]`, as many points as the task says."""
        return [
            [stage.sample(generator, stage.points) for stage in self.task.stages]
            for generator in (stream("points", seed) for seed in MEMBERS)
        ]

    @property
    def points(self) -> Tensor:
        """All inputs that the members train on: tables with a column for each, `(point, in)`."""
        tables = [
            one
            for stages in self.batches
            for batch in stages
            for one in batch
            if one.dim() == 2 and one.shape[1] == self.task.dim_in
        ]
        first = [batch[0] for stages in self.batches for batch in stages]
        return torch.cat(first if self.task.order == 0 else tables)

    def smooth(self, bend: float = 1.0) -> Predict:
        """A function with derivatives of every order, `(point, in)` to `(point, out)`."""
        outputs = torch.arange(1, self.task.dim_out + 1, dtype=torch.double)

        def predict(x: Tensor) -> Tensor:
            inputs = torch.arange(1, x.shape[-1] + 1, dtype=x.dtype)
            return torch.cos(bend * (self.unit(x) * inputs).sum(-1, keepdim=True) + outputs)

        return predict

    def breaking_after(self, order: int) -> Predict:
        """A function whose derivatives are finite up to an order, and infinite beyond it."""
        smooth = self.smooth()

        def predict(x: Tensor) -> Tensor:
            away = (self.unit(x) - self.unit(x).detach()).sum(-1, keepdim=True)
            return smooth(x) + away ** (order + 0.5)

        return predict

    def unit(self, x: Tensor) -> Tensor:
        """The domain as [-1, 1]."""
        low, high = torch.tensor(self.task.domain, dtype=torch.double).T
        return (2 * x - low - high) / (high - low)

    def losses(self, predict: Predict) -> Callable[[], list[Tensor]]:
        """Of the first member's stages, when asked."""
        pairs = list(zip(self.task.stages, self.batches[0], strict=True))
        return lambda: [stage.loss(predict, *batch) for stage, batch in pairs]
