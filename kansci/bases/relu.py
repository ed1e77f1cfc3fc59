r"""Powers of products of ReLUs: bells that need no spline recursion.

Source: Qiu et al. 2024, "ReLU-KAN", arXiv:2406.02075; So and Yung 2024, "Higher-order-ReLU-KANs",
arXiv:2409.14248.
We differ: the factor follows the learned ends, as the papers' formula does; the authors' code
keeps that of the first ends while training moves them. The grid lies on [-1, 1], not [0, 1].
"""

import torch
from torch import Tensor, nn

from kansci.bases.basis import ClosedForm, check_domain, check_grid
from kansci.jets import weighted


class ReluBell(ClosedForm):
    r"""Bells $R_k(x) = \Big(\frac{4}{(e_k - s_k)^2}\,\mathrm{relu}(e_k - x)\,
    \mathrm{relu}(x - s_k)\Big)^m$.

    Each bell lives on $[s_k, e_k]$ and peaks at 1 in the middle; $m - 1$ of its derivatives are
    continuous at the ends. The ends are learned, a pair for each input, as in the papers.

    Args:
        grid: cells that divide the domain (`g` in the paper).
        order: cells by which a bell reaches past its own (`k` in the paper).
        power: $m \ge 2$; 2 is ReLU-KAN, and equations that take second derivatives want 3 or more.
        domain: outside of which the bells fade.

    Raises:
        ValueError: for a grid or order below 1, a power below 2 or an empty domain.
    """

    keeps = 2

    def __init__(
        self,
        dim_in: int,
        *,
        grid: int = 5,
        order: int = 3,
        power: int = 2,
        domain: tuple[float, float] = (-1.0, 1.0),
    ) -> None:
        super().__init__()
        check_grid(grid)
        check_domain(domain)
        if order < 1:
            raise ValueError(f"want order >= 1, got {order=}")
        if power < 2:
            raise ValueError(f"want power >= 2, got {power=}")
        self.order, self.power = order, power
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
        bell = factor * left * right  # to the first power
        m = self.power
        lower = bell if m == 2 else bell ** (m - 1)
        if order == 0:
            return (lower * bell,)
        inside = (left > 0) & (right > 0)
        slope = torch.where(inside, factor * (right - left), 0.0)
        if order == 1:
            return lower * bell, m * lower * slope
        bend = torch.where(inside, 2 * factor * bell, 0.0)
        second = m * (weighted(m - 1, slope.square()) - bend)
        second = second if m == 2 else second * bell ** (m - 2)
        return lower * bell, m * lower * slope, second

    def trained(self) -> tuple[Tensor, ...]:
        return self.start, self.end

    def fill(self, x: Tensor, out: Tensor, *, keep: bool) -> tuple[Tensor, ...]:
        start, end = self.start.unsqueeze(-1), self.end.unsqueeze(-1)
        left = (x.unsqueeze(-2) - start).clamp_(min=0)
        right = (end - x.unsqueeze(-2)).clamp_(min=0)
        torch.mul(left, right, out=out)
        out.mul_(4 / (end - start).square_()).pow_(self.power)
        return left, right

    def pull(
        self, x: Tensor, out: Tensor, kept: tuple[Tensor, ...], cotangent: Tensor
    ) -> tuple[Tensor, ...]:
        left, right = kept
        width = (self.end - self.start).unsqueeze(-1)
        factor = 4 / width.square()
        lower = (left * right).mul_(factor).pow_(self.power - 1)
        back = cotangent.mul_(lower).mul_(self.power * factor)
        by_left, by_right = back * right, back.mul_(left)
        by_width = (by_right * right).sum(-1).mul_(2 / width.squeeze(-1))
        by_start = by_width - by_left.sum(-1)
        by_end = by_right.sum(-1) - by_width
        return by_left.sub_(by_right).sum(-2), by_start, by_end
