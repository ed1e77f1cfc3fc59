r"""Products of Legendre polynomials: a series, linear in its numbers.

$$f(x) = \sum_{k \in K} c_k \prod_i \sqrt{2k_i + 1}\,P_{k_i}(x_i)$$

over the first so many multi-indices $K$, by total degree. The functions are orthonormal under
uniform inputs. Inputs beyond [-1, 1] are moved to its ends, as polynomials grow without bounds.

Source: Trefethen 2017, "Multivariate polynomial approximation in the hypercube", Proc. Amer. Math.
Soc. 145:4837 (on sets of multi-indices); DLMF 18.9 (the recurrence).
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from kansci.jets import Jet, total, weighted
from kansci.rules import passes_jets

AT_ONCE = 2**22  # numbers of the table of functions at some points that are held together


class LegendreSeries(nn.Module):
    """A series of products of Legendre polynomials, from zero.

    Args:
        size: how many products.

    Shape:
        x: `(*, in)` to `(*, out)`.

    Raises:
        ValueError: for a size below 1.
    """

    degrees: Tensor
    scale: Tensor

    def __init__(self, dim_in: int, dim_out: int, size: int) -> None:
        super().__init__()
        if size < 1:
            raise ValueError(f"want size >= 1, got {size=}")
        self.coef = nn.Parameter(torch.zeros(size, dim_out))
        indices = multi_indices(dim_in, size)
        self._highest = [max(column) for column in zip(*indices, strict=True)]
        degrees = torch.tensor(indices)  # (size, in)
        self.register_buffer("degrees", degrees, persistent=False)
        scale = (2 * degrees + 1).prod(-1).to(self.coef.dtype).sqrt()
        self.register_buffer("scale", scale, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        if x.shape[-1:] != self.degrees.shape[1:]:
            raise ValueError(f"want x (*, {self.degrees.shape[1]}), got {tuple(x.shape)}")
        return self.derivative(x, ())

    def derivative(self, x: Tensor, axes: Sequence[int]) -> Tensor:
        """A partial derivative, by the inputs named, `(*, in)` to `(*, out)`."""
        points = x.reshape(-1, x.shape[-1]).clamp(-1, 1)
        rows = max(1, AT_ONCE // len(self.degrees))
        values = [self._products(part, axes) @ self.coef for part in points.split(rows)]
        return torch.cat(values).reshape(*x.shape[:-1], self.coef.shape[1])

    def _products(self, x: Tensor, axes: Sequence[int]) -> Tensor:
        """A partial derivative of all functions, `(point, in)` to `(point, size)`."""
        products = self.scale.expand(len(x), -1)
        for axis, highest in enumerate(self._highest):
            order = axes.count(axis)
            if highest or order:
                table = polynomials(x[:, axis], highest, order)
                products = products * table[:, self.degrees[:, axis]]
        return products


def polynomials(x: Tensor, highest: int, order: int = 0) -> Tensor:
    r"""A derivative of $P_0, \dots, P_n$, `(point,)` to `(point, n + 1)`.

    $(k+1)P_{k+1} = (2k+1)\,x P_k - k P_{k-1}$, and so
    $(k+1)P_{k+1}^{(m)} = (2k+1)\,(x P_k^{(m)} + m P_k^{(m-1)}) - k P_{k-1}^{(m)}$.
    """
    zero, one = torch.zeros_like(x), torch.ones_like(x)
    before: list[Tensor] = []  # the derivative before, by degree
    rows: list[Tensor] = []
    for m in range(order + 1):
        rows = [one if m == 0 else zero]
        for k in range(highest):
            line = x * rows[k] + m * before[k] if m else x * rows[k]
            lower = rows[k - 1] if k else zero
            rows.append(((2 * k + 1) * line - k * lower) / (k + 1))
        before = rows
    return torch.stack(rows, -1)


@passes_jets(LegendreSeries)
def _series(series: LegendreSeries, jet: Jet) -> Jet:
    """By the partial derivatives, as those of every polynomial are known."""
    axes = range(jet.value.shape[-1])
    slopes = [series.derivative(jet.value, (a,)) for a in axes]
    bends = (
        {(a, b): series.derivative(jet.value, (a, b)) for a in axes for b in axes if a <= b}
        if jet.streams
        else {}
    )

    def along(tangent: Tensor) -> Tensor:
        return total([tangent[..., a, None] * slopes[a] for a in axes])

    def bent(one: Tensor, other: Tensor) -> Tensor:
        return total(
            [
                one[..., a, None] * other[..., b, None] * bends[min(a, b), max(a, b)]
                for a in axes
                for b in axes
            ]
        )

    second = tuple(
        total([weighted(w, bent(jet.first[i], jet.first[j])) for i, j, w in stream])
        for stream in jet.streams
    )
    if jet.second:
        second = tuple(one + along(rest) for one, rest in zip(second, jet.second, strict=True))
    return Jet(series.derivative(jet.value, ()), tuple(map(along, jet.first)), second, jet.streams)


def multi_indices(dims: int, count: int) -> list[tuple[int, ...]]:
    """The first multi-indices by total degree; among equals, the more even ones first."""

    def weight(index: tuple[int, ...]) -> tuple[float, ...]:
        return (sum(index), math.hypot(*index), *index)

    start = tuple([0] * dims)
    queue, known, found = [(weight(start), start)], {start}, list[tuple[int, ...]]()
    while len(found) < count:
        _, index = heapq.heappop(queue)
        found.append(index)
        for axis in range(dims):
            after = (*index[:axis], index[axis] + 1, *index[axis + 1 :])
            if after not in known:
                known.add(after)
                heapq.heappush(queue, (weight(after), after))
    return found
