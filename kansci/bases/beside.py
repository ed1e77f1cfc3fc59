"""Several bases side by side, as one: splines and a base branch, splines and Gaussians."""

import torch
from torch import Tensor, nn

from kansci.bases.basis import Basis, ClosedForm


class Beside(ClosedForm):
    """The functions of all parts, in order; `size` is the sum of theirs."""

    def __init__(self, *parts: Basis) -> None:
        super().__init__()
        self.parts = nn.ModuleList(parts)
        self.size = sum(part.size for part in parts)

    def rows(self, x: Tensor, order: int) -> tuple[Tensor, ...]:
        parts = [part.rows(x, order) for part in self.parts]  # type: ignore[operator]
        return tuple(torch.cat(rows, -2) for rows in zip(*parts, strict=True))
