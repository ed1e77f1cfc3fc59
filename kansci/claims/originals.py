r"""Layers as published code computes them, for timings alone: forms of the zoo have other kernels.

Each makes all its functions for every input, `(point, in, size)`, and then one product.

Source: de Boor 1972, "On calculating with B-splines", doi:10.1016/0021-9045(72)90080-9, for the
recursion, as in https://github.com/Blealtan/efficient-kan; Coffman and Chen 2025, arXiv:2502.07176,
for its matrix; Li 2024, https://github.com/ZiyaoLi/fast-kan; Delis 2024,
https://github.com/AthanasiosDelis/faster-kan; Marin 2025,
https://github.com/cats-marin/KANditioned, with its kernel "embedding_bag".
We differ: each is written anew from its formula. The matrix is applied once an input, where
MatrixKAN does so once an edge.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from kansci.bases import Hat

Functions = Callable[[Tensor], Tensor]


class Expanded(nn.Module):
    """All functions of every input, then one product, and SiLU through another.

    Args:
        functions: `(point, in)` to `(point, in, size)`.
        norm: LayerNorm before the functions.
        base: the branch of SiLU.
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
    ) -> None:
        super().__init__()
        self.functions = functions
        self.norm = nn.LayerNorm(dim_in) if norm else nn.Identity()
        self.product = nn.Linear(dim_in * size, dim_out, bias=False)
        self.base = nn.Linear(dim_in, dim_out) if base else None

    def forward(self, x: Tensor) -> Tensor:
        y = self.product(self.functions(self.norm(x)).flatten(-2))
        return y if self.base is None else y + self.base(F.silu(x))


class Recursion(nn.Module):
    """B-splines on even knots by Cox and de Boor's recursion."""

    knots: Tensor

    def __init__(self, grid: int = 5, degree: int = 3) -> None:
        super().__init__()
        self.degree, self.size = degree, grid + degree
        self.register_buffer("knots", torch.arange(-degree, grid + degree + 1) * (2 / grid) - 1)

    def forward(self, x: Tensor) -> Tensor:
        x, t = x.unsqueeze(-1), self.knots
        value = ((x >= t[:-1]) & (x < t[1:])).to(x.dtype)
        for k in range(1, self.degree + 1):
            left = (x - t[: -k - 1]) / (t[k:-1] - t[: -k - 1])
            right = (t[k + 1 :] - x) / (t[k + 1 :] - t[1:-k])
            value = left * value[..., :-1] + right * value[..., 1:]
        return value


class MatrixForm(nn.Module):
    """The same by powers of the place in a cell and a matrix, put where the cell is."""

    matrix: Tensor

    def __init__(self, grid: int = 5, degree: int = 3) -> None:
        super().__init__()
        self.grid, self.degree, self.size = grid, degree, grid + degree
        self.register_buffer("matrix", spline_matrix(degree).float())

    def forward(self, x: Tensor) -> Tensor:
        place = (x + 1) * (self.grid / 2)
        cell = place.floor().clamp(0, self.grid - 1)
        u = (place - cell).unsqueeze(-1)
        few = u ** torch.arange(self.degree + 1, device=x.device) @ self.matrix.to(x.dtype)
        empty = x.new_zeros((*x.shape, self.size))
        index = cell.long().unsqueeze(-1) + torch.arange(self.degree + 1, device=x.device)
        return empty.scatter(-1, index, few)


def spline_matrix(degree: int) -> Tensor:
    r"""From powers of $u$ in [0, 1] to the splines that are not 0, `(power, spline)`, float64.

    By the recursion on polynomials: spline $j$ of degree $k$ is
    $\frac{(u + k - j)\,N_{j-1} + (j + 1 - u)\,N_j}{k}$ of the splines $N$ of degree $k - 1$.
    """
    now = torch.ones(1, 1, dtype=torch.double)
    for k in range(1, degree + 1):
        wider = torch.zeros(k + 1, k + 1, dtype=torch.double)
        for j in range(k + 1):
            if j > 0:
                wider[:-1, j] += (k - j) * now[:, j - 1]
                wider[1:, j] += now[:, j - 1]
            if j < k:
                wider[:-1, j] += (j + 1) * now[:, j]
                wider[1:, j] -= now[:, j]
        now = wider / k
    return now


class Bells(nn.Module):
    """Something of the distance from even centres, in their distances."""

    centres: Tensor

    def __init__(self, bell: Functions, reach: float, size: int = 8) -> None:
        super().__init__()
        self.bell, self.size, self.step = bell, size, 2 * reach / (size - 1)
        self.register_buffer("centres", torch.linspace(-reach, reach, size))

    def forward(self, x: Tensor) -> Tensor:
        return self.bell((x.unsqueeze(-1) - self.centres) / self.step)


def gaussian(t: Tensor) -> Tensor:
    return torch.exp(-(t**2))


def switch(t: Tensor) -> Tensor:
    return 1 - torch.tanh(t) ** 2


def recursive(widths: tuple[int, ...], grid: int = 5, degree: int = 3) -> nn.Module:
    """As efficient-kan."""
    return nn.Sequential(
        *(Expanded(i, o, Recursion(grid, degree), grid + degree) for i, o in pairwise(widths))
    )


def by_matrix(widths: tuple[int, ...], grid: int = 5, degree: int = 3) -> nn.Module:
    """As MatrixKAN, for every input once."""
    return nn.Sequential(
        *(Expanded(i, o, MatrixForm(grid, degree), grid + degree) for i, o in pairwise(widths))
    )


def fast(widths: tuple[int, ...]) -> nn.Module:
    """As FastKAN: LayerNorm, eight Gaussians on [-2, 2], a base branch."""
    return nn.Sequential(
        *(Expanded(i, o, Bells(gaussian, 2.0), 8, norm=True) for i, o in pairwise(widths))
    )


def faster(widths: tuple[int, ...]) -> nn.Module:
    """As FasterKAN: LayerNorm, eight switches on [-1.2, 1.2], no base branch."""
    return nn.Sequential(
        *(Expanded(i, o, Bells(switch, 1.2), 8, norm=True, base=False) for i, o in pairwise(widths))
    )


class Lookup(nn.Module):
    """As LinearKAN: a table of values on even points, of which two rows an input are read.

    Args:
        size: control points of an input, on [-1, 1].
    """

    def __init__(self, dim_in: int, dim_out: int, size: int) -> None:
        super().__init__()
        self.hats, self.size = Hat(dim_in, grid=size - 1), size
        self.table = nn.Parameter(drawn(dim_out, dim_in, size).flatten(1).mT.contiguous())

    def forward(self, x: Tensor) -> Tensor:
        first, (weights,) = self.hats.near(x.mT, 0)  # (in, 1, point), (in, 2, point)
        start = self.size * torch.arange(x.shape[-1], device=x.device)[:, None, None]
        rows = first.long() + start + torch.arange(2, device=x.device).unsqueeze(-1)
        index, bag = (one.flatten(0, 1).mT.contiguous() for one in (rows, weights))
        return F.embedding_bag(index, self.table, per_sample_weights=bag, mode="sum")


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


def drawn(dim_out: int, dim_in: int, size: int) -> Tensor:
    """Coefficients, `(out, in, size)`."""
    generator = torch.Generator().manual_seed(0)
    return torch.randn(dim_out, dim_in, size, generator=generator) / math.sqrt(dim_in * size)
