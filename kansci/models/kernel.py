r"""Gaussian kernels around points of the data: linear in their weights.

$$f(x) = \sum_{k=1}^{m} c_k \exp\bigl(-|x - z_k|^2 / (2 \ell^2)\bigr)$$

Source: Smola and Schölkopf 2000, "Sparse Greedy Matrix Approximation for Machine Learning", ICML
(a subset of the data as centres); Williams and Seeger 2001, NIPS 13.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Kernels(nn.Module):
    """Gaussians of one width around centres that are not trained but count, as they differ.

    Args:
        size: how many centres; uniform in [-1, 1], until they are chosen among data.

    Shape:
        x: `(*, in)` to `(*, out)`.

    Raises:
        ValueError: for a size below 1.
    """

    centres: Tensor
    length: Tensor

    def __init__(self, dim_in: int, dim_out: int, size: int) -> None:
        super().__init__()
        if size < 1:
            raise ValueError(f"want size >= 1, got {size=}")
        self.coef = nn.Parameter(torch.zeros(size, dim_out))
        self.register_buffer("centres", 2 * torch.rand(size, dim_in) - 1)
        self.register_buffer("length", torch.ones(()))

    def forward(self, x: Tensor) -> Tensor:
        if x.shape[-1] != self.centres.shape[1]:
            raise ValueError(f"want x (*, {self.centres.shape[1]}), got {tuple(x.shape)}")
        return self.kernel(x) @ self.coef

    def kernel(self, x: Tensor) -> Tensor:
        """`(*, in)` to `(*, size)`; products, so that no `(*, size, in)` is ever held."""
        squares = x.square().sum(-1, keepdim=True) + self.centres.square().sum(-1)
        away = squares - 2 * x @ self.centres.mT
        return torch.exp(-away.clamp_min(0) / (2 * self.length.square()))
