r"""An MLP with powers of ReLU, and a shortcut around each hidden layer.

Source: Qiu et al. 2024, "PowerMLP: An Efficient Version of KAN", arXiv:2412.13571.
We differ: the start keeps the variance of the inputs, most of it by the shortcut, as powers of
powers have long tails; biases start spread, so that units bend at different places of the domain.
"""

from collections.abc import Sequence
from itertools import pairwise
from math import prod
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from kansci.jets import Jet, silu
from kansci.models.branches import Branches, Power, plus
from kansci.models.start import normal_power
from kansci.rules import carry, passes_jets

POWERS = 0.01  # of the mean square at the start: cubes of cubes have long tails
SILU_POWER = normal_power(F.silu, 3**-0.5)  # mean square behind an input with variance 1/3


class PowerMLP(nn.Sequential):
    r"""Hidden layers $\mathrm{relu}(W x + b)^k + V\,\mathrm{silu}(x)$, and a linear last one.

    A spline of degree $k$ is a sum of such powers: with one hidden layer and no shortcut, the
    function is a piecewise polynomial of degree $k$ with $k - 1$ continuous derivatives.

    Args:
        power: $k$.

    Shape:
        x: `(*, in)` to `(*, out)`.

    Raises:
        ValueError: for a power below 1.
    """

    def __init__(self, widths: Sequence[int], *, power: int = 3) -> None:
        if power < 1:
            raise ValueError(f"want power >= 1, got {power=}")
        *hidden, last = pairwise(widths)
        super().__init__(*(_block(i, o, power) for i, o in hidden), _spread(*last, 1.0, 0.0))


class PowerBlock(Branches):
    r"""$\mathrm{relu}(W x + b)^k + V\,\mathrm{silu}(x)$ of the maps $W$, $b$, the power and $V$."""

    def forward(self, x: Tensor) -> Tensor:
        bent, power, straight = self
        powers, straight = power(bent(x)), cast(nn.Linear, straight)
        if x.ndim != 2:
            return powers + straight(F.silu(x))
        return torch.addmm(powers, F.silu(x), straight.weight.mT)  # adds as it multiplies


def _block(dim_in: int, dim_out: int, power: int) -> PowerBlock:
    """Starts with the mean square of its inputs, 1/3, a hundredth of it in powers."""
    # Of normal z with unit variance, relu(z)^(2k) has the mean (2k - 1)!! / 2.
    spread = (2 * POWERS / (3 * prod(range(1, 2 * power, 2)))) ** (1 / (2 * power))
    bent = _spread(dim_in, dim_out, 1.5**0.5 * spread, spread)
    straight = nn.Linear(dim_in, dim_out, bias=False)
    size = ((1 - POWERS) / (3 * dim_in * SILU_POWER)) ** 0.5
    with torch.no_grad():
        straight.weight.copy_(torch.randn(dim_out, dim_in) * size)
    return PowerBlock([bent, Power(power), straight])


def _spread(dim_in: int, dim_out: int, slope: float, shift: float) -> nn.Linear:
    """For inputs of mean square 1/3, normal weights give `slope`^2/3, uniform biases as much."""
    layer = nn.Linear(dim_in, dim_out)
    with torch.no_grad():
        layer.weight.copy_(slope * torch.randn(dim_out, dim_in) / dim_in**0.5)
        layer.bias.copy_(shift * 1.5**0.5 * (2 * torch.rand(dim_out) - 1))
    return layer


@passes_jets(PowerBlock)
def _power_block(block: PowerBlock, jet: Jet) -> Jet:
    bent, power, straight = block
    bends = carry(power, carry(bent, jet))
    return plus([bends, carry(straight, jet.pointwise(*silu(jet.value)))])
