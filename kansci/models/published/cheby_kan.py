r"""ChebyKAN: $\cos(d \arccos \tanh x)$ as its authors compute it.

Source: https://github.com/SynodicMonth/ChebyKAN, commit 5f7efdd, `ChebyKANLayer` with the degree 4
of its README.
Quirks:
- Once tanh rounds to 1, near |x| = 9 in float32 and 19 in float64, the gradient is NaN: that of the
  arc cosine is infinite there, times 0. One such hidden unit ends a training.
- Coefficients start with a deviation of 1 / (in (D + 1)), not its root: outputs shrink as inputs
  grow in number, a sixth as large for 64 inputs as for 2.
- T_0 = 1 stands once for every input: in - 1 numbers of each unit do what others do.
We differ: no LayerNorm stands between layers. It is in the README's network for digits; the layer
has none, nor have the networks of its authors' notebooks that fit functions.
"""

import torch
from torch import Tensor, nn

from kansci.bases.basis import Basis
from kansci.models.builders import Widths
from kansci.models.kan import KANLayer
from kansci.models.model import Model
from kansci.models.published.row import builder, row
from kansci.models.published.told import quirks
from kansci.models.registry import entry


class ArcCosine(Basis):
    r"""$T_0, \dots, T_D$ of $\tanh x$, by the arc cosine."""

    degrees: Tensor

    def __init__(self, dim_in: int, *, degree: int) -> None:
        super().__init__()
        if degree < 1:
            raise ValueError(f"want degree >= 1, got {degree=}")
        self.size = degree + 1
        self.register_buffer("degrees", torch.arange(self.size).float())

    def forward(self, x: Tensor) -> Tensor:
        return torch.cos(torch.acos(torch.tanh(x)).unsqueeze(-1) * self.degrees)


class ChebyKANLayer(KANLayer):
    """Coefficients alone."""

    @torch.no_grad()
    def __init__(self, dim_in: int, dim_out: int, *, degree: int = 4) -> None:
        super().__init__(dim_in, dim_out, ArcCosine(dim_in, degree=degree), zero=True)
        coef = nn.init.normal_(torch.empty(dim_in, dim_out, degree + 1))
        self.coef.copy_(coef.transpose(0, 1) / (dim_in * (degree + 1)))


@entry("chebykan-published")
def cheby_kan(*, widths: Widths | None = None, degree: int = 4) -> Model:
    def layer(dim_in: int, dim_out: int) -> ChebyKANLayer:
        return ChebyKANLayer(dim_in, dim_out, degree=degree)

    return Model(
        "chebykan-published",
        builder(widths, row(layer)),
        kind="polynomials",
        about="ChebyKAN: Chebyshev polynomials of tanh x to degree 4, by the arc cosine",
        source="SynodicMonth 2024, github.com/SynodicMonth/ChebyKAN@5f7efdd",
        quirks=quirks(__doc__),
    )
