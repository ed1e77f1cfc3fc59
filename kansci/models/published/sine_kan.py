"""SineKAN: sines of shared frequencies that learn and of phases that do not.

Source: Reinhardt et al. 2024, arXiv:2407.04149; https://github.com/ereinha/SineKAN, commit 64aaf8e,
`SineKAN` with its defaults but for the device, which is CUDA there.
Quirks:
- Amplitudes start divided by the number of outputs, where the number of inputs adds up: outputs
  are small for wide layers and large for narrow ones.
- All functions of an edge start from one random number, the j-th divided by j: the start knows no
  independent frequencies.
- The bias starts at 1 / out.
- Frequencies of the first layer start at 1, 2, ..., 8, of all others at 1/9 of those.
- Phases grow with the place of an input: the order in which inputs stand matters.
"""

import math
from itertools import pairwise

import torch
from torch import Tensor, nn

from kansci.bases.basis import ClosedForm
from kansci.models.builders import Widths
from kansci.models.kan import KANLayer
from kansci.models.model import Model
from kansci.models.published.row import builder
from kansci.models.published.told import quirks
from kansci.models.registry import entry

RATIO = (0.9724108095811765, 0.9884401790754128, 0.999449553483052)  # published A, K and C


class Sines(ClosedForm):
    r"""$\sin(f_j x + p_{ij})$ with one trained frequency $f_j$ for all inputs.

    Args:
        first: of a first layer, whose frequencies start `size + 1` times higher.
    """

    phase: Tensor

    def __init__(self, dim_in: int, *, size: int, first: bool) -> None:
        super().__init__()
        if size < 1:
            raise ValueError(f"want size >= 1, got {size=}")
        self.size = size
        steps = torch.arange(1, size + 1)
        self.frequency = nn.Parameter(steps / (1.0 if first else size + 1.0))
        place = torch.linspace(0, math.pi, dim_in, dtype=torch.double).unsqueeze(-1)
        phase = steps.double() / (size + 1) + place
        a, k, c = RATIO
        for n in range(1, size):
            phase = (a * n**-k + c) * phase
        # In float64, so that no dtype loses digits.
        self.register_buffer("phase", phase)  # (in, size)

    def rows(self, x: Tensor, order: int) -> tuple[Tensor, ...]:
        f = self.frequency.unsqueeze(-1)
        phase = self.phase.to(x.dtype).unsqueeze(-1)
        angle = x.unsqueeze(-2) * f + phase  # (in, size, point)
        sine = torch.sin(angle)
        if order == 0:
            return (sine,)
        return (sine, f * torch.cos(angle), -f * f * sine)[: order + 1]


class SineKANLayer(KANLayer):
    """Amplitudes, frequencies, and a bias."""

    @torch.no_grad()
    def __init__(self, dim_in: int, dim_out: int, *, size: int = 8, first: bool = False) -> None:
        sines = Sines(dim_in, size=size, first=first)
        super().__init__(dim_in, dim_out, sines, bias=True, zero=True)
        one = torch.empty(dim_out, dim_in, 1)
        one = one.normal_(0, 0.4) if first else one.uniform_(-1, 1)
        self.coef.copy_(one / dim_out / torch.arange(1, size + 1))
        torch.as_tensor(self.bias).fill_(1 / dim_out)


@entry("sinekan-published")
def sine_kan(*, widths: Widths | None = None, size: int = 8) -> Model:
    def make(sizes: Widths) -> nn.Module:
        pairs = enumerate(pairwise(sizes))
        return nn.Sequential(*(SineKANLayer(*dims, size=size, first=n == 0) for n, dims in pairs))

    return Model(
        "sinekan-published",
        builder(widths, make),
        kind="periodic",
        about="SineKAN: 8 sines of trained frequencies and fixed phases",
        source="Reinhardt et al. 2024, arXiv:2407.04149; github.com/ereinha/SineKAN@64aaf8e",
        quirks=quirks(__doc__),
    )
