r"""GELU and trained Fourier features of all inputs, mixed before a linear map.

Source: Zhang et al. 2025, "Kolmogorov-Arnold Fourier Networks", arXiv:2502.06018.
We differ: no LayerNorm; a factor for each input in front of both parts; frequencies start with the
length pi, one wave across [-1, 1], where the authors' start with 0.8; the start keeps the variance
of the inputs, with a hundredth of it in waves.
"""

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import nn

from kansci.models.branches import Branches, Factors
from kansci.models.fourier_features import Waves, frequencies
from kansci.models.start import normal_power

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


def _layer(dim_in: int, dim_out: int, size: int) -> nn.Sequential:
    waves = nn.Linear(dim_in, size)
    mixed = nn.Linear(2 * size, dim_in, bias=False)
    last = nn.Linear(dim_in, dim_out)
    amplitude = WAVES * math.sqrt(GELU_POWER / (1 - WAVES**2))
    with torch.no_grad():
        waves.weight.copy_(frequencies(dim_in, size).mT)
        waves.bias.copy_(2 * math.pi * torch.rand(size))
        mixed.weight.copy_(torch.randn(dim_in, 2 * size) / math.sqrt(size))  # unit mean square
        variance = (1 - WAVES**2) / (3 * dim_in * GELU_POWER)
        last.weight.copy_(torch.randn(dim_out, dim_in) * math.sqrt(variance))
        last.bias.zero_()
    bent = nn.Sequential(nn.GELU(), Factors(dim_in, start=1.0))
    waved = nn.Sequential(waves, Waves(), mixed, Factors(dim_in, start=amplitude))
    return nn.Sequential(Branches([bent, waved]), last)
