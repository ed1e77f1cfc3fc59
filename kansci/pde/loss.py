r"""The loss of a problem: residuals of its equations, its conditions, and data.

$$w_r \sum_e \mathrm{mean}(r_e^2) + \frac{w_b}{B} \sum_{b=1}^B \mathrm{mean}(c_b^2)
  + \frac{w_i}{I} \sum_{i=1}^I \mathrm{mean}(c_i^2) + w_d\,\mathrm{mean}(d^2)$$

for $B$ conditions on edges, $I$ at the start, and misses $d$ of the data.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from kansci.losses import MeanSquares, Part
from kansci.residuals import Residual, residuals
from kansci.task import Predict


class Weights(NamedTuple):
    """Of squares: of the residuals, of conditions on edges and at the start, and of data."""

    residual: float = 1.0
    boundary: float = 1.0
    initial: float = 1.0
    data: float = 1.0


class Formulas(NamedTuple):
    """Residuals that are asked on one table of points.

    Attributes:
        place: of the table in a batch.
        weights: one for each residual.
        shift: an axis and how far away along it the same is asked and taken away; `None`: nowhere.
    """

    place: int
    residuals: tuple[Residual, ...]
    weights: tuple[float, ...]
    shift: tuple[int, float] | None = None

    @property
    def plain(self) -> bool:
        """Whether values of the unknowns are all that is asked."""
        return all(one.order == 0 and not one.coefficients for one in self.residuals)

    def tables(self, x: Tensor) -> list[Tensor]:
        """All points at which the network is asked."""
        if self.shift is None:
            return [x]
        axis, way = self.shift  # no tensor of it: the compiled gear takes no constants
        moved = [z + way if i == axis else z for i, z in enumerate(x.unbind(-1))]
        return [x, torch.stack(moved, -1)]

    def misses(self, answers: Sequence[Predict], x: Tensor) -> list[Tensor]:
        """Of each residual, `(point,)`; `answers` holds what is asked in each of the tables."""
        pairs = zip(answers, self.tables(x), strict=True)
        here, *there = (residuals(self.residuals, *pair) for pair in pairs)
        return [a - b for a, b in zip(here, there[0], strict=True)] if there else here

    def parts(self) -> list[Part]:
        return [
            Part(self._alone(residual), (self.place,), weight)
            for residual, weight in zip(self.residuals, self.weights, strict=True)
        ]

    def _alone(self, residual: Residual):
        alone = self._replace(residuals=(residual,))
        return lambda predict, x: alone.misses([predict] * len(self.tables(x[:1])), x)[0]


class Observed(NamedTuple):
    """Values of some unknowns at points, which are the batch's last two tables."""

    columns: tuple[int, ...]
    weight: float

    def misses(self, predict: Predict, x: Tensor, y: Tensor) -> Tensor:
        u = predict(x)
        return torch.stack([u[..., column] for column in self.columns], -1) - y


class ResidualLoss(MeanSquares):
    """For batches of the points inside, those of each place with conditions, and data.

    What takes no derivative is asked in one call of the network, which a sum over `parts` would
    not do; the value is the same.

    Args:
        inside: the equations; their table is the first.
        outer: the conditions.
    """

    def __init__(
        self, inside: Formulas, outer: Sequence[Formulas], observed: Observed | None = None
    ) -> None:
        self._inside, self._outer, self._observed = inside, tuple(outer), observed
        parts = [part for one in (inside, *outer) for part in one.parts()]
        if observed is not None:
            last = 1 + max((one.place for one in outer), default=0)
            parts.append(Part(observed.misses, (last, last + 1), observed.weight))
        super().__init__(*parts)

    def __call__(self, predict: Predict, *batch: Tensor) -> Tensor:
        total = batch[0].new_zeros(())
        observed = [] if self._observed is None else [batch[-2]]
        plain = [one for one in self._outer if one.plain]
        tables = [table for one in plain for table in one.tables(batch[one.place])] + observed
        values = iter(_split(predict, tables))
        for one in (self._inside, *self._outer):
            x = batch[one.place]
            known = [_already(next(values)) for _ in one.tables(x)] if one in plain else None
            answers = known or [predict] * len(one.tables(x))
            for miss, weight in zip(one.misses(answers, x), one.weights, strict=True):
                total = total + weight * miss.square().mean()
        if self._observed is not None:
            miss = self._observed.misses(_already(next(values)), *batch[-2:])
            total = total + self._observed.weight * miss.square().mean()
        return total


def _split(predict: Predict, tables: Sequence[Tensor]) -> Sequence[Tensor]:
    """Values at several tables of points, in one call."""
    if not tables:
        return ()
    return predict(torch.cat(list(tables))).split([table.shape[0] for table in tables])


def _already(value: Tensor) -> Predict:
    return lambda x: value
