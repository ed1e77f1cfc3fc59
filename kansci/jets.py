r"""Jets: values that travel forward with their derivatives along some directions (Taylor mode).

A jet holds a value $z$, its first derivatives, and second derivatives. Through $h = g(z)$ go

$$\partial_i h = J_g\,\partial_i z, \qquad
  \partial_{ij} h = D^2 g[\partial_i z, \partial_j z] + J_g\,\partial_{ij} z.$$

The second term is linear: a weighted sum of second derivatives, such as a Laplacian, collapses
into one stream that costs as much as a single one.

Source: Griewank and Walther 2008, "Evaluating Derivatives", chapter 13 (Taylor arithmetic);
Dangel et al. 2025, "Collapsing Taylor Mode Automatic Differentiation", arXiv:2505.13644.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from operator import add
from typing import NamedTuple

import torch
from torch import Tensor
from torch.func import jvp

Stream = tuple[tuple[int, int, float], ...]


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

    def times(self, other: Jet) -> Jet:
        """The product with another function of the same points, number by number."""
        first = tuple(
            a * other.value + self.value * b for a, b in zip(self.first, other.first, strict=True)
        )
        second = tuple(
            total([weighted(w, crossed(self.first, other.first, i, j)) for i, j, w in stream])
            for stream in self.streams
        )
        for one, two in ((self, other), (other, self)):
            if one.second:
                bent = zip(second, one.second, strict=True)
                second = tuple(so_far + part * two.value for so_far, part in bent)
        return Jet(self.value * other.value, first, second, self.streams)

    def plus(self, other: Jet) -> Jet:
        """The sum with another function of the same points."""
        second = self.second or other.second
        if self.second and other.second:
            second = tuple(a + b for a, b in zip(self.second, other.second, strict=True))
        first = tuple(a + b for a, b in zip(self.first, other.first, strict=True))
        return Jet(self.value + other.value, first, second, self.streams)

    def pointwise(self, f: Tensor, df: Tensor, ddf: Tensor) -> Jet:
        """Through a function of each number, given its value and two derivatives there."""
        first = tuple(df * one for one in self.first)
        second = tuple(ddf * product for product in self.products())
        if self.second:
            second = tuple(a + df * b for a, b in zip(second, self.second, strict=True))
        return Jet(f, first, second, self.streams)


def crossed(a: Sequence[Tensor], b: Sequence[Tensor], i: int, j: int) -> Tensor:
    """What the first derivatives of two factors add to the second one of their product."""
    return a[i] * b[j] + a[j] * b[i]


def weighted(weight: float, x: Tensor) -> Tensor:
    """A multiple, for nothing if it is that by 1."""
    return x if weight == 1 else weight * x


def total(parts: Sequence[Tensor]) -> Tensor:
    """The sum of one or more, without the 0 from which Python's own begins."""
    return reduce(add, parts)


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


def silu(z: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    r"""$z\,\sigma(z)$ and its two derivatives, of any shape."""
    s = torch.sigmoid(z)
    ds = s * (1 - s)
    return z * s, s + z * ds, ds * (2 + z * (1 - 2 * s))
