"""Layers as published code computes them, for timings alone: forms of the zoo have other kernels.

Each makes all its functions for every input, `(point, in, size)`, and then one product.

Source: https://github.com/Blealtan/efficient-kan; Coffman and Chen 2025, arXiv:2502.07176; Li 2024,
https://github.com/ZiyaoLi/fast-kan; Delis 2024, https://github.com/AthanasiosDelis/faster-kan;
Liu et al. 2024, https://github.com/KindXiaoming/pykan, for what keeps every edge.
We differ: each is written anew from its formula. Beside the layers of efficient-kan and fast-kan
theirs took 0.89-1.02 and 1.00-1.01 times as long.
"""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from kansci.claims.functions import Bells, MatrixForm, Recursion, gaussian, switch


class Expanded(nn.Module):
    """All functions of every input, then one product, and SiLU through another.

    Args:
        functions: `(point, in)` to `(point, in, size)`.
        norm: LayerNorm before the functions.
        base: the branch of SiLU.
        scaled: a factor for each pair of input and output, times its coefficients.
    """

    def __init__(
        self,
        dim_in: int,
        dim_out: int,
        functions: nn.Module,
        size: int,
        *,
        norm: bool = False,
        base: bool = True,
        scaled: bool = False,
    ) -> None:
        super().__init__()
        self.functions = functions
        self.norm = nn.LayerNorm(dim_in) if norm else nn.Identity()
        self.product = nn.Linear(dim_in * size, dim_out, bias=False)
        self.base = nn.Linear(dim_in, dim_out) if base else None
        self.factors = nn.Parameter(torch.ones(dim_out, dim_in, 1)) if scaled else None

    def forward(self, x: Tensor) -> Tensor:
        phi = self.functions(self.norm(x)).flatten(-2)
        coef = self.product.weight
        if self.factors is not None:
            coef = (coef.unflatten(1, (x.shape[-1], -1)) * self.factors).flatten(1)
        y = F.linear(phi, coef)
        return y if self.base is None else y + self.base(F.silu(x))


def recursive(widths: tuple[int, ...], grid: int = 5, degree: int = 3) -> nn.Module:
    """As efficient-kan."""
    return nn.Sequential(
        *(
            Expanded(i, o, Recursion(grid, degree), grid + degree, scaled=True)
            for i, o in pairwise(widths)
        )
    )


def by_matrix(widths: tuple[int, ...], grid: int = 5, degree: int = 3) -> nn.Module:
    """As MatrixKAN, for every input once."""
    return nn.Sequential(
        *(
            Expanded(i, o, MatrixForm(grid, degree), grid + degree, scaled=True)
            for i, o in pairwise(widths)
        )
    )


def fast(widths: tuple[int, ...], size: int = 8, *, norm: bool = True) -> nn.Module:
    """As FastKAN: LayerNorm, eight Gaussians on [-2, 2], a base branch."""
    return nn.Sequential(
        *(Expanded(i, o, Bells(gaussian, 2.0, size), size, norm=norm) for i, o in pairwise(widths))
    )


def faster(widths: tuple[int, ...], size: int = 8) -> nn.Module:
    """As FasterKAN: LayerNorm, eight switches on [-1.2, 1.2], no base branch."""
    return nn.Sequential(
        *(
            Expanded(i, o, Bells(switch, 1.2, size), size, norm=True, base=False)
            for i, o in pairwise(widths)
        )
    )


class EdgeByEdge(nn.Module):
    """A function of its own for each pair of input and output, evaluated one after the other.

    Args:
        functions: of one input, `(point, 1)` to `(point, 1, size)`.
        coef: `(out, in, size)`.
    """

    def __init__(self, functions: nn.Module, coef: Tensor) -> None:
        super().__init__()
        self.functions, self.coef = functions, nn.Parameter(coef)

    def forward(self, x: Tensor) -> Tensor:
        return torch.stack([self._output(x, own) for own in self.coef], -1)

    def _output(self, x: Tensor, own: Tensor) -> Tensor:
        edges = [self.functions(x[:, i : i + 1])[:, 0] @ c for i, c in enumerate(own)]
        return torch.stack(edges).sum(0)


class Kept(nn.Module):
    """As pykan's layer and MatrixKAN's: the values of every edge are made, copied and summed.

    Args:
        functions: `(point, in)` to `(point, in, size)`.
    """

    mask: Tensor

    def __init__(self, dim_in: int, dim_out: int, functions: nn.Module, size: int) -> None:
        super().__init__()
        self.functions = functions
        self.coef = nn.Parameter(drawn(dim_out, dim_in, size).transpose(0, 1).contiguous())
        self.base, self.scale = (nn.Parameter(torch.ones(dim_in, dim_out)) for _ in range(2))
        self.register_buffer("mask", torch.ones(dim_in, dim_out))

    def forward(self, x: Tensor) -> Tensor:
        spline = torch.einsum("pik,iok->pio", self.functions(x), self.coef)
        before = spline.clone()
        value = self.mask * (self.base * F.silu(x).unsqueeze(-1) + self.scale * spline)
        self.kept = before, value.clone()  # what pykan returns beside
        return value.sum(1)


def drawn(dim_out: int, dim_in: int, size: int) -> Tensor:
    """Coefficients, `(out, in, size)`."""
    generator = torch.Generator().manual_seed(0)
    return torch.randn(dim_out, dim_in, size, generator=generator) / math.sqrt(dim_in * size)
