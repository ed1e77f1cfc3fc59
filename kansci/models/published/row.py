"""Published layers in a row, as wide as the budget allows."""

from bisect import bisect_right
from collections.abc import Callable
from itertools import pairwise

import torch
from torch import nn

from kansci.models.builders import Widths
from kansci.models.model import Build, exactly, trainable

Make = Callable[[Widths], nn.Module]


def row(*parts: Callable[[int, int], nn.Module]) -> Make:
    """For each pair of widths all parts in order, each made from both."""
    return lambda widths: nn.Sequential(
        *(part(dim_in, dim_out) for dim_in, dim_out in pairwise(widths) for part in parts)
    )


def norm(dim_in: int, dim_out: int) -> nn.Module:
    """What stands before a layer and normalises each point by its own inputs."""
    return nn.LayerNorm(dim_in)


def builder(
    widths: Widths | None,
    make: Make,
    *,
    step: int = 1,
    least: int = 1,
    adapted: Callable[[Widths], int] = lambda widths: 0,
) -> Build:
    """One hidden layer up to 1 000 numbers, two above, as for every KAN; or the widths asked for.

    Args:
        step: hidden widths are multiples of it.
        least: steps of the narrowest network.
        adapted: numbers of a network that change in training beside the trained ones; they count.

    Raises:
        ValueError: for options that `make` refuses, before anything is built.
    """
    with torch.device("meta"):  # shapes alone: no random numbers
        make((2, 8, 1))

    def build(dim_in: int, dim_out: int, parameters: int) -> nn.Module:
        hidden = 1 if parameters <= 1_000 else 2

        def wide(steps: int) -> Widths:
            return (dim_in, *[step * steps] * hidden, dim_out)

        def count(steps: int) -> int:
            with torch.device("meta"):
                return trainable(make(wide(steps))) + adapted(wide(steps))

        shape = widths
        if shape is None:
            sizes = range(least, parameters + least)
            fitting = bisect_right(sizes, parameters, key=count)
            shape = wide(max(fitting - 1, 0) + least)
        return exactly(parameters - adapted(shape), shape, (dim_in, dim_out), make)

    return build
