"""How much of the data falls off the grids."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from kansci.models.grids.layers import exact, local_layers, parts, reaching

ROUNDING = 1e-6  # of the width of a grid


@torch.no_grad()
def outside(network: nn.Module, data: Tensor) -> tuple[float, ...]:
    """The fraction of activations off the grid, of each layer that has one.

    Beyond it splines and bells fade, and hats go on in straight lines: nothing is learned there
    but slopes and base branches. Of several grids side by side the widest counts.

    Args:
        data: inputs in the network's own units, `(*, in)`.

    Raises:
        ValueError: for a network without a grid, no data, or activations that are not finite.
    """
    still = exact(network)
    found = []
    for layer, x in zip(local_layers(still), reaching(still, data), strict=True):
        off = torch.ones_like(x, dtype=torch.bool)
        for _, grid in parts(layer):
            if grid is not None:
                knots = grid.knots()
                low, high = knots[:, :1], knots[:, -1:]
                spare = ROUNDING * (high - low)
                off &= (x < low - spare) | (x > high + spare)
        found.append(float(off.double().mean()))
    return tuple(found)
