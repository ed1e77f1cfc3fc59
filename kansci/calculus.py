r"""Derivatives of one network with respect to its inputs, all that a loss needs in one call.

To second order they travel forward as *jets* (Taylor mode): the value, the first derivatives
along some directions, and second derivatives, layer by layer. With $h = g(z)$,

$$\partial_i h = J_g\,\partial_i z, \qquad
  \partial_{ij} h = D^2 g[\partial_i z, \partial_j z] + J_g\,\partial_{ij} z.$$

The second term is linear: a weighted sum of second derivatives, such as a Laplacian, collapses
into one stream that costs as much as a single one.

`RULES` says how a jet passes through a kind of module; any other module is differentiated by
`torch.func` where it stands, so a network gets as much of the speed as it is built of known
parts. Orders above the second nest reverse mode around jets.

Source: Griewank and Walther 2008, "Evaluating Derivatives", chapter 13 (Taylor arithmetic);
Dangel et al. 2025, "Collapsing Taylor Mode Automatic Differentiation", arXiv:2505.13644.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from operator import add
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.func import jvp, vjp

from kansci.task import Predict

Axes = tuple[int, ...]
Stream = tuple[tuple[int, int, float], ...]


class Sum(NamedTuple):
    """A weighted sum of second derivatives, such as a Laplacian: it costs as much as one.

    Attributes:
        terms: pairs of a weight that is not 0 and two axes.
    """

    terms: tuple[tuple[float, Axes], ...]


class Jet(NamedTuple):
    r"""A value with derivatives along some directions in the network's input.

    A *stream* is a sum of second derivatives, $\sum w\,\partial_{ij}$ over its `(i, j, w)`:
    whatever number of pairs of directions it has, it passes through a network as one.

    Shape:
        value: `(*, d)`.
        first: `(*, d)` for each direction.
        second: `(*, d)` for each of the `streams`; none, where all of them are 0.
    """

    value: Tensor
    first: tuple[Tensor, ...]
    second: tuple[Tensor, ...]
    streams: tuple[Stream, ...]

    def linear(self, f: Callable[[Tensor], Tensor], shift: Tensor | float | None = None) -> Jet:
        """Through a linear map `f`, with a constant added to the value alone."""
        value = f(self.value)
        value = value if shift is None else value + shift
        return Jet(value, tuple(map(f, self.first)), tuple(map(f, self.second)), self.streams)

    def products(self) -> tuple[Tensor, ...]:
        """Of the first derivatives, summed for each stream, `(*, d)`."""
        return tuple(
            total([weighted(w, self.first[i] * self.first[j]) for i, j, w in stream])
            for stream in self.streams
        )

    def pointwise(self, f: Tensor, df: Tensor, ddf: Tensor) -> Jet:
        """Through a function of each number, given its value and two derivatives there."""
        first = tuple(df * one for one in self.first)
        second = tuple(ddf * product for product in self.products())
        if self.second:
            second = tuple(a + df * b for a, b in zip(second, self.second, strict=True))
        return Jet(f, first, second, self.streams)


def weighted(weight: float, x: Tensor) -> Tensor:
    """A multiple, for nothing if it is that by 1."""
    return x if weight == 1 else weight * x


def total(parts: Sequence[Tensor]) -> Tensor:
    """The sum of one or more, without the 0 from which Python's own begins."""
    return reduce(add, parts)


Rule = Callable[[Any, Jet], Jet]
RULES: dict[type[nn.Module], Rule] = {}


def passes_jets(kind: type[nn.Module]) -> Callable[[Rule], Rule]:
    """Registers how a jet passes through modules of this kind."""

    def register(rule: Rule) -> Rule:
        RULES[kind] = rule
        return rule

    return register


def carry(module: nn.Module, jet: Jet) -> Jet:
    """The jet of `module(z)`, given that of its input `z`."""
    # What computes something else, by a subclass, a hook or a patch, must not inherit a rule.
    if module._forward_hooks or module._forward_pre_hooks or "forward" in vars(module):
        return nested(module, jet)
    for kind in type(module).__mro__:
        if kind in RULES and type(module).forward is kind.forward:
            return RULES[kind](module, jet)
    return nested(module, jet)


def nested(f: Callable[[Tensor], Tensor], jet: Jet) -> Jet:
    """The jet of any function of points, by forward over forward differentiation."""

    def along(z: Tensor, tangent: Tensor) -> Tensor:
        return jvp(f, (z,), (tangent,))[1]

    def bent(stream: Stream, second: Tensor) -> Tensor:
        parts = []
        for i, j, weight in stream:
            tangents = (jet.first[j], second / weight)
            parts.append(weighted(weight, jvp(along, (jet.value, jet.first[i]), tangents)[1]))
            second = second * 0  # it counts once
        return total(parts)

    second = jet.second or (jet.value * 0,) * len(jet.streams)
    return Jet(
        f(jet.value),
        tuple(along(jet.value, tangent) for tangent in jet.first),
        tuple(bent(*one) for one in zip(jet.streams, second, strict=True)),
        jet.streams,
    )


def taylor(f: Callable[[Tensor], Tensor], x: Tensor, order: int) -> tuple[Tensor, ...]:
    """Value and derivatives of a function that acts on each number alone.

    The tangent depends on `x`: compiled, a `jvp` of a `jvp` with a constant tangent reads a
    tensor without storage (torch 2.13).
    """
    if order == 0:
        return (f(x),)
    lower, derivatives = jvp(lambda z: taylor(f, z, order - 1), (x,), (x * 0 + 1,))[:2]
    return (*lower, derivatives[-1])


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
    low = [one for one in every if one not in high]
    found = dict(zip(low, _second_order(predict, x, low), strict=True))
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


def _direction(x: Tensor, axis: int) -> Tensor:
    return torch.eye(x.shape[-1], dtype=x.dtype, device=x.device)[axis]


@passes_jets(nn.Linear)
def _linear(module: nn.Linear, jet: Jet) -> Jet:
    return jet.linear(lambda z: z @ module.weight.mT, module.bias)


@passes_jets(nn.Sequential)
def _sequential(module: nn.Sequential, jet: Jet) -> Jet:
    for part in module:
        jet = carry(part, jet)
    return jet


@passes_jets(nn.LayerNorm)
def _layer_norm(module: nn.LayerNorm, jet: Jet) -> Jet:
    """From elementary operations: torch's own, twice differentiated forward, is wrong (2.13)."""

    def normal(z: Tensor) -> Tensor:
        dims = tuple(range(-len(module.normalized_shape), 0))
        z = z - z.mean(dims, keepdim=True)
        z = z / (z.square().mean(dims, keepdim=True) + module.eps).sqrt()
        z = z if module.weight is None else z * module.weight
        return z if module.bias is None else z + module.bias

    return nested(normal, jet)


@passes_jets(nn.Identity)
def _identity(module: nn.Identity, jet: Jet) -> Jet:
    return jet


@passes_jets(nn.Tanh)
def _tanh(module: nn.Tanh, jet: Jet) -> Jet:
    f = torch.tanh(jet.value)
    df = 1 - f.square()
    return jet.pointwise(f, df, -2 * f * df)


def silu(z: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    r"""$z\,\sigma(z)$ and its two derivatives, of any shape."""
    s = torch.sigmoid(z)
    ds = s * (1 - s)
    return z * s, s + z * ds, ds * (2 + z * (1 - 2 * s))


@passes_jets(nn.SiLU)
def _silu(module: nn.SiLU, jet: Jet) -> Jet:
    return jet.pointwise(*silu(jet.value))


def _any_activation(module: nn.Module, jet: Jet) -> Jet:
    f, df, ddf = taylor(module.forward, jet.value, 2)
    return jet.pointwise(f, df, ddf)


for _kind in (nn.ReLU, nn.GELU, nn.Sigmoid, nn.Softplus, nn.ELU, nn.CELU, nn.LeakyReLU, nn.Mish):
    passes_jets(_kind)(_any_activation)
