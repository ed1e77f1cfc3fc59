r"""Reflectional switch functions: bells from a hyperbolic tangent.

Source: Delis 2024, FasterKAN, https://github.com/AthanasiosDelis/faster-kan.
We differ: the width is used, as the formula states it; the authors' code never divides by it,
and its hand-written gradient is half the true one at the defaults. Inputs are not normalised.
"""

import torch
from torch import Tensor

from kansci.bases.basis import ClosedForm, check_domain, one_apart


class ReflectionalSwitch(ClosedForm):
    r"""Bells $1 - \tanh^2\big((x - c_k)/h\big)$ at `size` even centres, $h$ apart.

    Derivatives of every order; tails that fade like $4 e^{-2|t|}$.

    Args:
        size: number of bells, at least 2.
        domain: of the first and the last centre.

    Raises:
        ValueError: for fewer than two bells or an empty domain.
    """

    keeps = 1
    centres: Tensor

    def __init__(
        self, dim_in: int, *, size: int = 8, domain: tuple[float, float] = (-1.2, 1.2)
    ) -> None:
        super().__init__()
        if size < 2:
            raise ValueError(f"want size >= 2, got {size=}")
        check_domain(domain)
        self.size = size
        self.low, high = domain
        self.step = (high - self.low) / (size - 1)
        self.register_buffer("centres", torch.arange(size).float())  # in steps: exact

    def rows(self, x: Tensor, order: int) -> tuple[Tensor, ...]:
        switch = torch.tanh(self._steps(x))  # (in, size, point)
        value = 1 - switch.square()
        if order == 0:
            return (value,)
        first = -2 / self.step * switch * value
        if order == 1:
            return value, first
        return value, first, (4 - 6 * value) / self.step**2 * value

    def fill(self, x: Tensor, out: Tensor, *, keep: bool) -> tuple[Tensor, ...]:
        centres = one_apart(self.low / self.step, self.size, x.dtype, x.device)
        switch = torch.add(centres, x.unsqueeze(-2), alpha=-1 / self.step).tanh_()
        torch.mul(switch, switch, out=out)
        out.neg_().add_(1)
        return (switch,)

    def pull(
        self, x: Tensor, out: Tensor, kept: tuple[Tensor, ...], cotangent: Tensor
    ) -> tuple[Tensor, ...]:
        return (cotangent.mul_(out).mul_(kept[0]).sum(-2).mul_(2 / self.step),)

    def _steps(self, x: Tensor) -> Tensor:
        """How many steps each point lies from each centre, `(in, size, point)`."""
        return ((x - self.low) / self.step).unsqueeze(-2) - self.centres.unsqueeze(-1)
