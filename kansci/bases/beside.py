"""Several bases side by side, as one: splines and a base branch, splines and Gaussians."""

import torch
from torch import Tensor, nn

from kansci.bases.basis import Basis


class Beside(Basis):
    """The functions of all parts, in order; `size` is the sum of theirs."""

    def __init__(self, *parts: Basis) -> None:
        super().__init__()
        self.parts = nn.ModuleList(parts)
        self.size = sum(part.size for part in parts)

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([part(x) for part in self.parts], -1)  # (*, in, size)

    def taylor(self, x: Tensor, order: int) -> tuple[Tensor, ...]:
        parts = [part.taylor(x, order) for part in self.parts]  # type: ignore[operator]
        return tuple(torch.cat(rows, -1) for rows in zip(*parts, strict=True))
