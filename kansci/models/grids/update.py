"""Grids that follow the data: narrow cells where there is much of it.

Source: Liu et al. 2024, "KAN: Kolmogorov-Arnold Networks", arXiv:2404.19756, appendix A; the share
of even knots is that of pykan 0.2.8.
We differ: even knots are always a part, so that equal values do not make cells of no width; what
holds no data is fitted too, with hardly any weight, where the authors' is left to chance.
"""

from __future__ import annotations

from copy import deepcopy

import torch
from torch import Tensor, nn

from kansci.bases import Basis
from kansci.models.grids.grid import Grid, along
from kansci.models.grids.layers import Layer, exact, local_layers, reaching, wanted_layers
from kansci.models.grids.refit import Refitted, Sample, cells_filled, refitted

FAINT = 1e-3  # weight of residuals where there need not be data
STILL = 1e-6  # width, as a share of that of the grid, below which values are one


@torch.no_grad()
def update_grid(network: nn.Module, data: Tensor, *, grid_eps: float = 0.02) -> Refitted:
    r"""A copy of a network or layer with grids where its activations are.

    Knots are $\epsilon$ times even ones, from the least value to the greatest, and
    $1 - \epsilon$ times quantiles, for each input its own: B-splines become `KnotSpline`s,
    free knots start from there, with the means of a group, and ReLU bells begin and end there.
    Hats, Gaussians, switch functions, and sums of splines and Gaussians know even cells alone:
    from the least to the greatest value of all inputs. An input that does not vary keeps its
    knots, as far as they are its own.

    Coefficients follow by least squares on the activations, so that the network's outputs there
    stay as near as the new grid allows; the residuals say how near.

    Args:
        data: inputs in the network's own units, `(*, in)`.
        grid_eps: $\epsilon$, above 0 and at most 1.

    Raises:
        ValueError: for a network without a grid, no data, activations that are not finite, or
            another `grid_eps`.
    """
    if not 0 < grid_eps <= 1:
        raise ValueError(f"want 0 < grid_eps <= 1, got {grid_eps=}")
    wanted_layers(network)
    copy = deepcopy(network)
    layers = enumerate(zip(local_layers(copy), local_layers(exact(network)), strict=True))
    # One after another, as each changes a little what reaches the next.
    return Refitted(
        copy,
        tuple(
            _follow(layer, old, reaching(exact(copy), data)[number], grid_eps)
            for number, (layer, old) in layers
        ),
    )


def _follow(layer: Layer, old: Layer, x: Tensor, share: float) -> float:
    def make(grid: Grid) -> Basis:
        return grid.moved(followed(grid.knots().detach().double(), x, share))

    def sample(grid: Grid) -> Sample:
        rest = cells_filled(grid).expand(len(x), -1)
        weights = [torch.ones_like(x[0]), torch.full_like(rest[0], FAINT)]
        even = [weight / len(weight) ** 0.5 for weight in weights]
        return Sample(torch.cat([x, rest], -1), torch.cat(even), x.shape[-1])

    return refitted(layer, old, make, sample)


def followed(knots: Tensor, x: Tensor, share: float) -> Tensor:
    """Knots where the values of each input are.

    Args:
        knots: as they are, `(in, cells + 1)` or `(1, cells + 1)`.
        x: `(in, point)`.
        share: of even knots.
    """
    cells = knots.shape[-1] - 1
    ranked = x.sort(-1).values
    low, high = ranked[:, :1], ranked[:, -1:]
    even = along(torch.cat([low, high], -1), cells)
    new = share * even + (1 - share) * along(ranked, cells)
    new = torch.cat([low, new[:, 1:-1], high], -1)  # the ends without rounding
    width = knots[:, -1:] - knots[:, :1]
    return torch.where(high - low > STILL * width, new, knots)
