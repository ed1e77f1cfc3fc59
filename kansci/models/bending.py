"""How much piecewise linear functions bend: what a penalty of roughness takes.

Source: Eilers and Marx 1996, "Flexible Smoothing with B-splines and Penalties", Statistical
Science 11:89, of degree one; Marin 2025, kanditioned, for the parameterisation that makes it the
plain sum of squares of the parameters.
"""

import torch
from torch import Tensor, nn

from kansci.bases import Hat
from kansci.jets import total
from kansci.models.kan import KANLayer


def bends(layer: KANLayer) -> Tensor:
    """How much the slope of each edge changes at the inner grid points, `(out, in, grid - 1)`.

    Counted in cells: the second differences of the values on the grid.

    Raises:
        ValueError: for a basis other than hats.
    """
    if not isinstance(layer.basis, Hat):
        raise ValueError(f"want a layer of hats, got one of {type(layer.basis).__name__}")
    return layer.basis.bends(layer.coef)


def bending(network: nn.Module) -> Tensor:
    """The sum of squared bends over all layers of hats, to be weighted and added to a loss."""
    layers = [part for part in network.modules() if isinstance(part, KANLayer)]
    hats = [layer for layer in layers if isinstance(layer.basis, Hat)]
    if not hats:
        raise ValueError(f"want a network with layers of hats, got {type(network).__name__}")
    return total([torch.sum(bends(layer).square()) for layer in hats])
