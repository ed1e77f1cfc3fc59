r"""flashkan: cubic B-splines as sums of truncated cubes, which cancel.

Source: the package flashkan 0.2.0, `KANNetwork` with its defaults.
Quirks:
- The five cubes of a spline cancel: in float32 it is wrong by 8e-5 at 5 cells, by 4e-3 at 20 and
  by 4 at 200; and what should be 0 outside the grid grows with the cube of the distance, to 1.2 at
  x = 100 with 5 cells and to 1e5 with 200.
- A sixth is written as 0.16666667, so that in float64, too, splines are wrong by 2e-8 of
  themselves.
- All weights start with a deviation of 0.1 whatever the number of inputs is.
We differ: nothing is compiled, so that second derivatives exist, from cubes that cancel as well;
any leading dimensions pass.
"""

import torch
from torch import Tensor, nn

from kansci.bases import Beside, Pointwise
from kansci.bases.basis import ClosedForm, check_grid
from kansci.jets import total
from kansci.models.builders import Widths
from kansci.models.kan import KANLayer
from kansci.models.model import Model
from kansci.models.published.row import builder, row
from kansci.models.published.told import quirks
from kansci.models.registry import entry

SIXTH = 0.16666667
SIGNS = (1.0, -4.0, 6.0, -4.0, 1.0)


class TruncatedCubes(ClosedForm):
    r"""Splines $\frac16 \sum_{n=0}^4 (-1)^n \binom4n\,\mathrm{relu}(u - n)^3$ of $u = (x - x_k)/h$.

    Summed in the order of the package, since what is left is rounding.
    """

    starts: Tensor

    def __init__(self, dim_in: int, *, grid: int) -> None:
        super().__init__()
        check_grid(grid)
        step = 2 / grid
        self.size = grid + 3
        self.inverse = 1 / step
        self.register_buffer("starts", torch.arange(self.size).float() * step - 1 - 3 * step)

    def rows(self, x: Tensor, order: int) -> tuple[Tensor, ...]:
        u = (x.unsqueeze(-2) - self.starts.unsqueeze(-1)) * self.inverse  # (in, size, point)
        cut = [torch.clamp(u - n, min=0) for n in range(5)]
        value = total([sign * one * one * one for sign, one in zip(SIGNS, cut, strict=True)])
        rows = [value * SIXTH]
        for power in range(1, order + 1):
            factor = (3 if power == 1 else 6) * SIXTH * self.inverse**power
            parts = [s * one ** (3 - power) for s, one in zip(SIGNS, cut, strict=True)]
            rows.append(total(parts) * factor)
        return tuple(rows)


class FlashKANLayer(KANLayer):
    """Splines, then base weights, drawn one after the other."""

    @torch.no_grad()
    def __init__(self, dim_in: int, dim_out: int, *, grid: int = 5) -> None:
        both = Beside(TruncatedCubes(dim_in, grid=grid), Pointwise(dim_in))
        super().__init__(dim_in, dim_out, both, zero=True)
        self.coef[..., :-1] = nn.init.trunc_normal_(torch.empty(dim_out, dim_in, grid + 3), std=0.1)
        self.coef[..., -1] = nn.init.trunc_normal_(torch.empty(dim_out, dim_in), std=0.1)


@entry("flashkan-published")
def flashkan(*, widths: Widths | None = None, grid: int = 5) -> Model:
    def layer(dim_in: int, dim_out: int) -> FlashKANLayer:
        return FlashKANLayer(dim_in, dim_out, grid=grid)

    return Model(
        "flashkan-published",
        builder(widths, row(layer)),
        kind="B-spline",
        continuous=2,
        about="flashkan: cubic B-splines on 5 cells from truncated cubes, SiLU base branch",
        source="NAVEENMN 2025, flashkan 0.2.0 on PyPI",
        quirks=quirks(__doc__),
    )
