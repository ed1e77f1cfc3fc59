r"""An MLP whose activations are learned: a B-spline of its own for each hidden unit.

Source: Yu et al. 2024, "KAN or MLP: A Fairer Comparison", arXiv:2407.16674, section 5: with such
activations an MLP closes most of the gap to a KAN on formulas.
We differ: the spline is added to SiLU and starts from 0, so that training begins at an MLP with
SiLU, of our start; its grid reaches over two standard deviations of what it sees then; beyond it
the SiLU is left, where theirs is 0.
"""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from kansci.bases import Basis, BSpline
from kansci.jets import Jet, silu
from kansci.models.layer import points_first, points_last
from kansci.models.mlp import mean_square, started
from kansci.rules import passes_jets

DOMAIN = (-2.0, 2.0)  # hidden units start with unit variance


class SplineUnits(nn.Module):
    r"""$\mathrm{silu}(x_u) + \sum_k c_{uk} B_k(x_u)$ of each unit, `(*, unit)` to `(*, unit)`.

    Args:
        units: number of units.
        grid: cells of the splines.
        degree: of the polynomial pieces.
    """

    def __init__(self, units: int, *, grid: int = 5, degree: int = 3) -> None:
        super().__init__()
        self.basis: Basis = BSpline(units, grid=grid, degree=degree, domain=DOMAIN)
        self.coef = nn.Parameter(torch.zeros(units, self.basis.size))

    def forward(self, x: Tensor) -> Tensor:
        return torch.nn.functional.silu(x) + self.splines(x, 0)[0]

    def splines(self, x: Tensor, order: int) -> list[Tensor]:
        """The learned part and its derivatives, of the shape of `x`."""
        rows = self.basis.edges(self.coef.unsqueeze(1), points_last(x), order)
        return [points_first(row.squeeze(1), x) for row in rows]


class SplineMLP(nn.Sequential):
    """Linear layers with learned activations between them.

    Shape:
        x: `(*, in)` to `(*, out)`.
    """

    def __init__(self, widths: Sequence[int], *, grid: int = 5, degree: int = 3) -> None:
        *hidden, last = pairwise(widths)
        after = mean_square(nn.SiLU())
        layers: list[nn.Module] = []
        for depth, (dim_in, dim_out) in enumerate(hidden):
            power = after if depth else 1 / 3
            layers.append(started(dim_in, dim_out, power=power, last=False))
            layers.append(SplineUnits(dim_out, grid=grid, degree=degree))
        power = after if hidden else 1 / 3
        super().__init__(*layers, started(*last, power=power, last=True))


@passes_jets(SplineUnits)
def _spline_units(module: SplineUnits, jet: Jet) -> Jet:
    fixed = silu(jet.value)
    learned = module.splines(jet.value, 2)
    f, df, ddf = (a + b for a, b in zip(fixed, learned, strict=True))
    return jet.pointwise(f, df, ddf)
