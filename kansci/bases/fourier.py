r"""Sines and cosines of whole multiples of one frequency.

Source: GistNoesis 2024, FourierKAN, https://github.com/GistNoesis/FourierKAN.
We differ: the domain is half a period, where the authors' [-1, 1] is a third of one in raw units:
a function need not be equal at both ends, and its odd and even parts are met alike. Functions
come by angle addition and layers by one product; four frequencies, as the others have 8 functions.
"""

import math

import torch
from torch import Tensor

from kansci.bases.basis import ClosedForm, check_domain


class Fourier(ClosedForm):
    r"""$\cos(j\theta)$, then $\sin(j\theta)$, for $j = 1, \dots, g$ with $\theta = \pi x/(2w)$.

    $w$ is half the width of the domain, from whose middle $x$ counts. Periodic outside. The
    constant is the bias of a layer.

    Args:
        frequencies: their number $g \ge 1$.
        domain: half a period.

    Raises:
        ValueError: for no frequency or an empty domain.
    """

    def __init__(
        self, dim_in: int, *, frequencies: int = 4, domain: tuple[float, float] = (-1.0, 1.0)
    ) -> None:
        super().__init__()
        if frequencies < 1:
            raise ValueError(f"want frequencies >= 1, got {frequencies=}")
        check_domain(domain)
        low, high = domain
        self.frequencies = frequencies
        self.size = 2 * frequencies
        self.middle, self.speed = (low + high) / 2, math.pi / (high - low)

    def rows(self, x: Tensor, order: int) -> tuple[Tensor, ...]:
        angle = (x - self.middle) * self.speed
        cos, sin = [torch.cos(angle)], [torch.sin(angle)]
        for _ in range(self.frequencies - 1):
            cos_j, sin_j = cos[-1], sin[-1]
            cos.append(cos_j * cos[0] - sin_j * sin[0])
            sin.append(sin_j * cos[0] + cos_j * sin[0])
        value = torch.stack(cos + sin, -2)  # (in, size, point)
        if order == 0:
            return (value,)
        waves = range(1, self.frequencies + 1)
        turned = [-j * s for j, s in zip(waves, sin, strict=True)]
        turned += [j * c for j, c in zip(waves, cos, strict=True)]
        first = torch.stack(turned, -2) * self.speed
        if order == 1:
            return value, first
        bent = [-(j**2) * f for j, f in zip([*waves, *waves], cos + sin, strict=True)]
        return value, first, torch.stack(bent, -2) * self.speed**2

    def fill(self, x: Tensor, out: Tensor, *, keep: bool) -> tuple[Tensor, ...]:
        angle = ((x - self.middle) * self.speed).unsqueeze(1) * self._waves(x)
        cos, sin = out.chunk(2, 1)
        torch.cos(angle, out=cos)
        torch.sin(angle, out=sin)
        return ()

    def pull(
        self, x: Tensor, out: Tensor, kept: tuple[Tensor, ...], cotangent: Tensor
    ) -> tuple[Tensor, ...]:
        (cos, sin), (by_cos, by_sin) = out.chunk(2, 1), cotangent.chunk(2, 1)
        slope = by_sin.mul_(cos).addcmul_(by_cos, sin, value=-1)
        return (slope.mul_(self._waves(x)).sum(1).mul_(self.speed),)

    def _waves(self, x: Tensor) -> Tensor:
        """How many times the lowest each frequency is, `(frequency, 1)`."""
        count = torch.arange(1, self.frequencies + 1, dtype=x.dtype, device=x.device)
        return count.unsqueeze(-1)
