"""Losses of one network: mean squares, cross entropy, and programs of tasks that differ in numbers.

Any function `loss(predict, *batch)` is a loss; one of a kind that is here can do more. As a
`MeanSquares` it lets an optimizer see its residuals; with a `program` and `numbers` of its own it
trains together with the losses of other tasks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from kansci.task import Batch, Loss, Predict, Scale


class Part(NamedTuple):
    """A weighted mean square over points, `weight * mean(residual^2)`: a piece of a loss.

    Attributes:
        residual: `residual(predict, *rows, *given)`, `(row, k)` or `(row,)`; a row of it depends
            on that row of the tensors it takes and on no other.
        takes: which tensors of the batch it is handed row by row.
        given: which it is handed whole.
    """

    residual: Callable[..., Tensor]
    takes: tuple[int, ...]
    weight: float = 1.0
    given: tuple[int, ...] = ()


class MeanSquares:
    r"""A loss that is a sum of mean squares, $\sum_p w_p\,\mathrm{mean}(r_p^2)$.

    Called as any loss; that it has `parts` lets Levenberg-Marquardt see the residuals.
    """

    def __init__(self, *parts: Part) -> None:
        self.parts = parts

    def __call__(self, predict: Predict, *batch: Tensor) -> Tensor:
        total = batch[0].new_zeros(())
        for part in self.parts:
            total = total + part.weight * residuals(part, predict, batch).square().mean()
        return total


def residuals(part: Part, predict: Predict, batch: Batch) -> Tensor:
    """Of one part of a loss on a batch."""
    return part.residual(predict, *(batch[i] for i in (*part.takes, *part.given)))


def _standardised(predict: Predict, x: Tensor, y: Tensor, std: Tensor) -> Tensor:
    return (predict(x) - y) / std


REGRESSION = MeanSquares(Part(_standardised, takes=(0, 1), given=(2,)))


class SquaredError:
    """Mean squared error of a standardised target, for batches `(x, y)`.

    The target's scale is handed to `REGRESSION` as data, so that all regression tasks are one
    program, and those of equal dimensions train together.
    """

    program = REGRESSION

    def __init__(self, scale: Scale) -> None:
        self._scale = scale

    @property
    def numbers(self) -> tuple[float, ...]:
        return (self._scale.std,)

    def __call__(self, predict: Predict, x: Tensor, y: Tensor) -> Tensor:
        return self.program(predict, x, y, x.new_tensor(self.numbers))


def squared_error(scale: Scale) -> Loss:
    """Mean squared error of the standardised target, for batches `(x, y)`."""
    return SquaredError(scale)


def cross_entropy(predict: Predict, x: Tensor, y: Tensor) -> Tensor:
    r"""Of softmax, $-\sum_c y_c \log p_c$ in nats, mean over points.

    Shape:
        y: `(point, class)`, one-hot, or shares that sum to 1.
    """
    return -(y * torch.log_softmax(predict(x), -1)).sum(-1).mean()


def program_of(loss: Loss) -> Loss:
    """What a loss computes, apart from its task's own numbers: those of one program train
    together. It is called with the batch, then with one tensor of `numbers_of` it, if any."""
    return getattr(loss, "program", loss)


def numbers_of(loss: Loss) -> tuple[float, ...]:
    """A task's own numbers that its loss takes as data."""
    return getattr(loss, "numbers", ())
