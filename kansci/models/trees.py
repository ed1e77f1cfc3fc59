r"""Boosted regression trees: sums of functions that are constant in boxes.

Every tree is complete: at each of its levels a point goes left if $x_j \le t$, and right
otherwise. Where a fitted tree ends earlier, its thresholds are infinite and all points go left.

Source: Friedman 2001, "Greedy function approximation: a gradient boosting machine", Annals of
Statistics 29:1189.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Trees(nn.Module):
    """Complete trees of one depth, as many for each output.

    Only the values of leaves are weights; thresholds and features count, as they differ.

    Args:
        size: trees an output.
        depth: levels; a tree has `2 ** depth` leaves.

    Shape:
        x: `(*, in)` to `(*, out)`.

    Raises:
        ValueError: for a size or depth below 1.
    """

    feature: Tensor
    threshold: Tensor

    def __init__(self, dim_in: int, dim_out: int, size: int, *, depth: int = 3) -> None:
        super().__init__()
        if size < 1 or depth < 1:
            raise ValueError(f"want size >= 1 and depth >= 1, got {size=}, {depth=}")
        self.dim_in, self.depth, inner = dim_in, depth, 2**depth - 1
        self.register_buffer("feature", torch.randint(dim_in, (dim_out, size, inner)))
        self.register_buffer("threshold", 2 * torch.rand(dim_out, size, inner) - 1)
        self.leaf = nn.Parameter(torch.randn(dim_out, size, inner + 1) / size**0.5)

    def forward(self, x: Tensor) -> Tensor:
        if x.shape[-1] != self.dim_in:
            raise ValueError(f"want x (*, {self.dim_in}), got {tuple(x.shape)}")
        points = x.reshape(-1, self.dim_in)
        outputs, trees, _ = self.threshold.shape
        node = torch.zeros(outputs, trees, len(points), dtype=torch.long, device=x.device)
        for _ in range(self.depth):
            feature, threshold = (one.gather(-1, node) for one in (self.feature, self.threshold))
            value = points.mT.expand(outputs, trees, -1, -1).gather(-2, feature.unsqueeze(-2))
            node = 2 * node + 1 + (value.squeeze(-2) > threshold)
        sums = self.leaf.gather(-1, node - self.threshold.shape[-1]).sum(1)  # (out, point)
        return sums.mT.reshape(*x.shape[:-1], outputs)


def numbers_of_a_tree(depth: int) -> int:
    """Values of leaves, and a feature and a threshold wherever it branches."""
    return 2**depth + 2 * (2**depth - 1)
