r"""Burgers' equation with a sine as its start, by quadrature.

$u_t + uu_x = \nu u_{xx}$ with $u(x, 0) = -\sin\pi x$ becomes the heat equation by
$u = -2\nu\,\varphi_x/\varphi$, so that with $\eta = 2\sqrt{\nu t}\,z$

$$u(x, t) = -\frac{\int \sin\pi(x - \eta)\,f(x - \eta)\,e^{-z^2}\,dz}
  {\int f(x - \eta)\,e^{-z^2}\,dz}, \qquad f(y) = e^{-\cos(\pi y)/2\pi\nu}.$$

Source: Cole 1951, Quart. Appl. Math. 9; Hopf 1950, Comm. Pure Appl. Math. 3.
We differ: Basdevant et al. 1986 (Computers and Fluids 14) take Gauss-Hermite nodes, whose outer
weights span the same hundred powers of e as `f`; on an even grid both are one exponent, and the
trapezoidal rule is as exact, since all is smooth and dies away.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

POINTS = 4_096  # at once, so that memory does not grow with their number
STEP = 1 / 8  # of z; half of it moves nothing above rounding
TAIL = 40.0  # powers of e below the largest, from which terms are left out


@dataclass(frozen=True)
class ColeHopf:
    """A function of points `(point, 2)`, x and t >= 0, to `(point, 1)`, for t up to 1.

    Args:
        viscosity: at least 1e-3; the thinner a front, the finer the grid would have to be.
    """

    viscosity: float

    def __post_init__(self) -> None:
        if not self.viscosity >= 1e-3:
            raise ValueError(f"want a viscosity of at least 1e-3, got {self.viscosity}")

    def __call__(self, points: Tensor) -> Tensor:
        return torch.cat([self._values(part) for part in points.split(POINTS)])

    def _values(self, points: Tensor) -> Tensor:
        sharpness = 1 / (2 * math.pi * self.viscosity)
        reach = math.ceil(math.sqrt(2 * sharpness + TAIL) / STEP)
        z = STEP * torch.arange(-reach, reach + 1).to(points)
        x, t = points[:, :1], points[:, 1:]
        y = math.pi * (x - 2 * (self.viscosity * t).sqrt() * z)  # (point, node)
        power = -sharpness * y.cos() - z.square()
        share = (power - power.amax(-1, keepdim=True)).exp()
        return -(y.sin() * share).sum(-1, keepdim=True) / share.sum(-1, keepdim=True)
