"""What is asked when training is over, for errors that stand beside the headline's.

Children answer questions and never see what is true: slopes and coefficients are answers as values
are, `(member, point, k)`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple

import torch
from torch import Tensor

from kansci.calculus import Network, derivatives
from kansci.residuals import coefficients_of
from kansci.task import Metric, Predict, Task

Asks = Literal["values", "slopes", "coefficients"]


class Measure(NamedTuple):
    """An error that a question's answers are judged by.

    Attributes:
        output: the one column that it is of; `None`: all.
    """

    name: str
    metric: Metric = "relative_l2"
    output: int | None = None

    def columns(self, values: Tensor) -> Tensor:
        """What it is of, `(*, k)` to `(*, k)` or `(*, 1)`."""
        return values if self.output is None else values[..., [self.output]]


@dataclass(frozen=True, eq=False)
class Beside:
    """A question about a trained network, and the errors of its answer.

    Attributes:
        asks: `values`, `(point, out)`; `slopes`, the first derivatives along each input in turn,
            `(point, in * out)`; `coefficients`, `(1, k)`.
        measures: what is made of the answer.

    Shape:
        x: `(point, in)`; of `coefficients` any one point.
        y: the true answer.
    """

    asks: Asks
    questions: Callable[[], Tensor]
    answers: Predict
    measures: tuple[Measure, ...]

    def shape(self, task: Task) -> tuple[int, int]:
        """Of one network's answer; it can be known without knowing the true one."""
        wide = {
            "values": task.dim_out,
            "slopes": task.dim_in * task.dim_out,
            "coefficients": len(task.coefficients),
        }
        return len(self.x), wide[self.asks]

    @cached_property
    def x(self) -> Tensor:
        return self.questions()

    @cached_property
    def y(self) -> Tensor:
        return self.answers(self.x)


def slopes(predict: Predict, x: Tensor) -> Tensor:
    """First derivatives along each input in turn, `(point, in * out)`."""
    x = x.clone()  # points that members share lie in one place, where no tangent can be written
    return torch.cat(derivatives(predict, x, [(axis,) for axis in range(x.shape[-1])]), -1)


def _values(network: Network, x: Tensor) -> Tensor:
    return network(x)


def _coefficients(network: Network, x: Tensor) -> Tensor:
    return network.ask(coefficients_of).expand(len(x), -1)


ASKED: dict[Asks, Callable[[Network, Tensor], Tensor]] = {
    "values": _values,
    "slopes": slopes,
    "coefficients": _coefficients,
}
