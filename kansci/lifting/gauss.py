r"""The normal equations of a sum of squares, for Gauss-Newton steps as Levenberg-Marquardt's.

With the weighted residuals $r$ of a loss, so that the loss is $|r|^2$, and their Jacobian $J$ with
respect to the weights, they are $J^T J$ and $J^T r$; point by point, so that $J$ is never held
whole.

Source: Nocedal and Wright 2006, "Numerical Optimization", section 10.3.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import sqrt

import torch
from torch import Tensor
from torch.func import jacrev, vmap

from kansci.losses import MeanSquares
from kansci.task import Batch, Predict

ROWS = 256  # points of which the Jacobian is held at once


def normal(
    loss: MeanSquares, network: Callable[[Tensor], Predict], weights: Tensor, batch: Batch
) -> tuple[Tensor, Tensor, Tensor]:
    """$J^T J$ `(n, n)`, $J^T r$ `(n,)` and the loss of one network.

    Args:
        network: from weights `(n,)` to a function of points.
    """
    gram = weights.new_zeros(len(weights), len(weights))
    gradient, total = torch.zeros_like(weights), weights.new_zeros(())
    for jacobian, residual in linearised(loss, network, weights, batch):
        gram = gram + jacobian.mT @ jacobian
        gradient = gradient + residual @ jacobian
        total = total + residual.square().sum()
    return gram, gradient, total


def linearised(
    loss: MeanSquares, network: Callable[[Tensor], Predict], weights: Tensor, batch: Batch
) -> Iterator[tuple[Tensor, Tensor]]:
    """Rows of $J$ `(row, n)` and of $r$ `(row,)`, weighted, some points at a time."""
    for part in loss.parts:
        given = [batch[i] for i in part.given]

        def of_a_point(weights: Tensor, *rows: Tensor, part=part, given=given) -> Tensor:
            alone = (row.unsqueeze(0) for row in rows)
            return part.residual(network(weights), *alone, *given).flatten()

        def with_itself(weights: Tensor, *rows: Tensor, f=of_a_point) -> tuple[Tensor, Tensor]:
            found = f(weights, *rows)
            return found, found

        slopes = jacrev(with_itself, has_aux=True)
        each = vmap(slopes, in_dims=(None, *(0 for _ in part.takes)))
        taken = [batch[i] for i in part.takes]
        for rows in zip(*(one.split(ROWS) for one in taken), strict=True):
            jacobian, residual = each(weights, *rows)  # (row, k, n), (row, k)
            share = sqrt(part.weight / (len(taken[0]) * residual.shape[-1]))
            yield share * jacobian.flatten(0, 1), share * residual.flatten()
