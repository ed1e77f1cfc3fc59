"""What a network of hats can start from, beside random lines.

Source: Marin 2025, kanditioned ("LinearKAN"), https://github.com/cats-marin/KANditioned.
We differ: the starts are what they say; the authors' "identity" is steeper by the number of cells
to a unit, and its "random_normal" by as much.
"""

from collections.abc import Callable
from typing import cast

import torch
from torch import Tensor

from kansci.bases import Hat
from kansci.models.kan import KAN, KANLayer

Start = Callable[[KAN], None]


def normal(network: KAN) -> None:
    """Values on grid points are independent and normal.

    Outputs have the variance of inputs on the domain; what leaves it goes on along slopes as
    steep as those within, so that deep networks grow.
    """
    for layer in _layers(network):
        # Between points, the shares u and 1 - u have a mean sum of squares of 2/3.
        _set(layer, torch.randn(layer.coef.shape) / (2 * layer.dim_in) ** 0.5)


def identity(network: KAN) -> None:
    """Each layer with as many outputs as inputs starts as the identity map, everywhere.

    For others there is none, and what is nearest, a part of the inputs copied, would leave units
    that are equal or that no gradient reaches: they start as random lines.
    """
    for layer in _layers(network):
        if layer.dim_in == layer.dim_out:
            hats = _hats(layer)
            line = hats.low + hats.step * hats.points
            _set(layer, torch.eye(layer.dim_in).unsqueeze(-1) * line)


def zero(network: KAN) -> None:
    """The network is the zero function: its last layer is, and the others random lines.

    From zeros everywhere, no gradient would reach any layer but the last.
    """
    last = _layers(network)[-1]
    _set(last, torch.zeros(last.coef.shape))


STARTS: dict[str, Start | None] = {
    "lines": None,
    "normal": normal,
    "identity": identity,
    "zero": zero,
}


def find_start(name: str) -> Start | None:
    """By name.

    Raises:
        ValueError: for any other.
    """
    if name not in STARTS:
        raise ValueError(f"want a start out of {sorted(STARTS)}, got start={name!r}")
    return STARTS[name]


def _layers(network: KAN) -> list[KANLayer]:
    return cast(list[KANLayer], list(network))


def _hats(layer: KANLayer) -> Hat:
    return cast(Hat, layer.basis)


@torch.no_grad()
def _set(layer: KANLayer, values: Tensor) -> None:
    """By values on the grid points, whatever the parameters are."""
    layer.coef.copy_(_hats(layer).by_points(values))
