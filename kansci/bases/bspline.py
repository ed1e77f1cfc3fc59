r"""B-splines on a uniform grid: the basis of the first KAN.

Source: Liu et al. 2024, "KAN: Kolmogorov-Arnold Networks", arXiv:2404.19756, section 2.2;
de Boor 1978, "A Practical Guide to Splines", chapter IX.
We differ: the grid is fixed and the bells are evaluated in closed form, in one of two ways that
agree to rounding: run as it is, the pieces of a cell cost least; compiled, where a chain of
operations is one loop, all bells do. On knots of any distance, they are `KnotSpline`.
"""

from math import comb, factorial

import torch
from torch import Tensor
from torch.nn.functional import softshrink

from kansci.bases.basis import check_degree, check_domain, check_grid, one_apart
from kansci.bases.local import DENSE, Local
from kansci.jets import total, weighted


class BSpline(Local):
    r"""Shifted copies of one bell, $B_k(x) = N\big((x - x_k)/h\big)$, on `grid` cells of width $h$.

    $N$ is the centred cardinal B-spline of the degree $d$: $d - 1$ times continuously
    differentiable, of support $|t| < (d + 1)/2$. The `grid + degree` bells sum to 1 on the domain
    and fade outside it:

    $$N(t) = \frac1{d!} \sum_{k \le d/2} (-1)^k \binom{d+1}{k}\,
             \mathrm{relu}\big(\tfrac{d+1}2 - k - |t|\big)^d.$$

    Unlike in the one-sided sum of truncated powers, nothing cancels on fine grids, and nothing
    grows outside them. In a cell only $d + 1$ of them are not 0.

    Args:
        grid: cells that divide the domain.
        degree: of the polynomial pieces, at least 1.
        domain: where the bells sum to 1.

    Raises:
        ValueError: for a grid or degree below 1 or an empty domain.
    """

    centres: Tensor
    pieces: Tensor

    def __init__(
        self,
        dim_in: int,
        *,
        grid: int = 5,
        degree: int = 3,
        domain: tuple[float, float] = (-1.0, 1.0),
    ) -> None:
        super().__init__()
        check_grid(grid)
        check_domain(domain)
        check_degree(degree)
        low, high = domain
        self.size = grid + degree
        self.degree, self.few = degree, degree + 1
        self.keeps = int(self.size <= DENSE and degree > 1)  # slopes, where all bells are computed
        self.unit = factorial(degree) ** (-1 / degree)  # a cell, so that its power is $1/d!$
        self.step = (high - low) / grid
        self.low = low
        # In cells, where they are multiples of a half: exact in every dtype.
        self.register_buffer("centres", torch.arange(self.size) + (1 - degree) / 2)
        self.register_buffer("pieces", torch.tensor(pieces(degree)).float(), persistent=False)

    def every(self, x: Tensor, order: int) -> tuple[Tensor, ...]:
        return bells(self._cells(x) - self.centres.unsqueeze(-1), self.degree, order, self.step)

    def near(self, x: Tensor, order: int) -> tuple[Tensor, tuple[Tensor, ...]]:
        t = self._cells(x)
        cell = t.detach().floor().clamp(-self.few, self.size)
        u = (t - cell).clamp(0, 1)  # (in, 1, point)
        powers = [torch.ones_like(u), u]
        while len(powers) < self.few:
            powers.append(powers[-1] * u)
        table = self.pieces[: self.few * (order + 1)]
        rows = (table @ torch.cat(powers, -2)).split(self.few, -2)  # (in, few, point) each
        scale = factorial(self.degree)
        return cell, tuple(row / (scale * self.step**n) for n, row in enumerate(rows))

    def fill(self, x: Tensor, out: Tensor, *, keep: bool) -> tuple[Tensor, ...]:
        if not self.keeps:
            return super().fill(x, out, keep=keep)
        degree, first = self.degree, self.low / self.step + (1 - self.degree) / 2
        centres = one_apart(first, self.size, x.dtype, x.device)
        ahead = torch.add(centres, x.unsqueeze(-2), alpha=-1 / self.step)  # in cells
        parts = self._hinges(torch.abs(ahead, out=out))
        if not keep:
            _alternating([part.pow_(degree) for part in parts], degree)
            return ()
        lower = [part.pow(degree - 1) for part in parts]
        _alternating([part.mul_(one) for part, one in zip(parts, lower, strict=True)], degree)
        return (_alternating(lower, degree).copysign_(ahead),)  # steep to the middle

    def pull(
        self, x: Tensor, out: Tensor, kept: tuple[Tensor, ...], cotangent: Tensor
    ) -> tuple[Tensor, ...]:
        if not self.keeps:
            return super().pull(x, out, kept, cotangent)
        return (cotangent.mul_(kept[0]).sum(-2).mul_(self.degree * self.unit / self.step),)

    def _hinges(self, away: Tensor) -> list[Tensor]:
        r"""$\mathrm{relu}\big(\tfrac{d+1}2 - k - |t|\big)$, in units, the first over $|t|$."""
        reach = one_apart(self.unit * (self.degree + 1) / 2, 1, away.dtype, away.device)
        parts = [torch.add(reach, away, alpha=-self.unit, out=away).clamp_(min=0)]
        while len(parts) <= self.degree // 2:
            parts.append(softshrink(parts[-1], self.unit))  # a cell closer to the middle
        return parts

    def _cells(self, x: Tensor) -> Tensor:
        """How many cells each point lies from the lower end, `(in, 1, point)`."""
        return ((x - self.low) / self.step).unsqueeze(-2)


def pieces(degree: int) -> list[list[int]]:
    """The bells of a cell by powers of the place in it, then their two derivatives.

    They are those of the sum of truncated powers, in whole numbers, $d!$ times too large: where
    they are still summed exactly, its cancellation costs nothing.
    """
    powers = range(degree + 1)
    values = [
        [
            comb(degree, power)
            * sum(
                (-1) ** k * comb(degree + 1, k) * (m - k) ** (degree - power) for k in range(m + 1)
            )
            for power in powers
        ]
        for m in reversed(powers)  # the bell that began first is the furthest on
    ]
    slopes = [[*(n * row[n] for n in powers[1:]), 0] for row in values]
    bends = [[*(n * row[n] for n in powers[1:]), 0] for row in slopes]
    return values + slopes + bends


def bells(t: Tensor, degree: int, order: int, step: float) -> tuple[Tensor, ...]:
    """Bells at `t` cells from their centres, and their derivatives, of any shape."""
    side = torch.where(t < 0, -1.0, 1.0)  # not the sign: 0 in the middle has a curvature, too
    parts = [torch.relu((degree + 1) / 2 - k - side * t) for k in range(degree // 2 + 1)]
    weights = [(-1) ** k * comb(degree + 1, k) for k in range(len(parts))]

    def summed(exponent: int) -> Tensor:
        if exponent < 0:
            return torch.zeros_like(t)
        scale = factorial(exponent)
        powers = ((part > 0).to(t) if exponent == 0 else part**exponent for part in parts)
        return total([weighted(*one) for one in zip(weights, powers, strict=True)]) / scale

    value = summed(degree)
    if order == 0:
        return (value,)
    first = -side * summed(degree - 1) / step
    return (value, first) if order == 1 else (value, first, summed(degree - 2) / step**2)


def _alternating(powers: list[Tensor], degree: int) -> Tensor:
    """The sum with the signs and binomials of truncated powers, written over the first."""
    first, *rest = powers
    for k, power in enumerate(rest, 1):
        first.add_(power, alpha=(-1) ** k * comb(degree + 1, k))
    return first
