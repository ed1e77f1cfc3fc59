"""The first KAN, as its authors' package builds and starts it.

Source: Liu et al. 2024, arXiv:2404.19756; https://github.com/KindXiaoming/pykan, commit ecde4ec
(version 0.2.8), `KAN()` with its defaults.
Quirks:
- A spline has its scale beside its coefficients, so that many numbers give one function.
- Splines start as noise of 0.3 / grid at the grid's points, through least squares: 8 times smaller
  than the SiLU branch.
- Outside [-1, 1] splines fade, and the SiLU branch alone is left.
- The grid has 3 cells by default; the tutorials take 5.
We differ: the grid stays where it is, since in the package only `fit` moves it, while it trains.
The network draws from torch's generator as it is handed over; the package seeds torch, numpy and
random itself, all to 1. Its 4 symbolic numbers an edge, which nothing reads before a formula is
fixed, are not there to be counted. Edges are summed in one product, any leading dimensions pass,
and neither a width is rewritten nor a file written.
"""

import math

import torch

from kansci.models.builders import Widths
from kansci.models.model import Model
from kansci.models.published.row import builder, row
from kansci.models.published.scaled import ScaledSplines
from kansci.models.published.told import quirks
from kansci.models.registry import entry

NOISE = 0.3


class PykanLayer(ScaledSplines):
    """Scales start at `1 / sqrt(in)`, the base branch uniform within that."""

    @torch.no_grad()
    def __init__(self, dim_in: int, dim_out: int, *, grid: int = 3, degree: int = 3) -> None:
        super().__init__(dim_in, dim_out, grid=grid, degree=degree)
        self.interpolate((torch.rand(grid + 1, dim_in, dim_out) - 0.5) * NOISE / grid)
        self.base.copy_((2 * torch.rand(dim_in, dim_out) - 1).mT / math.sqrt(dim_in))
        self.scale.fill_(1 / math.sqrt(dim_in))


@entry("kan-published")
def kan(*, widths: Widths | None = None, grid: int = 3, degree: int = 3) -> Model:
    def layer(dim_in: int, dim_out: int) -> PykanLayer:
        return PykanLayer(dim_in, dim_out, grid=grid, degree=degree)

    return Model(
        "kan-published",
        builder(widths, row(layer)),
        kind="B-spline",
        continuous=degree - 1,
        about="pykan's KAN: cubic B-splines on 3 cells with scales, SiLU base branch",
        source="Liu et al. 2024, arXiv:2404.19756; github.com/KindXiaoming/pykan@ecde4ec",
        quirks=quirks(__doc__),
    )
