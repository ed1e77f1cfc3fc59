r"""Functions of one input that published layers are made of, as published code computes them.

Source: de Boor 1972, "On calculating with B-splines", doi:10.1016/0021-9045(72)90080-9, for the
recursion; Coffman and Chen 2025, arXiv:2502.07176, for its matrix; Li 2024,
https://github.com/ZiyaoLi/fast-kan, and Delis 2024, https://github.com/AthanasiosDelis/faster-kan,
for bells.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

Bell = Callable[[Tensor, Tensor, float], Tensor]


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
            value = (x - t[: -k - 1]) / (t[k:-1] - t[: -k - 1]) * value[..., :-1] + (
                (t[k + 1 :] - x) / (t[k + 1 :] - t[1:-k]) * value[..., 1:]
            )
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
    """Something of the distance from even centres, in their distances.

    Args:
        bell: of places, centres and the distance between these.
    """

    centres: Tensor

    def __init__(self, bell: Bell, reach: float, size: int = 8) -> None:
        super().__init__()
        self.bell, self.size, self.step = bell, size, 2 * reach / (size - 1)
        self.register_buffer("centres", torch.linspace(-reach, reach, size))

    def forward(self, x: Tensor) -> Tensor:
        return self.bell(x.unsqueeze(-1), self.centres, self.step)


def gaussian(x: Tensor, centres: Tensor, step: float) -> Tensor:
    return torch.exp(-(((x - centres) / step) ** 2))


def switch(x: Tensor, centres: Tensor, step: float) -> Tensor:
    return 1 - torch.tanh((x - centres) / step) ** 2
