"""The one wrapper around every network: tasks speak their own units, networks [-1, 1]."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from kansci.ansatz import Ansatz
from kansci.jets import Jet
from kansci.rules import carry
from kansci.task import Coefficient, Interval, Scale


class Units(nn.Module):
    """Maps inputs from the task's domain to [-1, 1], and outputs by the task's scale.

    Args:
        ansatz: of a task whose conditions hold whatever the network is.
        coefficients: of a task that does not know them: trained beside the network, which has
            them as `coefficients`, `(k,)`.

    Shape:
        x: `(*, in)` to `(*, out)`, or a `Jet` of such points to that of the outputs.
    """

    centre: Tensor
    half_width: Tensor
    mean: Tensor
    std: Tensor
    coefficients: nn.Parameter | None

    def __init__(
        self,
        network: nn.Module,
        domain: Sequence[Interval],
        scale: Scale,
        ansatz: Ansatz | None = None,
        coefficients: Sequence[Coefficient] = (),
    ) -> None:
        super().__init__()
        self.network = network
        self.ansatz = ansatz
        low, high = torch.tensor(domain, dtype=torch.double).T
        self.register_buffer("centre", (low + high) / 2)
        self.register_buffer("half_width", (high - low) / 2)
        # Not plain numbers: networks of different tasks train in one program.
        self.register_buffer("mean", torch.tensor(scale.mean, dtype=torch.double))
        self.register_buffer("std", torch.tensor(scale.std, dtype=torch.double))
        start = torch.tensor([one.start for one in coefficients], dtype=torch.double)
        self.coefficients = nn.Parameter(start) if len(start) else None

    def forward(self, x: Tensor | Jet) -> Tensor | Jet:
        if isinstance(x, Jet):
            inner = x.linear(lambda z: z / self.half_width, -self.centre / self.half_width)
            jet = carry(self.network, inner).linear(lambda z: self.std * z, self.mean)
            return jet if self.ansatz is None else self.ansatz.jet(x, jet)
        u = self.mean + self.std * self.network((x - self.centre) / self.half_width)
        return u if self.ansatz is None else self.ansatz(x, u)


def without_units(network: nn.Module) -> nn.Module:
    """The network of a model itself, which a budget is of."""
    return network.network if isinstance(network, Units) else network
