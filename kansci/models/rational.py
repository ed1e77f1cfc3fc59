r"""Rational functions, each shared by a group of inputs: the activations of KAT.

Source: Yang and Wang 2024, "Kolmogorov-Arnold Transformer", arXiv:2409.10594; safe denominators
after Molina et al. 2020, "Pade Activation Units", arXiv:1907.06732.
We differ: the denominator is $\sqrt{1 + Q^2}$ and not $1 + |Q|$, whose kink where $Q = 0$, at
$x = 0$ above all, lets the slope jump: both grow alike, and ours has all derivatives. Numerators
are of a group, too, where the authors' code shares one. All layers start as SiLU, where theirs
start the first of two as the identity.
"""

import torch
from torch import Tensor, nn

from kansci.bases.basis import ClosedForm

# Least squares on [-4, 4], where they miss SiLU by less than 1e-4.
SILU = (-2.2235849e-05, 4.9998418e-01, 2.5013313e-01, 5.3438721e-02, 5.7169373e-03, 2.5250542e-04)
SILU_BELOW = (-4.6213464e-01, 7.9332346e-05, -1.3627693e-02, 2.5200300e-04)


class GroupRational(ClosedForm):
    r"""One function of each input, $R_g(x) = P_g(x)\,/\,\sqrt{1 + Q_g(x)^2}$.

    $P$ is of degree 5 and $Q$ of degree 4, without a constant: no pole, and far outside $R$ grows
    no faster than a straight line. Inputs that stand together share one function.

    Args:
        groups: of inputs as even as can be; no more than there are inputs.

    Raises:
        ValueError: for no groups.
    """

    size = 1
    group: Tensor

    def __init__(self, dim_in: int, *, groups: int = 8) -> None:
        super().__init__()
        if groups < 1:
            raise ValueError(f"want groups >= 1, got {groups=}")
        groups = min(groups, dim_in)
        self.above = nn.Parameter(torch.tensor(SILU).expand(groups, -1).clone())
        self.below = nn.Parameter(torch.tensor(SILU_BELOW).expand(groups, -1).clone())
        group = torch.arange(dim_in) * groups // dim_in
        self.register_buffer("group", group, persistent=False)

    def rows(self, x: Tensor, order: int) -> tuple[Tensor, ...]:
        p = polynomial(self.above[self.group], x, order)
        none = self.below.new_zeros(len(self.below), 1)
        q = polynomial(torch.cat([none, self.below], -1)[self.group], x, order)
        root = torch.hypot(q[0], torch.ones_like(q[0]))
        value = p[0] / root
        found = [value]
        if order > 0:
            steep = q[0] / root * q[1]  # the slope of the root
            slope = (p[1] - value * steep) / root
            found.append(slope)
        if order > 1:
            bend = (q[1] / root).square() / root + q[0] / root * q[2]
            found.append((p[2] - 2 * slope * steep - value * bend) / root)
        return tuple(one.unsqueeze(-2) for one in found)


def polynomial(coef: Tensor, x: Tensor, order: int) -> tuple[Tensor, ...]:
    """Of coefficients `(in, power)`, lowest first, with derivatives, `(in, point)` each."""
    rows = []
    for _ in range(order + 1):
        value = coef[..., -1:] + 0 * x
        for power in range(coef.shape[-1] - 2, -1, -1):
            value = value * x + coef[..., power : power + 1]
        rows.append(value)
        powers = torch.arange(1, coef.shape[-1], device=coef.device, dtype=coef.dtype)
        coef = coef[..., 1:] * powers
    return tuple(rows)
