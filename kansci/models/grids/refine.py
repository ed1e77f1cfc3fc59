"""Finer grids: a network that was trained on a coarse one trains on with more numbers.

Source: Liu et al. 2024, "KAN: Kolmogorov-Arnold Networks", arXiv:2404.19756, section 2.4 (grid
extension).
We differ: of splines and hats cells are divided, where they can be, so that the function is the
same; the fit is in float64, on points that fill the domain, so that it needs no data.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy

import torch
from torch import nn

from kansci.bases import Basis
from kansci.models.grids.grid import Grid
from kansci.models.grids.layers import exact, local_layers, wanted_layers
from kansci.models.grids.refit import Refitted, Sample, cells_filled, refitted, shaped
from kansci.models.model import trainable


def refine(network: nn.Module, grid: int) -> Refitted:
    """A copy of a network or layer with so many cells on every edge.

    Within the domain the function is the same to rounding where the new cells divide the old
    ones: for B-splines, on knots of any distance and free ones, and for hats, if `grid` is a
    multiple of the number before. Elsewhere it is the nearest one, and residuals say how near:
    Gaussians, switch functions and ReLU bells become narrower with their cells.

    Outside of the domain splines fade over as many cells as their degree, hence sooner on a finer
    grid; hats go on as they did. `outside` says how much of the data that concerns. Base branches
    keep their coefficients, and layers that have no grid stay as they are.

    Args:
        grid: cells that divide the domain; between centres, for Gaussians and switch functions,
            which number one more.

    Raises:
        ValueError: for a network without a grid, or fewer cells than there are.
    """
    wanted_layers(network)
    return _finer(network, lambda cells: grid)


def divide(network: nn.Module, times: int) -> Refitted:
    """As `refine`, with each cell of every grid divided; a network without a grid is copied."""
    return _finer(network, lambda cells: times * cells)


def divided_count(network: nn.Module, times: int) -> int:
    """Trainable numbers of the network whose cells are divided."""
    copy = deepcopy(network)
    for layer in local_layers(copy):
        shaped(layer, lambda old: old.finer(times * old.cells()))
    return trainable(copy)


@torch.no_grad()
def _finer(network: nn.Module, wanted: Callable[[int], int]) -> Refitted:
    copy = deepcopy(network)

    def make(old: Grid) -> Basis:
        cells, before = wanted(old.cells()), old.cells()
        if cells < before:
            raise ValueError(f"want grid >= {before}, the cells that there are, got grid={cells}")
        return old.finer(cells)

    def sample(new: Grid) -> Sample:
        x = cells_filled(new)
        return Sample(x, torch.ones_like(x[0]), x.shape[-1])

    pairs = zip(local_layers(copy), local_layers(exact(network)), strict=True)
    return Refitted(copy, tuple(refitted(layer, old, make, sample) for layer, old in pairs))
