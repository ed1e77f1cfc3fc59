"""Normalisation between the hidden layers of a KAN, never of what comes in.

Source: Ba et al. 2016, "Layer Normalization", arXiv:1607.06450; between KAN layers: Li 2024,
FastKAN, arXiv:2405.06721.
We differ: the network's inputs are not normalised, and hidden values start with the variance 1/3
of uniform inputs, where the functions live, not 1.
"""

from typing import cast

import torch
from torch import nn

from kansci.models.kan import KAN, KANLayer

LEAST = 3  # of two numbers only the order is left, of one nothing


class HiddenNorm(nn.LayerNorm):
    """Layer normalisation that starts with a mean square of 1/3.

    Raises:
        ValueError: for fewer than three features.
    """

    def __init__(self, width: int) -> None:
        check_width(width)
        super().__init__(width)
        with torch.no_grad():
            self.weight.fill_(3**-0.5)


def check_width(width: int) -> None:
    """Raises a ValueError that shows wanted and got."""
    if width < LEAST:
        raise ValueError(f"want {LEAST} or more features to normalise, got {width=}")


def normed(network: KAN) -> KAN:
    """The network itself, a normalisation put before each layer but the first."""
    layers = cast(list[KANLayer], list(network))
    for place in reversed(range(1, len(layers))):
        network.insert(place, HiddenNorm(layers[place].dim_in))
    return network
