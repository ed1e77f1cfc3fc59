"""inkan: cubic B-splines and a SiLU branch in one packed weight.

Source: the package inkan 0.5.2, https://github.com/NAVEENMN/inkan, `KANNetwork` with its defaults.
Quirks:
- All weights start with a deviation of 0.1 whatever the number of inputs is: outputs grow with it,
  from a fifth of those of the kansci form at 2 inputs to one and a half times those at 128.
- Outside [-1, 1] splines fade, and the SiLU branch alone is left.
We differ: nothing is compiled, so that second derivatives exist as in the package with
`compile_basis=False`; any leading dimensions pass.
"""

import torch
from torch import nn

from kansci.bases import Beside, BSpline, Pointwise
from kansci.models.builders import Widths
from kansci.models.kan import KANLayer
from kansci.models.model import Model
from kansci.models.published.row import builder, row
from kansci.models.published.told import quirks
from kansci.models.registry import entry


class InkanLayer(KANLayer):
    """Splines, then base weights, drawn one after the other."""

    @torch.no_grad()
    def __init__(self, dim_in: int, dim_out: int, *, grid: int = 5) -> None:
        both = Beside(BSpline(dim_in, grid=grid), Pointwise(dim_in))
        super().__init__(dim_in, dim_out, both, zero=True)
        nn.init.trunc_normal_(self.coef[..., :-1], std=0.1)
        nn.init.trunc_normal_(self.coef[..., -1], std=0.1)


@entry("inkan-published")
def inkan(*, widths: Widths | None = None, grid: int = 5) -> Model:
    def layer(dim_in: int, dim_out: int) -> InkanLayer:
        return InkanLayer(dim_in, dim_out, grid=grid)

    return Model(
        "inkan-published",
        builder(widths, row(layer)),
        kind="B-spline",
        continuous=2,
        about="inkan: cubic B-splines on 5 cells, SiLU base branch, a start of its own",
        source="NAVEENMN 2025, github.com/NAVEENMN/inkan, inkan 0.5.2",
        quirks=quirks(__doc__),
    )
