r"""Random Fourier features of the inputs, in front of an MLP.

Source: Tancik et al. 2020, "Fourier Features Let Networks Learn High Frequency Functions in Low
Dimensional Domains", arXiv:2006.10739.
We differ: frequencies have the length pi on average, one wave across the domain, where images want
tens of them; features are scaled to the mean square of uniform inputs, on which starts rest.
"""

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from kansci.jets import Jet, weighted
from kansci.models.mlp import MLP
from kansci.rules import passes_jets


class Waves(nn.Module):
    r"""$\cos z$ and $\sin z$ of each number, times a height, `(*, d)` to `(*, 2 d)`."""

    def __init__(self, *, height: float = 1.0) -> None:
        super().__init__()
        self.height = height

    def forward(self, z: Tensor) -> Tensor:
        return weighted(self.height, torch.cat([torch.cos(z), torch.sin(z)], -1))


class Frequencies(nn.Module):
    r"""Projections $x F$ on random directions that are never trained.

    The numbers of $F$ differ between seeds: they count like those that are trained.

    Args:
        size: number of directions.

    Shape:
        x: `(*, in)` to `(*, size)`.
    """

    drawn: Tensor

    def __init__(self, dim_in: int, size: int) -> None:
        super().__init__()
        self.register_buffer("drawn", frequencies(dim_in, size))

    def forward(self, x: Tensor) -> Tensor:
        return x @ self.drawn


class FourierMLP(nn.Sequential):
    """An MLP that sees random waves of its inputs.

    Args:
        size: waves; the perceptron sees the cosine and the sine of each.

    Raises:
        ValueError: for a size below 1.
    """

    def __init__(
        self, widths: Sequence[int], activation: Callable[[], nn.Module], *, size: int = 8
    ) -> None:
        if size < 1:
            raise ValueError(f"want size >= 1, got {size=}")
        waves = Waves(height=math.sqrt(2 / 3))  # of mean square 1/3
        mlp = MLP((2 * size, *widths[1:]), activation)
        super().__init__(Frequencies(widths[0], size), waves, mlp)


def frequencies(dim_in: int, size: int) -> Tensor:
    """Random directions of the length pi, root mean square, `(in, size)`."""
    return torch.randn(dim_in, size) * math.pi / math.sqrt(dim_in)


@passes_jets(Waves)
def _waves(module: Waves, jet: Jet) -> Jet:
    cos = weighted(module.height, torch.cos(jet.value))
    sin = weighted(module.height, torch.sin(jet.value))
    double = jet.linear(lambda z: torch.cat([z, z], -1))
    f, df = torch.cat([cos, sin], -1), torch.cat([-sin, cos], -1)
    return double.pointwise(f, df, -f)


@passes_jets(Frequencies)
def _frequencies(module: Frequencies, jet: Jet) -> Jet:
    return jet.linear(lambda z: z @ module.drawn)
