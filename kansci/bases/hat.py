r"""Hats: piecewise linear functions by their values on a grid, as in LinearKAN.

Source: Marin 2025, kanditioned ("LinearKAN"), https://github.com/cats-marin/KANditioned.
We differ: the grid lies on [-1, 1] and has eight points; theirs has 32 on [-2, 2].
"""

import torch
from torch import Tensor

from kansci.bases.basis import check_domain, check_grid
from kansci.bases.local import DENSE, Local


class Hat(Local):
    r"""Hats $\mathrm{relu}(1 - |t - k|)$ with $t = (x - \mathrm{low})/h$, on `grid` cells.

    A coefficient is the function's value on its grid point. Outside the domain the pieces at
    the ends go on in a straight line. The `grid + 1` hats sum to 1 everywhere; the second
    derivative is 0 almost everywhere. At a point two of them are not 0: those of its cell, or of
    the nearest one, of which the shares $1 - u$ and $u$ then leave [0, 1].

    Args:
        grid: cells that divide the domain.
        domain: of the first and the last grid point.

    Raises:
        ValueError: for a grid below 1 or an empty domain.
    """

    few = 2
    points: Tensor

    def __init__(
        self, dim_in: int, *, grid: int = 7, domain: tuple[float, float] = (-1.0, 1.0)
    ) -> None:
        super().__init__()
        check_grid(grid)
        check_domain(domain)
        self.grid = grid
        self.size = grid + 1
        self.low, high = domain
        self.step = (high - self.low) / grid
        self.register_buffer("points", torch.arange(self.size).float())  # in cells: exact

    def near(self, x: Tensor, order: int) -> tuple[Tensor, tuple[Tensor, ...]]:
        t = self._cells(x)
        cell = t.detach().floor().clamp(0, self.grid - 1)
        u = t - cell
        rise = torch.ones_like(u) / self.step
        value, first = torch.cat([1 - u, u], -2), torch.cat([-rise, rise], -2)
        return cell, (value, first, torch.zeros_like(value))[: order + 1]

    def every(self, x: Tensor, order: int) -> tuple[Tensor, ...]:
        cell, near = self.near(x, order)
        points = self.points.unsqueeze(-1)
        left, right = points == cell, points == cell + 1  # (in, size, point)
        return tuple(
            torch.where(left, one[..., :1, :], torch.where(right, one[..., 1:, :], 0.0))
            for one in near
        )

    def fill(self, x: Tensor, out: Tensor, *, keep: bool) -> tuple[Tensor, ...]:
        if self.size > DENSE:
            return super().fill(x, out, keep=keep)
        t = self._cells(x)
        inside = t.clamp(0, self.grid)
        torch.sub(inside, self.points.unsqueeze(-1), out=out)
        out.abs_().clamp_(max=1).neg_().add_(1)
        beyond = t.sub_(inside)
        low, high = beyond.clamp(max=0), beyond.clamp_(min=0)
        out[:, :2].add_(torch.cat([-low, low], 1))
        out[:, -2:].add_(torch.cat([-high, high], 1))
        return ()

    def pull(
        self, x: Tensor, out: Tensor, kept: tuple[Tensor, ...], cotangent: Tensor
    ) -> tuple[Tensor, ...]:
        cell = self._cells(x).floor_().clamp_(0, self.grid - 1).long()
        fall, rise = cotangent.gather(-2, cell), cotangent.gather(-2, cell + 1)
        return (rise.sub_(fall).squeeze(-2).div_(self.step),)

    def by_points(self, values: Tensor) -> Tensor:
        """Coefficients from a function's values on the grid points, `(*, size)`."""
        return values

    def bends(self, coef: Tensor) -> Tensor:
        """How much the slope changes at each inner point, in cells, `(*, grid - 1)`."""
        return coef.diff(n=2)

    def _cells(self, x: Tensor) -> Tensor:
        """How many cells each point lies from the first grid point, `(in, 1, point)`."""
        return ((x - self.low) / self.step).unsqueeze(-2)


class Ramp(Hat):
    r"""The same functions by their bends: $1,\; t,\; \mathrm{relu}(t - 1),\; \dots$

    A coefficient is the value on the first grid point, the first slope, or how much the slope
    changes at an inner point, a second difference of the values. Two cumulative sums make the
    values of them; where rows are asked for, it is the functions that are summed. A penalty on
    bends is one on the parameters themselves, which leaves it well conditioned on fine grids.
    """

    def rows(self, x: Tensor, order: int) -> tuple[Tensor, ...]:
        t = self._cells(x)
        late = t - self.points[: self.grid - 1].unsqueeze(-1) - 1  # (in, grid - 1, point)
        one = torch.ones_like(t)
        value = torch.cat([one, t, torch.relu(late)], -2)
        first = torch.cat([0 * one, one, (late > 0).to(t)], -2) / self.step
        return (value, first, torch.zeros_like(value))[: order + 1]

    def fill(self, x: Tensor, out: Tensor, *, keep: bool) -> tuple[Tensor, ...]:
        out[:, :1].fill_(1)
        out[:, 1:] = self._cells(x)
        out[:, 2:].sub_(self.points[1 : self.grid].unsqueeze(-1)).clamp_(min=0)
        return ()

    def pull(
        self, x: Tensor, out: Tensor, kept: tuple[Tensor, ...], cotangent: Tensor
    ) -> tuple[Tensor, ...]:
        slope = cotangent[:, 2:].mul_(out[:, 2:] > 0).sum(-2)
        return (slope.add_(cotangent[:, 1]).div_(self.step),)

    def edges(self, coef: Tensor, x: Tensor, order: int) -> tuple[Tensor, ...]:
        if not self.looks_up(coef.shape[1]):
            return tuple(coef @ row for row in self.rows(x, order))
        return super().edges(self.values(coef), x, order)

    def sums(self, coef: Tensor, x: Tensor) -> Tensor:
        return super().sums(self.values(coef) if self.bags(len(coef)) else coef, x)

    def values(self, coef: Tensor) -> Tensor:
        """On the grid points, `(*, size)`, by two parallel scans; `by_points` undoes it."""
        first, slopes = coef[..., :1], coef[..., 1:].cumsum(-1)
        return torch.cat([first, first + slopes.cumsum(-1)], -1)

    def by_points(self, values: Tensor) -> Tensor:
        return torch.cat([values[..., :1], values[..., :2].diff(), values.diff(n=2)], -1)

    def bends(self, coef: Tensor) -> Tensor:
        return coef[..., 2:]
