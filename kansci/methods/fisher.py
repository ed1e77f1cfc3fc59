r"""How much each weight matters for what was learned: the diagonal of the Fisher information.

For a loss that is a mean of squares, the targets count as normal with unit variance around the
outputs, in the units of the residuals: the diagonal is the mean over points of $\sum_k (\partial
r_k/\partial\theta)^2$, whatever the residuals are. For any other loss it is the mean over points
of the squared gradient of the loss at one point, with its true answer: of cross entropy, the
empirical Fisher information.

Source: Kunstner et al. 2019, "Limitations of the empirical Fisher approximation", arXiv:1905.12558,
section 2: for squares, the empirical one vanishes where the fit is good.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from kansci.lifting.ensemble import Ensemble
from kansci.losses import MeanSquares, residuals
from kansci.methods.method import is_points
from kansci.task import Batch, Loss, Predict

AT_ONCE = 50  # points


def diagonal(ensemble: Ensemble, loss: Loss, batch: Batch) -> Tensor:
    """Of all members at their weights as they stand, `(member, n)`.

    Args:
        batch: `(member, ...)`, as the loss takes it.
    """
    points = batch[0].shape[1]
    total = torch.zeros_like(ensemble.flat)
    width = AT_ONCE if ensemble.lifted else 1  # what is looped has one network a member
    for start in range(0, points, width):
        rows = slice(start, min(start + width, points))
        count = rows.stop - start
        # A point of a member stands where a member does, so that gradients are of one point each.
        each = [_each(one, count) for one in (ensemble.flat, *ensemble.fixed.values())]
        asked = [
            one[:, rows].flatten(0, 1).unsqueeze(1) if is_points(one) else _each(one, count)
            for one in batch
        ]
        for gradient in _slopes(ensemble, loss, each, asked):
            total += gradient.square().unflatten(0, (-1, count)).sum(1)
    return total / points


def _each(one: Tensor, count: int) -> Tensor:
    """A copy for each of so many points, `(member * point, ...)`."""
    return one.repeat_interleave(count, 0)


def _slopes(
    ensemble: Ensemble, loss: Loss, given: Sequence[Tensor], points: Sequence[Tensor]
) -> Iterator[Tensor]:
    """Gradients `(row, n)` at one point a row: of its loss, or of each of its residuals."""
    if not isinstance(loss, MeanSquares):
        yield ensemble.gradients(loss)(*given, *points)[0]
        return
    of_one = _Residual(loss)
    few = tuple(one[: len(ensemble.members)] for one in points)
    for which in torch.eye(of_one.count(ensemble, few)).to(points[0]):
        picked = which.expand(len(points[0]), -1)
        yield ensemble.gradients(of_one)(*given, *points, picked)[0]


class _Residual:
    """One residual of one point, that which the last tensor of the batch picks."""

    def __init__(self, loss: MeanSquares) -> None:
        self._loss = loss

    def __call__(self, predict: Predict, *batch: Tensor) -> Tensor:
        *point, picked = batch
        return self._all(predict, *point) @ picked

    def count(self, ensemble: Ensemble, point: Batch) -> int:
        return ensemble.losses(self._all, point).shape[1]

    def _all(self, predict: Predict, *point: Tensor) -> Tensor:
        return torch.cat(
            [
                part.weight**0.5 * residuals(part, predict, point).flatten()
                for part in self._loss.parts
            ]
        )
