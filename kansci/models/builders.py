"""Builders fix the depth and search the width.

KANs have one hidden layer up to 1 000 numbers and two above, MLPs two and, from 16 000, three.
"""

from collections.abc import Callable
from functools import partial

from torch import nn

from kansci.bases import Basis
from kansci.models.hat_starts import Start
from kansci.models.kan import KAN
from kansci.models.mlp import MLP
from kansci.models.model import Build, exactly, within
from kansci.models.norm import check_width, normed

Widths = tuple[int, ...]


def kan_builder(
    widths: Widths | None,
    basis: Callable[[int], Basis],
    *,
    bias: bool = False,
    norm: bool = False,
    start: Start | None = None,
) -> Build:
    """One hidden layer up to 1 000 numbers, two above, or the widths asked for.

    Args:
        norm: normalise between hidden layers, which then have at least three units.
        start: what the network starts from, if not random lines.

    Raises:
        ValueError: for widths too narrow to be normalised.
    """
    for width in (widths or ())[1:-1] if norm else ():
        check_width(width)

    def make(shape: Widths) -> nn.Module:
        network = KAN(shape, basis, bias=bias)
        if start is not None:
            start(network)
        return normed(network) if norm else network

    def build(dim_in: int, dim_out: int, parameters: int) -> nn.Module:
        if widths is not None:
            return exactly(parameters, widths, (dim_in, dim_out), make)
        hidden = 1 if parameters <= 1_000 else 2
        return within(
            parameters,
            lambda width: make((dim_in, *[width] * hidden, dim_out)),
            least=3 if norm else 1,
        )

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
