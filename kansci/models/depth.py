"""Depths follow from the budget, widths are searched: for networks that are not of one basis.

As in `builders`: KANs have one hidden layer up to 1 000 numbers and two above, MLPs two and, from
16 000, three.
"""

from collections.abc import Callable

import torch
from torch import nn

from kansci.models.model import Build, exactly, within

Widths = tuple[int, ...]
Make = Callable[[Widths], nn.Module]


def as_deep_as_a_kan(widths: Widths | None, make: Make, *, frozen: int = 0) -> Build:
    """One hidden layer up to 1 000 numbers, two above, or the widths asked for.

    Args:
        frozen: random numbers for each input that are not trained, and count all the same.

    Raises:
        ValueError: for options that `make` refuses, before anything is built.
    """
    _try(make)

    def build(dim_in: int, dim_out: int, parameters: int) -> nn.Module:
        left = parameters - frozen * dim_in
        if widths is not None:
            return exactly(left, widths, (dim_in, dim_out), make)
        hidden = 1 if parameters <= 1_000 else 2
        return within(left, lambda width: make((dim_in, *[width] * hidden, dim_out)))

    return build


def as_deep_as_an_mlp(widths: Widths | None, make: Make, *, frozen: int = 0) -> Build:
    """Two hidden layers, three from 16 000 numbers, or the widths asked for.

    Args:
        frozen: random numbers for each input that are not trained, and count all the same.

    Raises:
        ValueError: for options that `make` refuses, before anything is built.
    """
    _try(make)

    def build(dim_in: int, dim_out: int, parameters: int) -> nn.Module:
        left = parameters - frozen * dim_in
        if widths is not None:
            return exactly(left, widths, (dim_in, dim_out), make)
        hidden = 2 if parameters < 16_000 else 3
        return within(left, lambda width: make((dim_in, *[width] * hidden, dim_out)))

    return build


def _try(make: Make) -> None:
    with torch.device("meta"):  # shapes alone: no random numbers
        make((1, 1, 1))
