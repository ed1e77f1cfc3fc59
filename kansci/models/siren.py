r"""An MLP of sines.

Source: Sitzmann et al. 2020, "Implicit Neural Representations with Periodic Activation Functions"
(SIREN), arXiv:2006.09661, section 3.2: hidden layers start as there, biases as in its code.
We differ: $\omega_0 = 6$ and not 30. On [-1, 1] the fastest unit of the first layer then makes two
waves and not ten: 30 is for images of hundreds of pixels a side, while a task here has some hundred
points and a smooth truth. Weights of the first layer reach to $1/\sqrt{n}$ for $n$ inputs and not
to $1/n$, which leaves many inputs without a wave. The outputs start with the variance 1/3, not
$1/\omega_0^2$.
"""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from kansci.jets import Jet
from kansci.rules import passes_jets


class Sine(nn.Module):
    r"""$\sin(\omega x)$ of each number."""

    def __init__(self, omega: float) -> None:
        super().__init__()
        self.omega = omega

    def forward(self, x: Tensor) -> Tensor:
        return torch.sin(self.omega * x)


class Siren(nn.Sequential):
    r"""Linear layers with $\sin(\omega_0 \cdot)$ between them.

    Args:
        omega: $\omega_0$; hidden weights start as much smaller, and learn as much faster.

    Shape:
        x: `(*, in)` to `(*, out)`.

    Raises:
        ValueError: for an omega below 1.
    """

    def __init__(self, widths: Sequence[int], *, omega: int = 6) -> None:
        if omega < 1:
            raise ValueError(f"want omega >= 1, got {omega=}")
        layers: list[nn.Module] = []
        for depth, (dim_in, dim_out) in enumerate(pairwise(widths)):
            layer = nn.Linear(dim_in, dim_out)
            bound = dim_in**-0.5 * (6**0.5 / omega if depth else 1)
            nn.init.uniform_(layer.weight, -bound, bound)
            layers += [layer, Sine(omega)]
        super().__init__(*layers[:-1])
        with torch.no_grad():
            power = 1 / 3 if len(widths) == 2 else 1 / 2  # of what the last layer sees
            last = torch.randn(widths[-1], widths[-2]) / (3 * widths[-2] * power) ** 0.5
            self[-1].weight.copy_(last)  # type: ignore[operator]
            self[-1].bias.zero_()  # type: ignore[operator]


@passes_jets(Sine)
def _sine(module: Sine, jet: Jet) -> Jet:
    w = module.omega
    sin, cos = torch.sin(w * jet.value), torch.cos(w * jet.value)
    return jet.pointwise(sin, w * cos, -(w**2) * sin)
