r"""GELU and trained Fourier features of all inputs, mixed before a linear map.

Source: Zhang et al. 2025, "Kolmogorov-Arnold Fourier Networks", arXiv:2502.06018; the start also
https://github.com/kolmogorovArnoldFourierNetwork/KAF, commit 2a2af88.
We differ: no LayerNorm; a factor for each input in front of both parts, where the authors' code has
one for all, and no bias behind the waves; frequencies start with the length pi, one wave across
[-1, 1], where those of the code start with deviation $1/\sqrt{1.64\,in}$, a length of 0.78, behind
a LayerNorm; the start keeps the variance of the inputs, with a hundredth of it in waves, where the
code's factors are 1 and 0.01.
"""

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from kansci.jets import Jet
from kansci.models.branches import Branches, Factors, plus
from kansci.models.fourier_features import Waves, frequencies
from kansci.models.start import normal_power
from kansci.rules import carry, passes_jets

WAVES = 0.1  # of the amplitude at the start
GELU_POWER = normal_power(F.gelu, 3**-0.5)  # mean square behind an input with variance 1/3


class KAF(nn.Sequential):
    r"""Layers $W\,\big(a\,\mathrm{gelu}(x) + b\,C\,[\cos z, \sin z]\big) + d$, $z = F x + p$.

    Everything is trained, frequencies $F$ and phases $p$ too. A wave sees all inputs of its layer,
    so these layers are no sums of functions on edges.

    Args:
        size: waves of each layer.

    Shape:
        x: `(*, in)` to `(*, out)`.

    Raises:
        ValueError: for a size below 1.
    """

    def __init__(self, widths: Sequence[int], *, size: int = 8) -> None:
        if size < 1:
            raise ValueError(f"want size >= 1, got {size=}")
        super().__init__(*(_layer(i, o, size) for i, o in pairwise(widths)))


class GELUAndWaves(Branches):
    """Of GELU, its factors, a linear map, waves and what mixes them, `(*, in)` to `(*, in)`."""

    def forward(self, x: Tensor) -> Tensor:
        gelu, factors, linear, waves, mixed = self
        return factors(gelu(x)) + mixed(waves(linear(x)))


class FactoredLinear(nn.Linear):
    r"""A linear map and a trained factor for each output, $b\,C x$, `(*, in)` to `(*, out)`.

    Factors meet the weights, of which there are fewer than outputs at all points.

    Args:
        start: of all factors.
    """

    def __init__(self, dim_in: int, dim_out: int, *, start: float) -> None:
        super().__init__(dim_in, dim_out, bias=False)
        self.factor = nn.Parameter(torch.full((dim_out,), start))

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.weight * self.factor.unsqueeze(-1))


def _layer(dim_in: int, dim_out: int, size: int) -> nn.Sequential:
    waves = nn.Linear(dim_in, size)
    amplitude = WAVES * math.sqrt(GELU_POWER / (1 - WAVES**2))
    mixed = FactoredLinear(2 * size, dim_in, start=amplitude)
    last = nn.Linear(dim_in, dim_out)
    with torch.no_grad():
        waves.weight.copy_(frequencies(dim_in, size).mT)
        waves.bias.copy_(2 * math.pi * torch.rand(size))
        mixed.weight.copy_(torch.randn(dim_in, 2 * size) / math.sqrt(size))  # unit mean square
        variance = (1 - WAVES**2) / (3 * dim_in * GELU_POWER)
        last.weight.copy_(torch.randn(dim_out, dim_in) * math.sqrt(variance))
        last.bias.zero_()
    factors = Factors(dim_in, start=1.0)
    return nn.Sequential(GELUAndWaves([nn.GELU(), factors, waves, Waves(), mixed]), last)


@passes_jets(GELUAndWaves)
def _gelu_and_waves(branches: GELUAndWaves, jet: Jet) -> Jet:
    gelu, factors, linear, waves, mixed = branches
    bent = carry(factors, carry(gelu, jet))
    return plus([bent, carry(mixed, carry(waves, carry(linear, jet)))])


@passes_jets(FactoredLinear)
def _factored_linear(module: FactoredLinear, jet: Jet) -> Jet:
    weight = module.weight * module.factor.unsqueeze(-1)
    return jet.linear(lambda z: z @ weight.mT)
