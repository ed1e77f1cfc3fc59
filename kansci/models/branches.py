"""Small parts of networks that are no plain sequence: branches that are summed, factors, powers.

Each says how a jet passes through it, so that whatever is built of them has fast derivatives.
"""

from typing import cast

import torch
from torch import Tensor, nn

from kansci.jets import Jet, total
from kansci.rules import carry, passes_jets


class Branches(nn.ModuleList):
    """The sum of what its parts make of the same input, `(*, in)` to `(*, out)`."""

    def forward(self, x: Tensor) -> Tensor:
        return total([part(x) for part in self])


class Factors(nn.Module):
    """A trained factor for each number, `(*, d)` to `(*, d)`.

    Args:
        start: of all of them.
    """

    def __init__(self, dim: int, *, start: float) -> None:
        super().__init__()
        self.factor = nn.Parameter(torch.full((dim,), start))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.factor


class Power(nn.Module):
    r"""$\mathrm{relu}(x)^k$ of each number.

    Raises:
        ValueError: for a power below 1.
    """

    def __init__(self, power: int) -> None:
        super().__init__()
        if power < 1:
            raise ValueError(f"want power >= 1, got {power=}")
        self.power = power

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(x) ** self.power


@passes_jets(Branches)
def _branches(module: Branches, jet: Jet) -> Jet:
    return plus([carry(part, jet) for part in module])


@passes_jets(Factors)
def _factors(module: Factors, jet: Jet) -> Jet:
    return jet.linear(lambda z: z * module.factor)


@passes_jets(Power)
def _power(module: Power, jet: Jet) -> Jet:
    k, z = module.power, torch.relu(jet.value)
    on = (jet.value > 0).to(z.dtype)
    df = k * on * z ** (k - 1)
    ddf = k * (k - 1) * on * z ** (k - 2) if k > 1 else 0 * z
    return jet.pointwise(z**k, df, ddf)


def plus(jets: list[Jet]) -> Jet:
    """The sum of jets along the same directions; one without second derivatives has zeros."""
    bent = [jet.second for jet in jets if jet.second]
    first = zip(*(jet.first for jet in jets), strict=True)
    return Jet(
        total([jet.value for jet in jets]),
        tuple(total(one) for one in cast(list[tuple[Tensor, ...]], list(first))),
        tuple(total(one) for one in zip(*bent, strict=True)),
        jets[0].streams,
    )
