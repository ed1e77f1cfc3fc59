r"""Squared products of ReLUs: bells that need no spline recursion.

Source: Qiu et al. 2024, "ReLU-KAN", arXiv:2406.02075.
We differ: the factor follows the learned ends, as the paper's formula does; the authors' code
keeps that of the first ends while training moves them. The grid lies on [-1, 1], not [0, 1].
"""

import torch
from torch import Tensor, nn

from kansci.bases.basis import ClosedForm, check_domain, check_grid


class ReluBell(ClosedForm):
    r"""Bells $R_k(x) = [\mathrm{relu}(e_k - x)\,\mathrm{relu}(x - s_k)]^2\,16/(e_k - s_k)^4$.

    Each bell lives on $[s_k, e_k]$ and peaks at 1 in the middle; its second derivative jumps at
    the ends. The ends are learned, a pair for each input, as in the paper.

    Args:
        grid: cells that divide the domain (`g` in the paper).
        order: cells by which a bell reaches past its own (`k` in the paper).
        domain: outside of which the bells fade.

    Raises:
        ValueError: for a grid or order below 1 or an empty domain.
    """

    def __init__(
        self,
        dim_in: int,
        *,
        grid: int = 5,
        order: int = 3,
        domain: tuple[float, float] = (-1.0, 1.0),
    ) -> None:
        super().__init__()
        check_grid(grid)
        check_domain(domain)
        if order < 1:
            raise ValueError(f"want order >= 1, got {order=}")
        low, high = domain
        cell = (high - low) / grid
        start = low + cell * torch.arange(-order, grid)  # (size,)
        self.size = grid + order
        self.start = nn.Parameter(start.expand(dim_in, -1).clone())
        self.end = nn.Parameter((start + cell * (order + 1)).expand(dim_in, -1).clone())

    def rows(self, x: Tensor, order: int) -> tuple[Tensor, ...]:
        start, end = self.start.unsqueeze(-1), self.end.unsqueeze(-1)  # (in, size, 1)
        left = torch.relu(x.unsqueeze(-2) - start)  # (in, size, point)
        right = torch.relu(end - x.unsqueeze(-2))
        factor = 4 / (end - start).square()
        bell = factor * left * right
        if order == 0:
            return (bell.square(),)
        inside = (left > 0) & (right > 0)
        slope = torch.where(inside, factor * (right - left), 0.0)
        if order == 1:
            return bell.square(), 2 * bell * slope
        second = 2 * (slope.square() - torch.where(inside, 2 * factor * bell, 0.0))
        return bell.square(), 2 * bell * slope, second
