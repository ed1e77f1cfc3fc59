r"""JacobiKAN: Jacobi polynomials of a squashed input, for a = b = 1.

Source: https://github.com/SpaceLearner/JacobiKAN, commit 51d160c, `JacobiKANLayer` with the degree
3 of its README.
Quirks:
- Polynomials are not normalised: at the ends P_d is d + 1, so that high degrees weigh most.
- Coefficients start with a deviation of 1 / (in (D + 1)), not its root: outputs shrink as inputs
  grow in number.
- P_0 = 1 stands once for every input: in - 1 numbers of each unit do what others do.
We differ: it runs in float64, which the package cannot, and under `torch.vmap`, as nothing is
written in place. No LayerNorm stands between layers. It is in the README's network for digits; the
layer has none, nor have the networks of its authors' notebooks that fit functions.
"""

import torch
from torch import nn

from kansci.bases.jacobi import Jacobi
from kansci.models.builders import Widths
from kansci.models.kan import KANLayer
from kansci.models.model import Model
from kansci.models.published.row import builder, row
from kansci.models.published.told import quirks
from kansci.models.registry import entry


class JacobiKANLayer(KANLayer):
    """Coefficients alone."""

    @torch.no_grad()
    def __init__(self, dim_in: int, dim_out: int, *, degree: int = 3) -> None:
        super().__init__(dim_in, dim_out, Jacobi(dim_in, degree=degree, a=1, b=1), zero=True)
        coef = nn.init.normal_(torch.empty(dim_in, dim_out, degree + 1))
        self.coef.copy_(coef.transpose(0, 1) / (dim_in * (degree + 1)))


@entry("jacobikan-published")
def jacobi_kan(*, widths: Widths | None = None, degree: int = 3) -> Model:
    def layer(dim_in: int, dim_out: int) -> JacobiKANLayer:
        return JacobiKANLayer(dim_in, dim_out, degree=degree)

    return Model(
        "jacobikan-published",
        builder(widths, row(layer)),
        kind="polynomials",
        about="JacobiKAN: Jacobi polynomials (1, 1) of tanh x to degree 3",
        source="SpaceLearner 2024, github.com/SpaceLearner/JacobiKAN@51d160c",
        quirks=quirks(__doc__),
    )
