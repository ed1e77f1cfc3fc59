r"""FasterKAN: reflectional switches of normalised inputs, with the gradient of its own code.

The code states $b(x) = 1 - \tanh^2(x - c)$ with a gradient written by hand, $-2\tau t\,b$, where
$t = \tanh(x - c)$ and $\tau$ is its inverse denominator: at the default, 1/2, half the true one.

Source: Delis 2024, https://github.com/AthanasiosDelis/faster-kan, commit 3bcabc2, `FasterKAN` with
its defaults.
Quirks:
- The gradient by the inputs is half the true one at every layer: a weight n layers below the
  output gets 1/2^n of its own. Gradients of the last layer's weights are right.
- Differentiated twice, the hand-written gradient holds t constant: the second derivative of a
  switch b is t^2 b, and the true one is (4 - 6 b) b. A loss with derivatives in it sees those.
- The width of the switches is never used: they are 1 wide, whatever their distance is.
- LayerNorm stands before every layer and nothing passes by it: of two inputs only which one is
  larger is left, two values in all but a thin band, and of one input a constant.
- The start is Xavier's for all functions together, without regard to their sizes.
- The centres of a network lie on [-1.2, 1.2], those of a single layer on [-1.2, 0.2] by default.
We differ: forward derivatives, which the package has not, are those that its gradient implies; and
any leading dimensions pass.
"""

import torch
from torch import Tensor, nn

from kansci.bases.basis import ClosedForm
from kansci.models.builders import Widths
from kansci.models.kan import KANLayer
from kansci.models.model import Model
from kansci.models.published.row import builder, norm, row
from kansci.models.published.told import quirks
from kansci.models.registry import entry

CENTRES = (-1.2, 1.2, 8)
INVERSE = 0.5  # of the denominator: used in the gradient alone


class HalvedSwitch(ClosedForm):
    r"""Switches $1 - \tanh^2(x - c_k)$ whose derivatives are those of the published code.

    It differentiates $b$ to $-2\tau t\,b$ and holds $t$, but not $b$, constant from then on: that
    is, near $x_0$, of $b(x_0)\,e^{-2\tau t(x_0)(x - x_0)}$. So it is written here, which gives all
    derivatives, of any order and in either direction, without a gradient by hand.
    """

    size = CENTRES[-1]
    keeps = 1
    centres: Tensor

    def __init__(self, dim_in: int) -> None:
        super().__init__()
        # In float64, so that no dtype loses digits.
        self.register_buffer("centres", torch.linspace(*CENTRES, dtype=torch.double))

    def rows(self, x: Tensor, order: int) -> tuple[Tensor, ...]:
        x = x.unsqueeze(-2)
        centres = self.centres.to(x.dtype).unsqueeze(-1)
        t = torch.tanh(x.detach() - centres)  # (in, size, point)
        rate = -2 * INVERSE * t
        value = (1 - t.square()) * torch.exp(rate * (x - x.detach()))
        return tuple(rate**power * value for power in range(order + 1))

    def fill(self, x: Tensor, out: Tensor, *, keep: bool) -> tuple[Tensor, ...]:
        centres = self.centres.to(x.dtype).unsqueeze(-1)
        switch = torch.sub(x.unsqueeze(-2), centres).tanh_()
        torch.mul(switch, switch, out=out)
        out.neg_().add_(1)
        return (switch,)

    def pull(
        self, x: Tensor, out: Tensor, kept: tuple[Tensor, ...], cotangent: Tensor
    ) -> tuple[Tensor, ...]:
        return (cotangent.mul_(out).mul_(kept[0]).sum(-2).mul_(-2 * INVERSE),)


class FasterKANLayer(KANLayer):
    """Coefficients alone."""

    def __init__(self, dim_in: int, dim_out: int) -> None:
        super().__init__(dim_in, dim_out, HalvedSwitch(dim_in), zero=True)
        nn.init.xavier_uniform_(self.coef.data.flatten(1))


@entry("fasterkan-published")
def faster_kan(*, widths: Widths | None = None) -> Model:
    return Model(
        "fasterkan-published",
        builder(widths, row(norm, FasterKANLayer)),
        kind="bells",
        about="FasterKAN: LayerNorm, 8 switches on [-1.2, 1.2], half the true gradient",
        source="Delis 2024, github.com/AthanasiosDelis/faster-kan@3bcabc2",
        quirks=quirks(__doc__),
    )
