r"""One edge: which function of the library it is, and with which numbers.

Source: pykan 0.2.8 scans $a$ and $b$, and solves for $c$ and $d$ (arXiv:2404.19756, 2.5.1);
Golub and Pereyra 1973 on numbers that enter linearly; Levenberg 1944, Marquardt 1963.
We differ: the best of the scan are polished together by damped Gauss-Newton steps in double
precision, on arguments brought to [-1, 1].
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from kansci.jets import taylor
from kansci.symbolic.library import FUNCTIONS, Function

POINTS = 160  # of an edge that are looked at
SCANNED = 40  # of them in the scan
BEST = 4  # starts that are polished
STEPS = 40
GIVEN_UP = 1e4  # damping of a fit that does not become better
FLOOR = 1e-6  # unexplained share below which a spline says no more about its function


class Fit(NamedTuple):
    """A function of the library, $c f(ax + b) + d$.

    Attributes:
        numbers: $(a, b, c, d)$.
        unexplained: $1 - R^2$.
        size: of the function's values beside their deviation: what cancels is no explanation.
    """

    name: str
    numbers: tuple[float, float, float, float]
    unexplained: float
    size: float = 1.0

    @property
    def r2(self) -> float:
        return 1 - self.unexplained

    def cost(self, price: float) -> float:
        """In bits: of what is unexplained, of the function, and of digits that cancel."""
        words = FUNCTIONS[self.name].complexity + math.log2(max(1.0, self.size))
        return math.log2(self.unexplained + FLOOR) + price * words


@torch.no_grad()
def fits(x: Tensor, y: Tensor, names: Sequence[str], *, price: float = 1.0) -> list[Fit]:
    r"""The functions of the library on the points of an edge, the best first.

    Best is the least of $\log_2(1 - R^2 + 10^{-6})$ and `price` times the complexity, in bits.

    Shape:
        x, y: `(point,)`.
    """
    x, y = some(x.double(), y.double(), POINTS)
    low, high = x.aminmax()
    middle, half = (low + high) / 2, ((high - low) / 2).clamp_min(1e-12)
    u = (x - middle) / half
    found = []
    for name in names:
        numbers, unexplained = fit(u, y, FUNCTIONS[name])
        size = cancelled(numbers, u, y, FUNCTIONS[name])
        there = back(name, numbers, float(middle), float(half))
        found.append(Fit(name, there, unexplained, size))
    return sorted(found, key=lambda one: one.cost(price))


def cancelled(numbers: list[float], u: Tensor, y: Tensor, function: Function) -> float:
    r"""How many times larger than the deviation of an edge $c f$ is: a flat piece of a large
    function, from which a large constant is taken."""
    a, b, c, _ = numbers
    size = (c * function.value(a * u + b)).square().mean().sqrt()
    return float(size / y.std().clamp_min(1e-300))


def fit(u: Tensor, y: Tensor, function: Function) -> tuple[list[float], float]:
    """Numbers $(a, b, c, d)$ on arguments in [-1, 1], and what is left unexplained."""
    spread = (y - y.mean()).square().sum()
    if spread <= 1e-24 * y.square().sum() + 1e-300 or function.name == "0":
        rest = 0.0 if function.name == "0" and spread <= 1e-24 * y.square().sum() else 1.0
        return [1.0, 0.0, 0.0, float(y.mean())], rest
    numbers, rest = solved(function.starts.to(u.device), *some(u, y, SCANNED), function)
    best = rest.argsort()[:BEST]
    numbers = polished(solved(numbers[best, :2], u, y, function)[0], u, y, function)
    rest = residual(numbers, u, y, function).square().sum(-1)
    least = int(rest.argmin())
    share = float(rest[least] / spread)
    return numbers[least].tolist(), share if math.isfinite(share) else math.inf


def some(x: Tensor, y: Tensor, most: int) -> tuple[Tensor, Tensor]:
    """At most so many points, evenly through the order of `x`, with both ends."""
    order = x.argsort()
    places = torch.linspace(0, len(x) - 1, min(most, len(x)), device=x.device).round().long()
    return x[order[places]], y[order[places]]


def solved(starts: Tensor, u: Tensor, y: Tensor, function: Function) -> tuple[Tensor, Tensor]:
    """With the best $c$ and $d$, `(start, 4)`, and squares that are left, `(start,)`."""
    z = starts[:, :1] * u + starts[:, 1:]  # (start, point)
    f = function.value(z)
    centred = f - f.mean(-1, keepdim=True)
    c = (centred @ (y - y.mean())) / centred.square().sum(-1).clamp_min(1e-300)
    d = y.mean() - c * f.mean(-1)
    numbers = torch.cat([starts, c.unsqueeze(-1), d.unsqueeze(-1)], -1)
    rest = (c.unsqueeze(-1) * f + d.unsqueeze(-1) - y).square().sum(-1)
    good = function.holds(z) & rest.isfinite()
    return numbers, torch.where(good, rest, torch.inf)


def residual(numbers: Tensor, u: Tensor, y: Tensor, function: Function) -> Tensor:
    """Of each start, `(start, point)`; infinite where the function leaves its domain."""
    a, b, c, d = numbers.unsqueeze(-1).unbind(1)  # (start, 1)
    z = a * u + b
    rest = c * function.value(z) + d - y
    return torch.where(function.holds(z).unsqueeze(-1), rest, torch.inf)


def polished(numbers: Tensor, u: Tensor, y: Tensor, function: Function) -> Tensor:
    """By Levenberg-Marquardt, each start for itself, `(start, 4)`."""
    free = torch.tensor(function.free, device=u.device).nonzero().flatten()
    damping = torch.full((len(numbers),), 1e-3, dtype=u.dtype, device=u.device)
    rest = residual(numbers, u, y, function)
    for _ in range(STEPS):
        if damping.amin() > GIVEN_UP:
            break
        a, b, c, _ = numbers.unsqueeze(-1).unbind(1)
        f, slope = taylor(function.value, a * u + b, 1)
        columns = torch.stack([c * slope * u, c * slope, f, torch.ones_like(f)], -1)[..., free]
        columns = torch.where(rest.isfinite().unsqueeze(-1), columns, 0.0)
        normal = columns.mT @ columns  # (start, free, free)
        diagonal = normal.diagonal(dim1=-2, dim2=-1)
        ridge = damping.unsqueeze(-1) * diagonal + 1e-14 * diagonal.sum(-1, keepdim=True) + 1e-30
        pull = columns.mT @ torch.where(rest.isfinite(), rest, 0.0).unsqueeze(-1)
        step = torch.linalg.solve(normal + torch.diag_embed(ridge), pull).squeeze(-1)
        trial = numbers.index_add(1, free, -step)
        new = residual(trial, u, y, function)
        better = new.square().sum(-1) < rest.square().sum(-1)
        numbers = torch.where(better.unsqueeze(-1), trial, numbers)
        rest = torch.where(better.unsqueeze(-1), new, rest)
        damping = (damping * torch.where(better, 0.2, 5.0)).clamp_min(1e-14)
    return numbers


def back(
    name: str, numbers: list[float], middle: float, half: float
) -> tuple[float, float, float, float]:
    """From arguments in [-1, 1] to those of the edge; what is not free is brought to 1 and 0."""
    a, b, c, d = numbers
    a, b = a / half, b - a * middle / half
    if name == "0":
        return 1.0, 0.0, 0.0, d
    if name == "x":
        return 1.0, 0.0, c * a, d + c * b
    if name in ("x^2", "x^3", "x^4", "1/x", "abs", "sqrt"):
        power = {"x^2": 2, "x^3": 3, "x^4": 4, "1/x": -1, "abs": 1, "sqrt": 0.5}[name]
        scale = abs(a)
        return a / scale, b / scale, c * scale**power, d
    if name == "log":
        scale = abs(a)
        return a / scale, b / scale, c, d + c * math.log(scale)
    if name == "exp":
        return a, 0.0, c * math.exp(b), d
    if name in ("sin", "cos"):
        turns = round(b / math.pi)
        return a, b - turns * math.pi, c * (-1) ** turns, d
    return a, b, c, d
