"""FastKAN: Gaussians of normalised inputs, and a base branch of the raw ones.

Source: Li 2024, arXiv:2405.06721; https://github.com/ZiyaoLi/fast-kan, commit 17b6540, `FastKAN`
with its defaults.
Quirks:
- LayerNorm stands before the Gaussians of every layer, the first too. Of two inputs it keeps only
  which one is larger: both become 1 or -1, but in a thin band where they are equal and gradients
  pass 100. Of more inputs it takes away their mean and their scale.
- One input, or a hidden layer of one unit, is refused, as by the package.
- Coefficients start with a deviation of 0.1 whatever the number of inputs is, so that outputs grow
  with it.
- A Gaussian is felt everywhere: about five of the eight are above 0.01 at any point.
"""

import math

import torch
from torch import nn

from kansci.bases import Gaussian, Pointwise
from kansci.errors import DoesNotFit
from kansci.models.branches import Branches
from kansci.models.builders import Widths
from kansci.models.kan import KANLayer
from kansci.models.model import Model
from kansci.models.published.row import builder, row
from kansci.models.published.told import quirks
from kansci.models.registry import entry


class FastKANLayer(Branches):
    r"""$y = C\,\phi(\mathrm{LayerNorm}(x)) + W\,\mathrm{silu}(x) + b$, with 8 bells on [-2, 2].

    Shape:
        x: `(*, in)` to `(*, out)`.

    Raises:
        DoesNotFit: for a single input, which the package refuses.
    """

    def __init__(self, dim_in: int, dim_out: int) -> None:
        if dim_in < 2:
            raise DoesNotFit(f"LayerNorm tells 2 inputs or more apart, got {dim_in=}")
        bells = KANLayer(dim_in, dim_out, Gaussian(dim_in), zero=True)
        nn.init.trunc_normal_(bells.coef, std=0.1)
        base = KANLayer(dim_in, dim_out, Pointwise(dim_in), bias=True, zero=True)
        nn.init.kaiming_uniform_(base.coef.data.squeeze(-1), a=math.sqrt(5))
        nn.init.uniform_(torch.as_tensor(base.bias), -(dim_in**-0.5), dim_in**-0.5)
        super().__init__([nn.Sequential(nn.LayerNorm(dim_in), bells), base])


@entry("fastkan-published")
def fast_kan(*, widths: Widths | None = None) -> Model:
    return Model(
        "fastkan-published",
        builder(widths, row(FastKANLayer), least=2),
        kind="bells",
        about="FastKAN: LayerNorm, 8 Gaussians on [-2, 2], SiLU base branch of raw inputs",
        source="Li 2024, arXiv:2405.06721; github.com/ZiyaoLi/fast-kan@17b6540",
        quirks=quirks(__doc__),
    )
