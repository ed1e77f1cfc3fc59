r"""GR-KAN, the layer of KAT: one rational function a group of inputs, then a linear map.

Source: Yang and Wang 2024, arXiv:2409.10594; https://github.com/Adamdad/rational_kat_cu, commit
181bae8, `KAT_Group` as its kernels for GPUs compute it; https://github.com/Adamdad/kat, commit
ecb0eb7, `KAN`, whose start as a transformer draws it.
Quirks:
- The paper's denominator is 1 + |b_1 x + ... + b_4 x^4|; the kernels compute
  1 + |b_1 x| + ... + |b_4 x^4|, with coefficients that were fitted for the former: what is called
  GELU is wrong by 0.02 on [-1, 1] and by 1.5 at x = 3. The fall-back for CPUs leaves out the
  absolute value of x, and its denominator can reach 0 for x < 0.
- Groups share their numerator and have denominators of their own.
- The variance-preserving start of the paper is not there: what the code draws for a layer, it
  draws anew in the next lines, with a deviation of 0.02. Outputs start near 0.
- Groups are 8, of equal size, so that fewer than 8 inputs are refused; here, where inputs are no
  multiple of 8, there are as many groups as divide both.
- The first derivative jumps at 0.
We differ: any leading dimensions pass, on any device, in float64 as well.
"""

import math
from itertools import pairwise

import torch
from torch import Tensor, nn

from kansci.bases.basis import Basis
from kansci.models.builders import Widths
from kansci.models.kan import KANLayer
from kansci.models.model import Model
from kansci.models.published.row import builder
from kansci.models.published.told import quirks
from kansci.models.registry import entry

GROUPS = 8
# Powers of x from 0, above and, from 1, below: as published, not fitted here.
IDENTITY = ((0.0, 1.0, 0.0, 0.0, 0.0, 0.0), (0.0, 0.0, 0.0, 0.0))
GELU = (
    (-0.00153969, 0.51692871, 0.44075827, 0.0972553, -0.00884418, -0.00378675),
    (-0.14171056, -0.06481231, -0.0444695, 0.01283776),
)


class Rational(Basis):
    r"""$R(x) = \sum_{n=0}^5 a_n x^n \big/ \big(1 + \sum_{n=1}^4 |b_n x^n|\big)$, $b$ of a group."""

    size = 1

    def __init__(self, dim_in: int, start: tuple[tuple[float, ...], ...]) -> None:
        super().__init__()
        above, below = (torch.tensor(one) for one in start)
        self.wide = dim_in // math.gcd(GROUPS, dim_in)  # inputs of a group
        self.numerator = nn.Parameter(above)
        self.denominator = nn.Parameter(below.repeat(dim_in // self.wide, 1))  # (group, 4)

    def forward(self, x: Tensor) -> Tensor:
        grouped = x.unflatten(-1, (-1, self.wide))  # (*, group, wide)
        above = horner(self.numerator.unbind(), grouped)
        size = positive(self.denominator).unsqueeze(1).unbind(-1)  # (group, 1) each
        below = 1 + positive(grouped) * horner(size, positive(grouped))
        return (above / below).flatten(-2).unsqueeze(-1)


def horner(weights: tuple[Tensor, ...], x: Tensor) -> Tensor:
    """The polynomial of those weights, from the power 0 on."""
    *rest, value = weights
    for weight in reversed(rest):
        value = value * x + weight
    return value


def positive(x: Tensor) -> Tensor:
    """The absolute value, with a slope of 1 at 0: numbers that start from 0 would never move."""
    return torch.where(x < 0, -x, x)


class GRKANLayer(KANLayer):
    """A linear map behind its rational functions."""

    def __init__(self, dim_in: int, dim_out: int, *, first: bool) -> None:
        rational = Rational(dim_in, IDENTITY if first else GELU)
        super().__init__(dim_in, dim_out, rational, bias=True, zero=True)
        nn.init.trunc_normal_(self.coef, std=0.02)


@entry("grkan-published")
def gr_kan(*, widths: Widths | None = None) -> Model:
    def make(sizes: Widths) -> nn.Module:
        pairs = enumerate(pairwise(sizes))
        return nn.Sequential(*(GRKANLayer(*dims, first=n == 0) for n, dims in pairs))

    return Model(
        "grkan-published",
        builder(widths, make, step=GROUPS),
        kind="rational",
        continuous=0,
        about="KAT's GR-KAN: rational functions of 8 groups, then a linear map",
        source="Yang and Wang 2024, arXiv:2409.10594; github.com/Adamdad/rational_kat_cu@181bae8",
        quirks=quirks(__doc__),
    )
