"""FourierKAN: sines and cosines of whole multiples of the raw input.

Source: https://github.com/GistNoesis/FourierKAN, commit ef80791, `NaiveFourierKANLayer` with its
defaults; of its grid size it has none, and here it is 5.
Quirks:
- Inputs in [-1, 1] use a third of the period, which is 2 pi: the functions are almost dependent
  there, and low ones almost straight.
- All frequencies start equally strong, so that slopes grow with the grid size.
We differ: edges are summed in one product, where the package holds every function of every edge at
every point.
"""

import math

import torch
from torch import Tensor

from kansci.bases.basis import ClosedForm
from kansci.models.builders import Widths
from kansci.models.kan import KANLayer
from kansci.models.model import Model
from kansci.models.published.row import builder, row
from kansci.models.published.told import quirks
from kansci.models.registry import entry


class Waves(ClosedForm):
    r"""$\cos x, \dots, \cos g x, \sin x, \dots, \sin g x$."""

    rates: Tensor

    def __init__(self, dim_in: int, *, grid: int) -> None:
        super().__init__()
        if grid < 1:
            raise ValueError(f"want grid >= 1, got {grid=}")
        self.size = 2 * grid
        self.register_buffer("rates", torch.arange(1, grid + 1).float().unsqueeze(-1))

    def rows(self, x: Tensor, order: int) -> tuple[Tensor, ...]:
        angle = x.unsqueeze(-2) * self.rates  # (in, grid, point)
        c, s, k = torch.cos(angle), torch.sin(angle), self.rates
        pairs = ((c, s), (-k * s, k * c), (-k * k * c, -k * k * s))
        return tuple(torch.cat(pair, -2) for pair in pairs[: order + 1])


class FourierKANLayer(KANLayer):
    """Starts with the variance of its inputs, were that 1."""

    @torch.no_grad()
    def __init__(self, dim_in: int, dim_out: int, *, grid: int = 5) -> None:
        super().__init__(dim_in, dim_out, Waves(dim_in, grid=grid), bias=True, zero=True)
        coef = torch.randn(2, dim_out, dim_in, grid) / math.sqrt(dim_in * grid)
        self.coef.copy_(coef.permute(1, 2, 0, 3).flatten(-2))


@entry("fourierkan-published")
def fourier_kan(*, widths: Widths | None = None, grid: int = 5) -> Model:
    def layer(dim_in: int, dim_out: int) -> FourierKANLayer:
        return FourierKANLayer(dim_in, dim_out, grid=grid)

    return Model(
        "fourierkan-published",
        builder(widths, row(layer)),
        kind="periodic",
        about="FourierKAN: sines and cosines of 1 to 5 times the raw input",
        source="GistNoesis 2024, github.com/GistNoesis/FourierKAN@ef80791",
        quirks=quirks(__doc__),
    )
