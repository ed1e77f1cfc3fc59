"""ReLU-KAN: bells on [0, 1] with learned ends, of which the height keeps the first.

Source: Qiu et al. 2024, arXiv:2406.02075; https://github.com/quiqi/relu_kan, commit 79eab7a,
`ReLUKAN` with the grid 5 and k 3 of its scripts, as it has no defaults.
Quirks:
- Bells lie on [0, 1], of every layer: inputs are mapped there from [-1, 1], hidden units are not.
  Outside of [-3/5, 8/5] both value and gradient are 0, and a unit that left does not come back.
- The ends of a bell are learned, and its height is that of the first ends, not 16 / (e - s)^4: a
  bell that grows wider grows higher.
- The second derivative jumps at the ends.
- The start is that of a convolution over all functions, uniform within 1 / sqrt(8 in).
- A reshape that should be a transposition scrambles functions and inputs: the kernel at (j, p) is
  not the weight of function j of input p. The functions that a network can be are the same, and
  weights in their flat order, too, so that nothing of it is left to reproduce here.
We differ: any leading dimensions pass, where the package wants `(batch, in, 1)`.
"""

import math

import torch
from torch import Tensor, nn

from kansci.bases.basis import ClosedForm, check_grid
from kansci.jets import Jet
from kansci.models.builders import Widths
from kansci.models.kan import KANLayer
from kansci.models.model import Model
from kansci.models.published.row import builder, row
from kansci.models.published.told import quirks
from kansci.models.registry import entry
from kansci.rules import passes_jets


class FrozenBell(ClosedForm):
    r"""Bells $[r\,\mathrm{relu}(e_k - x)\,\mathrm{relu}(x - s_k)]^2$, $r = 4 g^2/(k + 1)^2$."""

    def __init__(self, dim_in: int, *, grid: int, order: int) -> None:
        super().__init__()
        check_grid(grid)
        if order < 1:
            raise ValueError(f"want order >= 1, got {order=}")
        self.size = grid + order
        self.factor = 4 * grid**2 / (order + 1) ** 2
        start = torch.arange(-order, grid) / grid  # (size,)
        self.start = nn.Parameter(start.expand(dim_in, -1).clone())
        self.end = nn.Parameter((start + (order + 1) / grid).expand(dim_in, -1).clone())

    def rows(self, x: Tensor, order: int) -> tuple[Tensor, ...]:
        left = torch.relu(x.unsqueeze(-2) - self.start.unsqueeze(-1))  # (in, size, point)
        right = torch.relu(self.end.unsqueeze(-1) - x.unsqueeze(-2))
        bell = self.factor * left * right
        if order == 0:
            return (bell.square(),)
        inside = (left > 0) & (right > 0)
        slope = torch.where(inside, self.factor * (right - left), 0.0)
        if order == 1:
            return bell.square(), 2 * bell * slope
        second = 2 * (slope.square() - torch.where(inside, 2 * self.factor * bell, 0.0))
        return bell.square(), 2 * bell * slope, second


class ReluKANLayer(KANLayer):
    """Coefficients and a bias that start as those of a convolution."""

    def __init__(self, dim_in: int, dim_out: int, *, grid: int, order: int) -> None:
        bells = FrozenBell(dim_in, grid=grid, order=order)
        super().__init__(dim_in, dim_out, bells, bias=True, zero=True)
        nn.init.kaiming_uniform_(self.coef.data.flatten(1), a=math.sqrt(5))
        bound = (dim_in * bells.size) ** -0.5
        nn.init.uniform_(torch.as_tensor(self.bias), -bound, bound)


class FromZero(nn.Module):
    """[-1, 1] to [0, 1]."""

    def forward(self, x: Tensor) -> Tensor:
        return x / 2 + 0.5


@passes_jets(FromZero)
def _from_zero(module: FromZero, jet: Jet) -> Jet:
    return jet.linear(lambda z: z / 2, 0.5)


@entry("relukan-published")
def relu_kan(*, widths: Widths | None = None, grid: int = 5, order: int = 3) -> Model:
    def layer(dim_in: int, dim_out: int) -> ReluKANLayer:
        return ReluKANLayer(dim_in, dim_out, grid=grid, order=order)

    return Model(
        "relukan-published",
        builder(widths, lambda sizes: nn.Sequential(FromZero(), *row(layer)(sizes).children())),
        kind="bells",
        continuous=1,
        about="ReLU-KAN: 8 bells on [0, 1] with learned ends and a height that stays",
        source="Qiu et al. 2024, arXiv:2406.02075; github.com/quiqi/relu_kan@79eab7a",
        quirks=quirks(__doc__),
    )
