"""What a control is fitted to: one stage of one task, as one member has it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Generator, Tensor

from kansci.errors import NotApplicable
from kansci.losses import REGRESSION
from kansci.models import Units
from kansci.task import Batch, Loss


class Problem(NamedTuple):
    """A loss and the batch it is computed on, float64, and what the method may choose by.

    Attributes:
        setting: of the method, tried as learning rates are.
        generator: the member's own, for what is drawn.
    """

    loss: Loss
    batch: Batch
    setting: float
    generator: Generator

    def points_and_targets(self, network: Units) -> tuple[Tensor, Tensor]:
        """Of a regression, as the inner network sees them: in [-1, 1], and standardised.

        Raises:
            NotApplicable: for any other loss.
        """
        if self.loss is not REGRESSION:
            raise NotApplicable("is fitted to given values, and the task gives none")
        x, y, _ = self.batch
        points = (x - network.centre) / network.half_width
        return points, (y - network.mean) / network.std


Fit = Callable[[Units, Problem], None]
"""Finds the numbers of a network and puts them in; whatever it draws comes from the generator."""


def number(generator: Generator) -> int:
    """A seed for libraries that want one."""
    return int(torch.randint(2**31 - 1, (), generator=generator))
