r"""Hats: piecewise linear functions by their values on a grid, as in LinearKAN.

Source: Marin 2025, kanditioned ("LinearKAN"), https://github.com/cats-marin/KANditioned.
We differ: the grid lies on [-1, 1] and has eight points; theirs has 32 on [-2, 2].
"""

import torch
from torch import Tensor

from kansci.bases.basis import Basis, check_domain, check_grid


class Hat(Basis):
    r"""Hats $\mathrm{relu}(1 - |t - k|)$ with $t = (x - \mathrm{low})/h$, on `grid` cells.

    A coefficient is the function's value on its grid point. Outside the domain the pieces at
    the ends go on in a straight line. The `grid + 1` hats sum to 1 everywhere; the second
    derivative is 0 almost everywhere.

    Args:
        grid: cells that divide the domain.
        domain: of the first and the last grid point.

    Raises:
        ValueError: for a grid below 1 or an empty domain.
    """

    points: Tensor
    below: Tensor
    above: Tensor

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
        points = torch.arange(self.size)
        self.register_buffer("points", points.float())
        # How the hats change for each cell that a point lies below or above the domain.
        self.register_buffer("below", (points == 1).float() - (points == 0).float())
        self.register_buffer("above", (points == grid).float() - (points == grid - 1).float())

    def forward(self, x: Tensor) -> Tensor:
        t = ((x - self.low) / self.step).unsqueeze(-1)  # (*, in, 1)
        hats = torch.relu(1 - (t.clamp(0, self.grid) - self.points).abs())  # (*, in, size)
        under, over = -torch.relu(-t), torch.relu(t - self.grid)
        return hats + under * self.below + over * self.above
