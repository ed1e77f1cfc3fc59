"""LinearKAN: values at even points and straight lines between them.

Source: https://github.com/cats-marin/KANditioned, the package kanditioned 1.0.4, `KANLayer` with
its defaults, the start "random_normal" of its README and the kernel "embedding_bag".
Quirks:
- The start draws slopes an index of its 32 points, not a unit of x: outputs are 31/4 times as
  large as their weights of unit norm say, and once more with each layer. After one hidden layer
  they are 50 times too large.
- Points lie on [-2, 2], of which inputs use the middle half and early hidden units leave the rest
  behind: beyond it functions are straight lines.
- The second derivative is 0.
We differ: it runs. The default kernel fails for any input, the parallel scan as well, and the
"identity" start, which is 31/4 times that, is not the default. Any leading dimensions pass, which
the package would sum up silently. NaN gives NaN, where the package breaks off.
"""

import torch
import torch.nn.functional as F

from kansci.bases import Hat
from kansci.models.builders import Widths
from kansci.models.kan import KANLayer
from kansci.models.model import Model
from kansci.models.published.row import builder, row
from kansci.models.published.told import quirks
from kansci.models.registry import entry

POINTS, REACH = 32, 2.0


class LinearKANLayer(KANLayer):
    """Starts from straight lines whose slopes have, for each output, the norm 1 an index."""

    @torch.no_grad()
    def __init__(self, dim_in: int, dim_out: int) -> None:
        hats = Hat(dim_in, grid=POINTS - 1, domain=(-REACH, REACH))
        super().__init__(dim_in, dim_out, hats, zero=True)
        slope = F.normalize(torch.randn(dim_in, dim_out), dim=0).mT.unsqueeze(-1)
        self.coef.copy_(slope * (torch.arange(POINTS) - (POINTS - 1) / 2))


@entry("linearkan-published")
def linear_kan(*, widths: Widths | None = None) -> Model:
    return Model(
        "linearkan-published",
        builder(widths, row(LinearKANLayer)),
        kind="piecewise linear",
        derivatives=1,
        continuous=0,
        about="kanditioned's LinearKAN: hats on 32 points of [-2, 2]",
        source="cats-marin 2025, github.com/cats-marin/KANditioned, kanditioned 1.0.4",
        quirks=quirks(__doc__),
    )
