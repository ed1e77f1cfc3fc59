"""Builders fix the depth and search the width.

KANs have one hidden layer up to 1 000 numbers and two above, MLPs two and, from 16 000, three.
"""

from collections.abc import Callable
from functools import partial

from torch import nn

from kansci.bases import Basis
from kansci.models.kan import KAN
from kansci.models.mlp import MLP
from kansci.models.model import Build, exactly, within

Widths = tuple[int, ...]


def kan_builder(
    widths: Widths | None,
    basis: Callable[[int], Basis],
    *,
    bias: bool = False,
) -> Build:
    """One hidden layer up to 1 000 numbers, two above, or the widths asked for."""
    make = partial(KAN, basis=basis, bias=bias)

    def build(dim_in: int, dim_out: int, parameters: int) -> nn.Module:
        if widths is not None:
            return exactly(parameters, widths, (dim_in, dim_out), make)
        hidden = 1 if parameters <= 1_000 else 2
        return within(parameters, lambda width: make((dim_in, *[width] * hidden, dim_out)))

    return build


def mlp_builder(widths: Widths | None, activation: Callable[[], nn.Module]) -> Build:
    """Two hidden layers, three from 16 000 numbers, or the widths asked for."""
    make = partial(MLP, activation=activation)

    def build(dim_in: int, dim_out: int, parameters: int) -> nn.Module:
        if widths is not None:
            return exactly(parameters, widths, (dim_in, dim_out), make)
        hidden = 2 if parameters < 16_000 else 3
        return within(parameters, lambda width: make((dim_in, *[width] * hidden, dim_out)))

    return build
