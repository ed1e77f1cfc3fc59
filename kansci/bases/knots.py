r"""B-splines on knots of any distance, as a grid has them once it was fitted to data.

Source: Liu et al. 2024, "KAN: Kolmogorov-Arnold Networks", arXiv:2404.19756, appendix A (grids
that follow the data); de Boor 1978, "A Practical Guide to Splines", chapter X.
We differ: of all functions only the `degree + 1` that are not 0 at a point are computed.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from kansci.bases.basis import check_degree, check_domain, check_grid
from kansci.bases.local import Local


class KnotSpline(Local):
    r"""B-splines $B_{k,d}$ of the degree $d$ on rising knots $\tau$, for each input its own.

    $$B_{k,p}(x) = \frac{x - \tau_k}{\tau_{k+p} - \tau_k}\,B_{k,p-1}(x)
                 + \frac{\tau_{k+p+1} - x}{\tau_{k+p+1} - \tau_{k+1}}\,B_{k+1,p-1}(x)$$

    The knots given divide the domain; beyond it they go on by the mean distance. As on a uniform
    grid, the `grid + degree` functions sum to 1 on the domain and fade outside it.

    Args:
        knots: rising, from the lower end of the domain to the upper, `(grid + 1,)` or, a row for
            each input, `(in, grid + 1)`.
        degree: of the polynomial pieces, at least 1.

    Attributes:
        knots: `(in, grid + 1)`, a buffer of float64, so that no dtype loses digits; it may be
            overwritten, and what is extended follows.

    Raises:
        ValueError: for a degree below 1, less than two knots, another shape, or knots that do not
            rise.
    """

    knots: Tensor

    def __init__(self, dim_in: int, *, knots: Tensor, degree: int = 3) -> None:
        super().__init__()
        check_degree(degree)
        if (
            knots.ndim not in (1, 2)
            or knots.shape[-1] < 2
            or knots.shape[:-1] not in {(), (dim_in,)}
        ):
            raise ValueError(f"want knots ({dim_in}, 2 or more), got shape={tuple(knots.shape)}")
        if not knots.is_meta and not (knots.diff(dim=-1) > 0).all():
            raise ValueError(f"want knots that rise, got knots={knots.tolist()}")
        self.degree, self.few = degree, degree + 1
        self.size = knots.shape[-1] - 1 + degree
        self.register_buffer("knots", knots.detach().double().expand(dim_in, -1).clone())

    @classmethod
    def from_uniform(
        cls,
        dim_in: int,
        *,
        grid: int = 5,
        degree: int = 3,
        domain: tuple[float, float] = (-1.0, 1.0),
    ) -> KnotSpline:
        """The functions of `BSpline`, on knots that can move."""
        check_grid(grid)
        check_domain(domain)
        knots = torch.linspace(*domain, grid + 1, dtype=torch.double)
        return cls(dim_in, knots=knots, degree=degree)

    def near(self, x: Tensor, order: int) -> tuple[Tensor, tuple[Tensor, ...]]:
        degree, knots = self.degree, self.extended(x.dtype)
        last = self.size + 2 * degree
        x = x.clamp(knots[:, degree - 1 : degree], knots[:, last + 1 : last + 2])
        cell = cells(knots, x.detach()).clamp(degree - 1, last).unsqueeze(-2)  # (in, 1, point)
        reach = torch.arange(1 - degree, degree + 1, device=x.device).unsqueeze(-1)
        around = knots.gather(-1, (cell + reach).flatten(-2)).unflatten(-1, (2 * degree, -1))
        return cell - 2 * degree, de_boor(x.unsqueeze(-2), around, order)

    def extended(self, dtype: torch.dtype) -> Tensor:
        """The knots and those beyond, twice as many as the degree a side, `(in, grid + 1 + ...)`.

        Those next to the domain carry functions; the others only complete the recurrence.
        """
        knots = self.knots.to(dtype)
        low, high = knots[:, :1], knots[:, -1:]
        beyond = torch.arange(1, 2 * self.degree + 1, device=knots.device)
        beyond = beyond * ((high - low) / (knots.shape[-1] - 1))
        return torch.cat([low - beyond.flip(-1), knots, high + beyond], -1)


def cells(knots: Tensor, x: Tensor) -> Tensor:
    """The last knot that is not above each point, by bisection; the first, if all are.

    Not `torch.searchsorted`, which warns of memory layouts when it is lifted (torch 2.13).

    Shape:
        knots: `(in, knot)`, rising.
        x: `(in, point)` to whole `(in, point)`.
    """
    last = knots.shape[-1] - 1
    found = torch.zeros_like(x, dtype=torch.long)
    for power in reversed(range(last.bit_length())):
        further = (found + 2**power).clamp(max=last)
        found = torch.where(knots.gather(-1, further) <= x, further, found)
    return found


def de_boor(x: Tensor, knots: Tensor, order: int) -> tuple[Tensor, ...]:
    r"""The splines that are not 0 between the two knots in the middle, and their derivatives.

    $B'_{k,p} = p\,(q_k - q_{k+1})$ with $q_k = B_{k,p-1}/(\tau_{k+p} - \tau_k)$.

    Shape:
        x: `(*, 1, point)`.
        knots: as many on both sides as the degree, `(*, 2 * degree, point)`, to
            `(*, degree + 1, point)` each.
    """
    degree = knots.shape[-2] // 2
    rows = [torch.ones_like(x)] + [torch.zeros_like(x)] * order
    for level in range(1, degree + 1):
        lower, upper = (
            knots[..., degree - level : degree, :],
            knots[..., degree : degree + level, :],
        )
        shares = [row / (upper - lower) for row in rows]
        value = _after((x - lower) * shares[0]) + _before((upper - x) * shares[0])
        rows = [value] + [level * (_after(q) - _before(q)) for q in shares[:-1]]
    return tuple(rows)


def _before(rows: Tensor) -> Tensor:
    """Of each function that share which ends, a row of 0 appended."""
    return functional.pad(rows, (0, 0, 0, 1))


def _after(rows: Tensor) -> Tensor:
    """Of each function that share which begins, a row of 0 before."""
    return functional.pad(rows, (0, 0, 1, 0))
