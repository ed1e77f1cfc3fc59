r"""B-splines on a uniform grid: the basis of the first KAN.

Source: Liu et al. 2024, "KAN: Kolmogorov-Arnold Networks", arXiv:2404.19756, section 2.2;
de Boor 1978, "A Practical Guide to Splines", chapter IX.
We differ: the grid is fixed, and the four cubic bells of a cell are evaluated in closed form.
"""

import torch
from torch import Tensor

from kansci.bases.basis import Basis, check_domain, check_grid
from kansci.bases.local import spread
from kansci.calculus import taylor


class BSpline(Basis):
    r"""Shifted copies of one bell, $B_k(x) = N\big((x - x_k)/h\big)$, on `grid` cells of width $h$.

    $N$ is the centred cardinal B-spline of the degree $d$: $d - 1$ times continuously
    differentiable, of support $|t| < (d + 1)/2$. The `grid + degree` bells sum to 1 on the domain
    and fade outside it. In a cell only $d + 1$ of them are not 0; cubic ones are

    $$\tfrac16\big(v^3,\; 4 + 3u^2(u - 2),\; 4 + 3v^2(v - 2),\; u^3\big), \qquad v = 1 - u,$$

    at $u \in [0, 1]$ of it. Unlike the sum of truncated powers, nothing cancels on fine grids, and
    nothing grows outside them.

    Args:
        grid: cells that divide the domain.
        degree: of the polynomial pieces, at least 1.
        domain: where the bells sum to 1.

    Raises:
        ValueError: for a grid or degree below 1 or an empty domain.
    """

    centres: Tensor

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
        if degree < 1:
            raise ValueError(f"want degree >= 1, got {degree=}")
        low, high = domain
        self.size = grid + degree
        self.degree = degree
        self.step = (high - low) / grid
        self.low = low
        # In cells, where they are multiples of a half: exact in every dtype.
        self.register_buffer("centres", torch.arange(self.size) + (1 - degree) / 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.taylor(x, 0)[0]

    def taylor(self, x: Tensor, order: int) -> tuple[Tensor, ...]:
        if self.degree != 3:
            return taylor(lambda z: cardinal(self._cells(z) - self.centres, self.degree), x, order)
        t = self._cells(x)
        cell = t.detach().floor().clamp(-4, self.size)
        u = (t - cell).clamp(0, 1)
        return tuple(spread(rows, cell, self.size) for rows in pieces(u, order, self.step))

    def _cells(self, x: Tensor) -> Tensor:
        """How many cells each point lies from the lower end, `(*, in, 1)`."""
        return ((x - self.low) / self.step).unsqueeze(-1)


def pieces(u: Tensor, order: int, step: float) -> tuple[Tensor, ...]:
    """The four cubic bells of a cell at `u` in [0, 1] of it, and their derivatives, `(*, 4)`."""
    v = 1 - u
    value = torch.cat([v**3, 4 + 3 * u * u * (u - 2), 4 + 3 * v * v * (v - 2), u**3], -1) / 6
    if order == 0:
        return (value,)
    first = torch.cat([-v * v, u * (3 * u - 4), v * (4 - 3 * v), u * u], -1) / (2 * step)
    second = torch.cat([v, 3 * u - 2, 3 * v - 2, u], -1) / step**2
    return (value, first, second)[: order + 1]


def cardinal(t: Tensor, degree: int) -> Tensor:
    r"""The centred cardinal B-spline by its recurrence over degrees, of any shape.

    $$N_d(t) = \frac{(\tfrac{d+1}2 + t)\,N_{d-1}(t + \tfrac12)
               + (\tfrac{d+1}2 - t)\,N_{d-1}(t - \tfrac12)}{d}$$

    It starts from hats, so that derivatives exist almost everywhere.
    """
    if degree == 1:
        return torch.relu(1 - t.abs())
    half = (degree + 1) / 2
    left, right = cardinal(t + 0.5, degree - 1), cardinal(t - 0.5, degree - 1)
    return ((half + t) * left + (half - t) * right) / degree
