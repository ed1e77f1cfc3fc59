"""Derivatives of one network with respect to its inputs, all that a loss needs in one call.

To second order they travel forward as `jets`, layer by layer, by the `rules` of the network's
modules; orders above the second nest reverse mode around jets.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

import torch
from torch import Tensor, nn
from torch.func import vjp

from kansci.jets import Jet, nested, total, weighted
from kansci.task import Predict

Axes = tuple[int, ...]
T = TypeVar("T")


class Sum(NamedTuple):
    """A weighted sum of second derivatives, such as a Laplacian: it costs as much as one.

    Attributes:
        terms: pairs of a weight that is not 0 and two axes.
        of: another sum, whose second derivatives are meant: the Laplacian of a Laplacian.
    """

    terms: tuple[tuple[float, Axes], ...]
    of: Sum | None = None


def derivatives(predict: Predict, x: Tensor, wanted: Sequence[Axes | Sum]) -> tuple[Tensor, ...]:
    """Derivatives of a network at points, each named by its axes: `(0, 0)` is $u_{xx}$.

    Args:
        predict: one network; a `Network` passes jets, any other callable is differentiated whole.
        x: `(point, in)`.
        wanted: `()` is the value; mixed derivatives in any order of axes; a `Sum` of second ones.

    Returns:
        One tensor `(point, out)` for each of `wanted`.

    Raises:
        ValueError: for a `Sum` of anything but second derivatives.
    """
    asked = [_ordered(one) for one in wanted]
    every = list(dict.fromkeys(asked))
    high = [one for one in every if not isinstance(one, Sum) and len(one) > 2]
    squared = [one for one in every if isinstance(one, Sum) and one.of is not None]
    low = [one for one in every if one not in high and one not in squared]
    found = dict(zip(low, _second_order(predict, x, low), strict=True))
    found.update((one, _of_a_sum(predict, x, one)) for one in squared)
    for outer in sorted({axes[-1] for axes in high}):
        raised = [axes for axes in high if axes[-1] == outer]
        inner = [axes[:-1] for axes in raised]
        values = _slopes(lambda z, inner=inner: derivatives(predict, z, inner), x, outer)
        found.update(zip(raised, values, strict=True))
    return tuple(found[one] for one in asked)


def _slopes(f: Callable[[Tensor], tuple[Tensor, ...]], x: Tensor, axis: int) -> tuple[Tensor, ...]:
    """Derivatives along an axis of functions `(point, in)` to `(point, out)`, row by row.

    Backward, an output at a time: forward through jets cannot be traced (torch 2.13).
    """
    values, pull = vjp(f, x)[:2]

    def slope(place: int, output: int) -> Tensor:
        seeds = [value * 0 for value in values]
        seeds[place] = seeds[place] + _direction(values[place], output)
        return pull(tuple(seeds))[0][..., axis]

    return tuple(
        torch.stack([slope(place, output) for output in range(value.shape[-1])], -1)
        for place, value in enumerate(values)
    )


def _of_a_sum(predict: Predict, x: Tensor, wanted: Sum) -> Tensor:
    """Second derivatives of a sum of second derivatives: backward twice through jets.

    A pull gives the slopes along all axes at once, where a chain for each fourth derivative would
    take one of them and drop the others: a third of the time.
    """
    inner = wanted.of
    assert inner is not None

    def slopes(z: Tensor) -> tuple[Tensor, ...]:
        """Of each output, `(point, in)`."""
        value, pull = vjp(lambda y: derivatives(predict, y, [inner])[0], z)[:2]
        each = range(value.shape[-1])
        return tuple(pull(value * 0 + _direction(value, output))[0] for output in each)

    values, pull = vjp(slopes, x)[:2]

    def bent(output: int, axis: int) -> Tensor:
        seeds = [value * 0 for value in values]
        seeds[output] = seeds[output] + _direction(x, axis)
        terms = [(weight, axes[0]) for weight, axes in wanted.terms if axes[1] == axis]
        slope = pull(tuple(seeds))[0]
        return total([weighted(weight, slope[..., other]) for weight, other in terms])

    axes = sorted({axes[1] for _, axes in wanted.terms})
    outputs = range(len(values))
    return torch.stack([total([bent(out, axis) for axis in axes]) for out in outputs], -1)


def _ordered(one: Axes | Sum) -> Axes | Sum:
    if not isinstance(one, Sum):
        return tuple(sorted(one))
    if not one.terms or any(len(axes) != 2 or weight == 0 for weight, axes in one.terms):
        raise ValueError(f"want a sum of second derivatives, their weights not 0, got {one.terms}")
    return one


def _second_order(predict: Predict, x: Tensor, wanted: Sequence[Axes | Sum]) -> tuple[Tensor, ...]:
    sums = [one if isinstance(one, Sum) else Sum(((1.0, one),)) for one in wanted if one]
    axes = sorted({axis for one in sums for _, pair in one.terms for axis in pair})
    if not axes:
        return (predict(x),) * len(wanted)
    place = {axis: direction for direction, axis in enumerate(axes)}
    streams = {
        one: tuple((place[pair[0]], place[pair[1]], weight) for weight, pair in one.terms)
        for one in sums
        if len(one.terms[0][1]) == 2
    }
    first = tuple(x * 0 + _direction(x, axis) for axis in axes)  # (point, in)
    start = Jet(x, first, (), tuple(streams.values()))
    jet = predict.jet(start) if isinstance(predict, Network) else nested(predict, start)
    bent = jet.second or (jet.value * 0,) * len(streams)  # none are left of a linear network
    second = dict(zip(streams, bent, strict=True))

    def read(one: Axes | Sum) -> Tensor:
        if isinstance(one, Sum) or len(one) == 2:
            return second[one if isinstance(one, Sum) else Sum(((1.0, one),))]
        return jet.first[place[one[0]]] if one else jet.value

    return tuple(read(one) for one in wanted)


class Network:
    """One network at given weights: maps points, and passes jets through its modules."""

    def __init__(
        self, module: nn.Module, call: Callable[[nn.Module, tuple[object, ...]], object]
    ) -> None:
        self._module = module
        self._call = call

    def __call__(self, x: Tensor) -> Tensor:
        return self._call(self._module, (x,))  # type: ignore[return-value]

    def jet(self, jet: Jet) -> Jet:
        return self._call(self._module, (jet,))  # type: ignore[return-value]

    def ask(self, question: Callable[[nn.Module], T]) -> T:
        """What a function answers that is handed the module itself, at these weights.

        For what a loss wants to know beside outputs, such as weights or the values of edges.
        """
        return self._call(Opened(self._module), (question,))  # type: ignore[return-value]


class Opened(nn.Module):
    """A network that is handed to questions, where others are handed points."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network
        self.train(network.training)

    def forward(self, question: Callable[[nn.Module], T]) -> T:
        return question(self.network)


def _direction(x: Tensor, axis: int) -> Tensor:
    return torch.eye(x.shape[-1], dtype=x.dtype, device=x.device)[axis]
