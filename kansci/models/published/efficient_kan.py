"""The first KAN by one product, with another start.

Source: https://github.com/Blealtan/efficient-kan, commit 7b6ce1c, `KAN` with its defaults.
Quirks:
- The scale of a spline starts at random, uniform within 1 / sqrt(in), and multiplies small
  coefficients: splines start 60 times smaller than the SiLU branch, next to a plain SiLU network.
- Its factors for the start, scale_base and scale_spline, work backwards: weights shrink as they
  grow. At the defaults they are 1 and change nothing.
- Outside [-1, 1] splines fade, and the SiLU branch alone is left.
We differ: there is no `update_grid`, which the package leaves to be called by hand and which, at
its defaults, destroys the function, as it lets the scale act twice.
"""

import math

import torch
from torch import nn

from kansci.models.builders import Widths
from kansci.models.model import Model
from kansci.models.published.row import builder, row
from kansci.models.published.scaled import ScaledSplines
from kansci.models.published.told import quirks
from kansci.models.registry import entry

NOISE = 0.1


class EfficientKANLayer(ScaledSplines):
    """Base branch and scales start uniform within `1 / sqrt(in)`."""

    @torch.no_grad()
    def __init__(self, dim_in: int, dim_out: int, *, grid: int = 5, degree: int = 3) -> None:
        super().__init__(dim_in, dim_out, grid=grid, degree=degree)
        nn.init.kaiming_uniform_(self.base, a=math.sqrt(5))
        self.interpolate((torch.rand(grid + 1, dim_in, dim_out) - 0.5) * NOISE / grid)
        nn.init.kaiming_uniform_(self.scale, a=math.sqrt(5))


@entry("efficientkan-published")
def efficient_kan(*, widths: Widths | None = None, grid: int = 5, degree: int = 3) -> Model:
    def layer(dim_in: int, dim_out: int) -> EfficientKANLayer:
        return EfficientKANLayer(dim_in, dim_out, grid=grid, degree=degree)

    return Model(
        "efficientkan-published",
        builder(widths, row(layer)),
        kind="B-spline",
        continuous=degree - 1,
        about="efficient-kan: cubic B-splines on 5 cells with scales, SiLU base branch",
        source="Blealtan 2024, github.com/Blealtan/efficient-kan@7b6ce1c",
        quirks=quirks(__doc__),
    )
