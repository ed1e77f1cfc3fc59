r"""B-splines on a uniform grid: the basis of the first KAN.

Source: Liu et al. 2024, "KAN: Kolmogorov-Arnold Networks", arXiv:2404.19756, section 2.2;
de Boor 1978, "A Practical Guide to Splines", chapter IX.
We differ: the grid is fixed, and cubic bells are evaluated in closed form, in one of two ways that
agree to rounding: run as it is, the four pieces of a cell cost least; compiled, where a chain of
operations is one loop, all bells do.
"""

import torch
from torch import Tensor

from kansci.bases.basis import check_domain, check_grid
from kansci.bases.local import Local, fused
from kansci.jets import taylor

DENSE = 32  # functions up to which, compiled, all cost less than to find those that are not 0
# Six times the four cubic bells of a cell, by powers of the place in it: (1 - u)^3, and so on;
# then their two derivatives. Whole numbers, which are exact in every dtype.
PIECES = (
    *((1, -3, 3, -1), (4, 0, -6, 3), (1, 3, 3, -3), (0, 0, 0, 1)),
    *((-3, 6, -3, 0), (0, -12, 9, 0), (3, 6, -9, 0), (0, 0, 3, 0)),
    *((6, -6, 0, 0), (-12, 18, 0, 0), (6, -18, 0, 0), (0, 6, 0, 0)),
)


class BSpline(Local):
    r"""Shifted copies of one bell, $B_k(x) = N\big((x - x_k)/h\big)$, on `grid` cells of width $h$.

    $N$ is the centred cardinal B-spline of the degree $d$: $d - 1$ times continuously
    differentiable, of support $|t| < (d + 1)/2$. The `grid + degree` bells sum to 1 on the domain
    and fade outside it. Cubic ones are

    $$N(t) = \tfrac16\big(\mathrm{relu}(2 - |t|)^3 - 4\,\mathrm{relu}(1 - |t|)^3\big).$$

    Unlike in the sum of truncated powers, nothing cancels on fine grids, and nothing grows outside
    them. In a cell only four of them are not 0; on fine grids only those are computed.

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
        if degree < 1:
            raise ValueError(f"want degree >= 1, got {degree=}")
        low, high = domain
        self.size = grid + degree
        self.degree, self.few = degree, degree + 1
        self.step = (high - low) / grid
        self.low = low
        # In cells, where they are multiples of a half: exact in every dtype.
        self.register_buffer("centres", torch.arange(self.size) + (1 - degree) / 2)
        self.register_buffer("pieces", torch.tensor(PIECES).float(), persistent=False)

    def apart(self) -> bool:
        return self.degree == 3 and not (self.size <= DENSE and fused())

    def every(self, x: Tensor, order: int) -> tuple[Tensor, ...]:
        centres = self.centres.unsqueeze(-1)
        if self.degree == 3:
            return cubic(self._cells(x) - centres, order, self.step)
        return taylor(lambda z: cardinal(self._cells(z) - centres, self.degree), x, order)

    def near(self, x: Tensor, order: int) -> tuple[Tensor, tuple[Tensor, ...]]:
        t = self._cells(x)
        cell = t.detach().floor().clamp(-4, self.size)
        u = (t - cell).clamp(0, 1)  # (in, 1, point)
        powers = torch.cat([torch.ones_like(u), u, u * u, u * u * u], -2)  # (in, 4, point)
        pieces = (self.pieces[: 4 * (order + 1)] @ powers).split(4, -2)  # (in, 4, point) each
        return cell, tuple(one / (6 * self.step**number) for number, one in enumerate(pieces))

    def _cells(self, x: Tensor) -> Tensor:
        """How many cells each point lies from the lower end, `(in, 1, point)`."""
        return ((x - self.low) / self.step).unsqueeze(-2)


def cubic(t: Tensor, order: int, step: float) -> tuple[Tensor, ...]:
    """Cubic bells at `t` cells from their centres, and their derivatives, of any shape."""
    side = torch.where(t < 0, -1.0, 1.0)  # not the sign: 0 in the middle has a curvature, too
    far, near = torch.relu(2 - side * t), torch.relu(1 - side * t)
    value = (far * far * far - 4 * (near * near * near)) / 6
    if order == 0:
        return (value,)
    first = side * (4 * near * near - far * far) / (2 * step)
    if order == 1:
        return value, first
    return value, first, (far - 4 * near) / step**2


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
