r"""Hats: piecewise linear functions by their values on a grid, as in LinearKAN.

Source: Marin 2025, kanditioned ("LinearKAN"), https://github.com/cats-marin/KANditioned.
We differ: the grid lies on [-1, 1] and has eight points; theirs has 32 on [-2, 2].
"""

import torch
from torch import Tensor

from kansci.bases.basis import ClosedForm, check_domain, check_grid


class Hat(ClosedForm):
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

    def rows(self, x: Tensor, order: int) -> tuple[Tensor, ...]:
        t = ((x - self.low) / self.step).unsqueeze(-2)  # (in, 1, point)
        points, below, above = (row.unsqueeze(-1) for row in (self.points, self.below, self.above))
        distance = t.clamp(0, self.grid) - points  # (in, size, point)
        under, over = -torch.relu(-t), torch.relu(t - self.grid)
        value = torch.relu(1 - distance.abs()) + under * below + over * above
        if order == 0:
            return (value,)
        within = (distance.abs() < 1) & (t >= 0) & (t <= self.grid)
        slope = torch.where(within, -distance.sign(), (t < 0) * below + (t > self.grid) * above)
        return (value, slope / self.step, torch.zeros_like(value))[: order + 1]
