r"""Gaussian bells: the radial basis of FastKAN, and of the linear control.

Source: Li 2024, "Kolmogorov-Arnold Networks are Radial Basis Function Networks",
arXiv:2405.06721.
We differ: inputs are not normalised; the authors' LayerNorm maps every pair of inputs to one of
two points.
"""

import torch
from torch import Tensor

from kansci.bases.basis import check_domain, one_apart
from kansci.bases.local import Local

REACH = 7  # steps from which a bell is below 1e-21: nothing beside the others, in any dtype


class Gaussian(Local):
    r"""Bells $\exp\big(-((x - c_k)/h)^2\big)$ at `size` even centres, $h$ apart.

    Neither compact nor a partition of unity; derivatives of every order.

    Args:
        size: number of bells, at least 2.
        domain: of the first and the last centre.

    Raises:
        ValueError: for fewer than two bells or an empty domain.
    """

    few = 2 * REACH + 2
    centres: Tensor

    def __init__(
        self, dim_in: int, *, size: int = 8, domain: tuple[float, float] = (-2.0, 2.0)
    ) -> None:
        super().__init__()
        if size < 2:
            raise ValueError(f"want size >= 2, got {size=}")
        check_domain(domain)
        self.size = size
        self.low, high = domain
        self.step = (high - self.low) / (size - 1)
        self.register_buffer("centres", torch.arange(size).float())  # in steps: exact

    def apart(self) -> bool:
        return self.size > 2 * self.few

    def every(self, x: Tensor, order: int) -> tuple[Tensor, ...]:
        return bells(self._steps(x) - self.centres.unsqueeze(-1), order, self.step)

    def near(self, x: Tensor, order: int) -> tuple[Tensor, tuple[Tensor, ...]]:
        t = self._steps(x)
        first = t.detach().floor().clamp(-self.few, self.size + REACH) - REACH
        few = torch.arange(self.few, device=x.device).unsqueeze(-1)
        return first, bells(t - first - few, order, self.step)  # (in, few, point)

    def fill(self, x: Tensor, out: Tensor, *, keep: bool) -> tuple[Tensor, ...]:
        if self.apart():
            return super().fill(x, out, keep=keep)
        self._ahead(x, out).square_().neg_().exp_()
        return ()

    def pull(
        self, x: Tensor, out: Tensor, kept: tuple[Tensor, ...], cotangent: Tensor
    ) -> tuple[Tensor, ...]:
        if self.apart():
            return super().pull(x, out, kept, cotangent)
        ahead = self._ahead(x, torch.empty_like(out))
        return (ahead.mul_(cotangent.mul_(out)).sum(-2).mul_(2 / self.step),)

    def _ahead(self, x: Tensor, out: Tensor) -> Tensor:
        """How many steps each centre lies from each point, `(in, size, point)`."""
        centres = one_apart(self.low / self.step, self.size, x.dtype, x.device)
        return torch.add(centres, x.unsqueeze(-2), alpha=-1 / self.step, out=out)

    def _steps(self, x: Tensor) -> Tensor:
        """How many steps each point lies from the first centre, `(in, 1, point)`."""
        return ((x - self.low) / self.step).unsqueeze(-2)


def bells(t: Tensor, order: int, step: float) -> tuple[Tensor, ...]:
    """Bells at `t` steps from their centres, and their derivatives, of any shape."""
    value = torch.exp(-t.square())
    if order == 0:
        return (value,)
    first = -2 / step * t * value
    if order == 1:
        return value, first
    return value, first, (4 * t.square() - 2) / step**2 * value
