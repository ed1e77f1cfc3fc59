"""Plain transcriptions of published layers, as their papers and repositories write them.

Points come first, functions last, gradients are autograd's, and one product sums the edges, also
where a repository holds every function of every edge: a harder peer. No layer normalises, since
ours do not. `Source:` of each formula is that of the published arm of the same name.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Functions = Callable[[Tensor], Tensor]  # (point, in) to (point, in, size)


class Product(nn.Module):
    """Functions of each input, flattened, and one product; SiLU beside them where it is published.

    Shape:
        x: `(point, in)` to `(point, out)`.
    """

    def __init__(
        self,
        dim_in: int,
        dim_out: int,
        functions: Functions,
        *,
        base: bool = False,
        bias: bool = False,
    ) -> None:
        super().__init__()
        self.functions = functions
        size = functions(torch.zeros(1, dim_in)).shape[-1]
        self.coef = nn.Parameter(torch.randn(dim_out, dim_in * size) / math.sqrt(dim_in * size))
        self.base = nn.Linear(dim_in, dim_out, bias=False) if base else None
        self.bias = nn.Parameter(torch.zeros(dim_out)) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        y = F.linear(self.functions(x).flatten(1), self.coef, self.bias)
        return y if self.base is None else y + self.base(F.silu(x))


def recursion(x: Tensor, knots: Tensor, degree: int = 3) -> Tensor:
    """Cox and de Boor's, as efficient-kan writes it, on knots `(in, grid + 2 degree + 1)`."""
    x = x.unsqueeze(-1)
    bases = ((x >= knots[:, :-1]) & (x < knots[:, 1:])).to(x.dtype)
    for k in range(1, degree + 1):
        rise = (x - knots[:, : -(k + 1)]) / (knots[:, k:-1] - knots[:, : -(k + 1)])
        fall = (knots[:, k + 1 :] - x) / (knots[:, k + 1 :] - knots[:, 1:-k])
        bases = rise * bases[:, :, :-1] + fall * bases[:, :, 1:]
    return bases.contiguous()


def even_knots(grid: int = 5, degree: int = 3, reach: float = 1.0) -> Tensor:
    """Of `grid` cells on [-reach, reach] and `degree` beyond each end."""
    return (torch.arange(-degree, grid + degree + 1) * (2 / grid) - 1) * reach


class CoxDeBoor(nn.Module):
    """efficient-kan's layer: the recursion, a scale for each edge, SiLU, two products."""

    knots: Tensor

    def __init__(self, dim_in: int, dim_out: int) -> None:
        super().__init__()
        self.register_buffer("knots", even_knots().expand(dim_in, -1).contiguous())
        self.coef = nn.Parameter(torch.randn(dim_out, dim_in, 8) / math.sqrt(8 * dim_in))
        self.scale = nn.Parameter(torch.ones(dim_out, dim_in))
        self.base = nn.Linear(dim_in, dim_out, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        coef = (self.coef * self.scale.unsqueeze(-1)).flatten(1)
        return self.base(F.silu(x)) + F.linear(recursion(x, self.knots).flatten(1), coef)


class FreeKnots(nn.Module):
    """The recursion on sorted knots that are trained, here a set for each input."""

    def __init__(self, dim_in: int) -> None:
        super().__init__()
        self.knots = nn.Parameter(even_knots().expand(dim_in, -1).clone())

    def forward(self, x: Tensor) -> Tensor:
        return recursion(x, self.knots.sort(-1).values)


class Bells(nn.Module):
    """Something of the distance from even centres, in widths."""

    centres: Tensor

    def __init__(self, bell: Callable[[Tensor], Tensor], reach: float, size: int = 8) -> None:
        super().__init__()
        self.bell, self.width = bell, 2 * reach / (size - 1)
        self.register_buffer("centres", torch.linspace(-reach, reach, size))

    def forward(self, x: Tensor) -> Tensor:
        return self.bell((x.unsqueeze(-1) - self.centres) / self.width)


def gaussian(t: Tensor) -> Tensor:
    return torch.exp(-(t**2))


def switch(t: Tensor) -> Tensor:
    return 1 - torch.tanh(t) ** 2


class Both(nn.Module):
    """BSRBF-KAN's: a spline and a Gaussian, summed one by one."""

    knots: Tensor

    def __init__(self, dim_in: int) -> None:
        super().__init__()
        self.bells = Bells(gaussian, 1.5)
        self.register_buffer("knots", even_knots(reach=1.5).expand(dim_in, -1).contiguous())

    def forward(self, x: Tensor) -> Tensor:
        return recursion(x, self.knots) + self.bells(x)


class ReluBells(nn.Module):
    """Products of two ReLUs to a power, with trained ends and a factor that stays."""

    def __init__(self, dim_in: int, power: int, grid: int = 5, order: int = 3) -> None:
        super().__init__()
        start = torch.arange(-order, grid) * (2 / grid) - 1
        width = (order + 1) * 2 / grid
        self.power, self.factor = power, 4 / width**2
        self.start = nn.Parameter(start.expand(dim_in, -1).clone())
        self.end = nn.Parameter((start + width).expand(dim_in, -1).clone())

    def forward(self, x: Tensor) -> Tensor:
        x = x.unsqueeze(-1)
        return (torch.relu(x - self.start) * torch.relu(self.end - x) * self.factor) ** self.power


def chebyshev(x: Tensor, degree: int = 4) -> Tensor:
    """By the arc cosine, as ChebyKAN."""
    return torch.cos(torch.acos(torch.tanh(x)).unsqueeze(-1) * torch.arange(degree + 1))


def jacobi(x: Tensor, a: float, b: float, degree: int = 3) -> Tensor:
    """By the recurrence, as JacobiKAN; KALnet's Legendre polynomials have a = b = 0."""
    z = torch.tanh(x)
    rows = [torch.ones_like(z), ((a - b) + (a + b + 2) * z) / 2]
    for n in range(2, degree + 1):
        s, scale = 2 * n + a + b, 2 * n * (n + a + b)
        lift = (s * (s - 1)) / scale
        shift = (s - 1) * (a * a - b * b) / (scale * (s - 2))
        below = 2 * (n + a - 1) * (n + b - 1) * s / (scale * (s - 2))
        rows.append((lift * z + shift) * rows[-1] - below * rows[-2])
    return torch.stack(rows, -1)


def fourier(x: Tensor, frequencies: int = 4) -> Tensor:
    angle = x.unsqueeze(-1) * torch.arange(1, frequencies + 1)
    return torch.cat([torch.cos(angle), torch.sin(angle)], -1)


class Sines(nn.Module):
    """Sines of trained frequencies and fixed phases."""

    phase: Tensor

    def __init__(self, dim_in: int, size: int = 8) -> None:
        super().__init__()
        wave = torch.arange(1.0, size + 1)
        self.frequency = nn.Parameter(wave.clone())
        place = torch.linspace(0, math.pi, dim_in).unsqueeze(-1)
        self.register_buffer("phase", wave / (size + 1) + place)

    def forward(self, x: Tensor) -> Tensor:
        return torch.sin(x.unsqueeze(-1) * self.frequency + self.phase)


class Rational(nn.Module):
    """GR-KAN's: one quotient for each of 8 groups of inputs."""

    def __init__(self, dim_in: int) -> None:
        super().__init__()
        self.groups = math.gcd(8, dim_in)
        self.above = nn.Parameter(torch.randn(6, self.groups, 1))
        self.below = nn.Parameter(torch.randn(4, self.groups, 1))

    def forward(self, x: Tensor) -> Tensor:
        z = x.unflatten(-1, (self.groups, -1))
        above = sum(a * z**n for n, a in enumerate(self.above))
        below = 1 + sum(b * z**n for n, b in enumerate(self.below, 1)).abs()
        return (above / below).flatten(1).unsqueeze(-1)


class Wavelets(nn.Module):
    """Wav-KAN's: a scale and a shift on each edge."""

    def __init__(self, dim_in: int, dim_out: int, wavelet: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.wavelet = wavelet
        self.scale = nn.Parameter(torch.ones(dim_out, dim_in))
        self.shift = nn.Parameter(torch.zeros(dim_out, dim_in))
        self.weight = nn.Parameter(torch.randn(dim_out, dim_in))

    def forward(self, x: Tensor) -> Tensor:
        t = (x.unsqueeze(1) - self.shift) / self.scale  # (point, out, in)
        return (self.wavelet(t) * self.weight).sum(-1)


def mexican_hat(t: Tensor) -> Tensor:
    return 2 / (math.sqrt(3) * math.pi**0.25) * (t**2 - 1) * torch.exp(-0.5 * t**2)


def morlet(t: Tensor) -> Tensor:
    return torch.exp(-0.5 * t**2) * torch.cos(5.0 * t)


def derivative_of_gaussian(t: Tensor) -> Tensor:
    return -t * torch.exp(-0.5 * t**2)


class Powers(nn.Module):
    """PowerMLP's: cubes of ReLU and a shortcut."""

    def __init__(self, dim_in: int, dim_out: int) -> None:
        super().__init__()
        self.bent = nn.Linear(dim_in, dim_out)
        self.straight = nn.Linear(dim_in, dim_out, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.bent(x)) ** 3 + self.straight(F.silu(x))


class Kaf(nn.Module):
    """KAF's: GELU and random features of all inputs, then a linear map."""

    def __init__(self, dim_in: int, dim_out: int, size: int = 8) -> None:
        super().__init__()
        self.waves = nn.Linear(dim_in, size)
        self.mixed = nn.Linear(2 * size, dim_in, bias=False)
        self.last = nn.Linear(dim_in, dim_out)
        self.a = nn.Parameter(torch.ones(dim_in))
        self.b = nn.Parameter(torch.ones(dim_in))

    def forward(self, x: Tensor) -> Tensor:
        z = self.waves(x)
        waves = self.mixed(torch.cat([torch.cos(z), torch.sin(z)], -1))
        return self.last(self.a * F.gelu(x) + self.b * waves)
