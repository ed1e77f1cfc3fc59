r"""B-splines on a uniform grid: the basis of the first KAN.

Source: Liu et al. 2024, "KAN: Kolmogorov-Arnold Networks", arXiv:2404.19756, section 2.2;
de Boor 1978, "A Practical Guide to Splines", chapter IX.
We differ: the grid is fixed, and cubic splines are evaluated in closed form.
"""

import torch
from torch import Tensor

from kansci.bases.basis import Basis, check_domain, check_grid


class BSpline(Basis):
    r"""Shifted copies of one bell, $B_k(x) = N\big((x - x_k)/h\big)$, on `grid` cells of width $h$.

    $N$ is the centred cardinal B-spline of the degree $d$: $d - 1$ times continuously
    differentiable, of support $|t| < (d + 1)/2$. The `grid + degree` bells sum to 1 on the domain
    and fade outside it. Cubic:

    $$N(t) = \tfrac16\big[\mathrm{relu}(2 - |t|)^3 - 4\,\mathrm{relu}(1 - |t|)^3\big],$$

    which, unlike the alternating sum of truncated powers, does not cancel.

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
        t = self._cells(x)
        return _cubic(t) if self.degree == 3 else cardinal(t, self.degree)

    def taylor(self, x: Tensor, order: int) -> tuple[Tensor, ...]:
        if self.degree != 3:
            return super().taylor(x, order)
        t = self._cells(x)
        away = t.abs()
        outer, inner = torch.relu(2 - away), torch.relu(1 - away)
        value = (outer.pow(3) - 4 * inner.pow(3)) / 6
        first = t.sign() * (4 * inner.square() - outer.square()) / (2 * self.step)
        second = (outer - 4 * inner) / self.step**2
        return (value, first, second)[: order + 1]

    def _cells(self, x: Tensor) -> Tensor:
        """How many cells each point lies from each centre, `(*, in, size)`."""
        return ((x - self.low) / self.step).unsqueeze(-1) - self.centres


def _cubic(t: Tensor) -> Tensor:
    away = t.abs()
    outer, inner = torch.relu(2 - away), torch.relu(1 - away)
    return (outer * outer * outer - 4 * inner * inner * inner) / 6


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
