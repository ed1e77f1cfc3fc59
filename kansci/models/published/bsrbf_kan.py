"""BSRBF-KAN: one coefficient for a B-spline and a Gaussian together.

Source: Ta 2024, arXiv:2406.11173; https://github.com/hoangthangta/BSRBF_KAN, commit c92471e,
`BSRBF_KAN` with its defaults.
Quirks:
- A coefficient drives a spline and a Gaussian that do not sit at the same place: splines are 0.6
  apart and the first is centred at -2.1, Gaussians 0.43 apart from -1.5 on.
- LayerNorm stands before every layer, its base branch too: of two inputs only which one is larger
  is left, two values in all but a thin band, and of one input a constant.
- Weights of the base branch start uniform within 1 / sqrt(in), all others within 1 / sqrt(8 in).
We differ: any leading dimensions pass.
"""

import math

import torch
from torch import nn

from kansci.bases import Beside, BSpline, Gaussian, Pointwise
from kansci.bases.summed import Summed
from kansci.models.builders import Widths
from kansci.models.kan import KANLayer
from kansci.models.model import Model
from kansci.models.published.row import builder, norm, row
from kansci.models.published.told import quirks
from kansci.models.registry import entry

DOMAIN = (-1.5, 1.5)


class BSRBFLayer(KANLayer):
    """Base weights, then the others, drawn one after the other."""

    @torch.no_grad()
    def __init__(self, dim_in: int, dim_out: int) -> None:
        splines = BSpline(dim_in, domain=DOMAIN)
        both = Summed(splines, Gaussian(dim_in, size=splines.size, domain=DOMAIN))
        super().__init__(dim_in, dim_out, Beside(both, Pointwise(dim_in)), zero=True)
        base = nn.init.kaiming_uniform_(torch.empty(dim_out, dim_in), a=math.sqrt(5))
        coef = torch.empty(dim_out, dim_in * both.size)
        nn.init.kaiming_uniform_(coef, a=math.sqrt(5))
        self.coef.copy_(torch.cat([coef.view(dim_out, dim_in, -1), base.unsqueeze(-1)], -1))


@entry("bsrbfkan-published")
def bsrbf_kan(*, widths: Widths | None = None) -> Model:
    return Model(
        "bsrbfkan-published",
        builder(widths, row(norm, BSRBFLayer)),
        kind="bells",
        continuous=2,
        about="BSRBF-KAN: LayerNorm, 8 B-splines plus 8 Gaussians on [-1.5, 1.5], SiLU branch",
        source="Ta 2024, arXiv:2406.11173; github.com/hoangthangta/BSRBF_KAN@c92471e",
        quirks=quirks(__doc__),
    )
