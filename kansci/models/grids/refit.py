"""The functions on edges, put on another grid by least squares."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, cast

import torch
from torch import Tensor, nn

from kansci.bases import Basis, Beside
from kansci.models.grids.grid import Grid, find_grid
from kansci.models.grids.layers import Layer, exact, parts, weights
from kansci.models.published.scaled import ScaledSplines

Make = Callable[[Grid], Basis]
DENSE = 8  # points of a cell


class Refitted(NamedTuple):
    """A network on other grids.

    Attributes:
        network: a copy.
        residuals: of each layer with a grid, how far the functions on its edges moved at most, on
            the domain or on the data, as a share of their largest value there. Rounding alone is
            about 1e-15, and 1e-7 in a network of float32.
    """

    network: nn.Module
    residuals: tuple[float, ...]


class Sample(NamedTuple):
    """Points to which a layer's functions are fitted.

    Attributes:
        x: `(in, point)` or `(1, point)`.
        weight: of their residuals, `(point,)`.
        count: how many of them, the first, the layer's residual is about.
    """

    x: Tensor
    weight: Tensor
    count: int


def shaped(layer: Layer, make: Make) -> None:
    """Puts a layer on another grid, its functions 0: for whoever counts."""
    refitted(layer, layer, make, None)


@torch.no_grad()
def refitted(
    layer: Layer, old: Layer, make: Make, sample: Callable[[Grid], Sample] | None
) -> float:
    """Puts a layer on another grid; gives its residual.

    Parts without a grid keep their coefficients. A layer whose numbers are not finite keeps them
    so: a member that has failed stays one.

    Args:
        layer: is changed.
        old: the same in float64 on the CPU.
        make: from the old grid to the new basis.
        sample: from the new grid to the points.
    """
    name, like = weights(layer)
    coef = weights(old)[1].detach()
    bases, shares, residual, start = [], [], 0.0, 0
    for (now, _), (basis, grid) in zip(parts(layer), parts(old), strict=True):
        own = coef[..., start : start + basis.size]
        start += basis.size
        if grid is None:
            bases.append(now)
            shares.append(own)
            continue
        made = make(grid).to(like.device, like.dtype)
        bases.append(made)
        if sample is None:
            shares.append(own.new_zeros(*own.shape[:-1], made.size))
            continue
        new = _grid(exact(made))
        x, weight, count = sample(new)
        values = _values(basis, own, x)
        share = new.coefficients(solved(new.design(x), values, weight)).to(like.dtype)
        shares.append(share)
        moved = _values(new.basis, share.double(), x) - values
        residual = max(residual, _share(moved[..., :count], values[..., :count]))
    layer.basis = Beside(*bases) if isinstance(layer.basis, Beside) else bases[0]
    joined = torch.cat([share.to(like.device, like.dtype) for share in shares], -1)
    setattr(layer, name, nn.Parameter(joined, requires_grad=like.requires_grad))
    if isinstance(layer, ScaledSplines):
        layer.grid = bases[0].size - bases[0].degree
    return residual


def solved(design: Tensor, values: Tensor, weight: Tensor) -> Tensor:
    """Coefficients by least squares, of the smallest where points leave a choice.

    Shape:
        design: `(in, size, point)`, or `(1, size, point)` if all inputs share it.
        values: `(*, in, point)` to `(*, in, size)`.
        weight: of the residuals, `(point,)`.
    """
    dim_in, count = values.shape[-2:]
    a = (design * weight).mT  # (in, point, size)
    b = (values * weight).reshape(-1, dim_in, count).permute(1, 2, 0)  # (in, point, edge)
    if len(a) == 1:  # inputs that share functions and points are solved for at once
        b = b.transpose(0, 1).flatten(1).unsqueeze(0)
    sound = a.isfinite().all(-1).all(-1)[:, None, None]
    finite = sound & b.isfinite().all(1, keepdim=True)
    a, b = torch.where(sound, a, 0.0), torch.where(finite, b, 0.0)
    # Not `gelsd`, which takes ten times as long on fine grids.
    found = torch.linalg.lstsq(a, b, driver="gelsy").solution
    found = torch.where(finite, found, torch.nan)  # (in, size, edge)
    if len(a) == 1:
        found = found[0].unflatten(-1, (dim_in, -1)).transpose(0, 1)
    return found.permute(2, 0, 1).reshape(*values.shape[:-1], -1)


def cells_filled(grid: Grid) -> Tensor:
    """Points within all cells, evenly, and the knots, `(in, point)` or `(1, point)`."""
    knots = grid.knots().detach().double()
    share = torch.arange(DENSE, dtype=torch.double) / DENSE
    inside = knots[:, :-1, None] + knots.diff(dim=-1).unsqueeze(-1) * share
    return torch.cat([inside.flatten(1), knots[:, -1:]], -1)


def _grid(basis: nn.Module) -> Grid:
    grid = find_grid(cast(Basis, basis))
    assert grid is not None
    return grid


def _values(basis: Basis, coef: Tensor, x: Tensor) -> Tensor:
    """Functions `(*, in, size)` at points `(in, point)`, `(*, in, point)`."""
    return torch.einsum("...is,isp->...ip", coef, basis.rows(x, 0)[0])


def _share(moved: Tensor, values: Tensor) -> float:
    return float(moved.abs().max()) / (float(values.abs().max()) or 1.0)
