r"""Derivatives of one network with respect to its inputs, all that a loss needs in one call.

To second order they travel forward as *jets* (Taylor mode): the value, the first derivatives
along some directions, and second derivatives, layer by layer. With $h = g(z)$,

$$\partial_i h = J_g\,\partial_i z, \qquad
  \partial_{ij} h = D^2 g[\partial_i z, \partial_j z] + J_g\,\partial_{ij} z.$$

`RULES` says how a jet passes through a kind of module; any other module is differentiated by
`torch.func` where it stands, so a network gets as much of the speed as it is built of known
parts. Orders above the second nest `torch.func` around jets.

Source: Griewank and Walther 2008, "Evaluating Derivatives", chapter 13 (Taylor arithmetic).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.func import jvp

from kansci.task import Predict

Axes = tuple[int, ...]


class Jet(NamedTuple):
    """A value with derivatives along some axes of the network's input.

    Shape:
        value: `(*, d)`.
        first: `(direction, *, d)`.
        second: `(pair, *, d)`, for the `pairs` of directions.
    """

    value: Tensor
    first: Tensor
    second: Tensor
    pairs: tuple[tuple[int, int], ...]

    def linear(self, f: Callable[[Tensor], Tensor], shift: Tensor | float | None = None) -> Jet:
        """Through a linear map `f`, with a constant added to the value alone."""
        value = f(self.value)
        value = value if shift is None else value + shift
        return Jet(value, f(self.first), f(self.second), self.pairs)

    def products(self) -> Tensor:
        """Of the first derivatives, one for each pair, `(pair, *, d)`."""
        left = [i for i, _ in self.pairs]
        right = [j for _, j in self.pairs]
        return self.first[left] * self.first[right]

    def pointwise(self, f: Tensor, df: Tensor, ddf: Tensor) -> Jet:
        """Through a function of each number, given its value and two derivatives there."""
        second = df * self.second
        if self.pairs:
            second = second + ddf * self.products()
        return Jet(f, df * self.first, second, self.pairs)


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

    value = f(jet.value)
    first = [along(jet.value, tangent) for tangent in jet.first]
    second = [
        jvp(along, (jet.value, jet.first[i]), (jet.first[j], tangent))[1]
        for (i, j), tangent in zip(jet.pairs, jet.second, strict=True)
    ]
    return Jet(value, _stacked(first, value), _stacked(second, value), jet.pairs)


def taylor(f: Callable[[Tensor], Tensor], x: Tensor, order: int) -> tuple[Tensor, ...]:
    """Value and derivatives of a function that acts on each number alone.

    The tangent depends on `x`: compiled, a `jvp` of a `jvp` with a constant tangent reads a
    tensor without storage (torch 2.13).
    """
    if order == 0:
        return (f(x),)
    lower, derivatives = jvp(lambda z: taylor(f, z, order - 1), (x,), (x * 0 + 1,))[:2]
    return (*lower, derivatives[-1])


def derivatives(predict: Predict, x: Tensor, wanted: Sequence[Axes]) -> tuple[Tensor, ...]:
    """Derivatives of a network at points, each named by its axes: `(0, 0)` is $u_{xx}$.

    Args:
        predict: one network; a `Network` passes jets, any other callable is differentiated whole.
        x: `(point, in)`.
        wanted: `()` is the value; mixed derivatives in any order of axes.

    Returns:
        One tensor `(point, out)` for each of `wanted`.
    """
    wanted = [tuple(sorted(axes)) for axes in wanted]
    high = [axes for axes in wanted if len(axes) > 2]
    low = [axes for axes in dict.fromkeys(wanted) if len(axes) <= 2]
    found: dict[Axes, Tensor] = dict(zip(low, _second_order(predict, x, low), strict=True))
    for outer in {axes[-1] for axes in high}:
        asked = [axes for axes in dict.fromkeys(high) if axes[-1] == outer]
        inner = [axes[:-1] for axes in asked]
        tangent = x * 0 + _direction(x, outer)
        raised = jvp(lambda z, inner=inner: derivatives(predict, z, inner), (x,), (tangent,))[1]
        found.update(zip(asked, raised, strict=True))
    return tuple(found[axes] for axes in wanted)


def _second_order(predict: Predict, x: Tensor, wanted: Sequence[Axes]) -> tuple[Tensor, ...]:
    axes = sorted({axis for one in wanted for axis in one})
    if not axes:
        return (predict(x),) * len(wanted)
    pairs = tuple(
        (axes.index(one[0]), axes.index(one[1])) for one in dict.fromkeys(wanted) if len(one) == 2
    )
    first = torch.stack([x * 0 + _direction(x, axis) for axis in axes])  # (direction, point, in)
    start = Jet(x, first, first.new_zeros((len(pairs), *x.shape)), pairs)
    jet = predict.jet(start) if isinstance(predict, Network) else nested(predict, start)

    def read(one: Axes) -> Tensor:
        if len(one) == 2:
            return jet.second[pairs.index((axes.index(one[0]), axes.index(one[1])))]
        return jet.first[axes.index(one[0])] if one else jet.value

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


def _stacked(parts: list[Tensor], like: Tensor) -> Tensor:
    return torch.stack(parts) if parts else like.new_zeros((0, *like.shape))


@passes_jets(nn.Linear)
def _linear(module: nn.Linear, jet: Jet) -> Jet:
    return jet.linear(lambda z: z @ module.weight.mT, module.bias)


@passes_jets(nn.Sequential)
def _sequential(module: nn.Sequential, jet: Jet) -> Jet:
    for part in module:
        jet = carry(part, jet)
    return jet


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
