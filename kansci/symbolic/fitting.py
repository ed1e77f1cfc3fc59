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
TOGETHER = 64  # edges that are fitted at once
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


def fits(x: Tensor, y: Tensor, names: Sequence[str], *, price: float = 1.0) -> list[Fit]:
    r"""The functions of the library on the points of an edge, the best first.

    Best is the least of $\log_2(1 - R^2 + 10^{-6})$ and `price` times the complexity, in bits.

    Shape:
        x, y: `(point,)`.
    """
    return fits_of_each(x.unsqueeze(0), y.unsqueeze(0), names, price=price)[0]


@torch.no_grad()
def fits_of_each(
    x: Tensor, y: Tensor, names: Sequence[str], *, price: float = 1.0
) -> list[list[Fit]]:
    """As `fits`, of several edges at once, each as it would be alone.

    Shape:
        x, y: `(edge, point)`.
    """
    pairs = zip(x.double().split(TOGETHER), y.double().split(TOGETHER), strict=True)
    return [each for pair in pairs for each in _some_fits(*pair, names, price)]


def _some_fits(x: Tensor, y: Tensor, names: Sequence[str], price: float) -> list[list[Fit]]:
    x, y = some(x, y, POINTS)
    low, high = x.aminmax(dim=-1, keepdim=True)
    middle, half = (low + high) / 2, ((high - low) / 2).clamp_min(1e-12)
    u = (x - middle) / half
    found: list[list[Fit]] = [[] for _ in x]
    for name in names:
        numbers, unexplained = fit(u, y, FUNCTIONS[name])
        size = cancelled(numbers, u, y, FUNCTIONS[name])
        facts = (one.flatten().tolist() for one in (middle, half, unexplained, size))
        for edge, own, m, h, rest, large in zip(found, numbers.tolist(), *facts, strict=True):
            edge.append(Fit(name, back(name, own, m, h), rest, large))
    return [sorted(edge, key=lambda one: one.cost(price)) for edge in found]


def cancelled(numbers: Tensor, u: Tensor, y: Tensor, function: Function) -> Tensor:
    r"""How many times larger than the deviation of an edge $c f$ is, `(edge,)`: a flat piece of a
    large function, from which a large constant is taken."""
    a, b, c, _ = numbers.unsqueeze(-1).unbind(1)  # (edge, 1)
    size = (c * function.value(a * u + b)).square().mean(-1).sqrt()
    return size / y.std(-1).clamp_min(1e-300)


def fit(u: Tensor, y: Tensor, function: Function) -> tuple[Tensor, Tensor]:
    """Numbers $(a, b, c, d)$ on arguments in [-1, 1], and what is left unexplained.

    Shape:
        u, y: `(edge, point)` to `(edge, 4)` and `(edge,)`.
    """
    mean = y.mean(-1)
    spread = (y - mean.unsqueeze(-1)).square().sum(-1)
    still = spread <= 1e-24 * y.square().sum(-1) + 1e-300
    numbers = torch.stack([mean * 0 + 1, mean * 0, mean * 0, mean], -1)  # a constant
    share = torch.where(still & (function.name == "0"), 0.0, torch.ones_like(mean))
    moving = (~still).nonzero().flatten()
    if function.name == "0" or not len(moving):
        return numbers, share
    u, y = u[moving], y[moving]
    few_u, few_y = some(u, y, SCANNED)
    starts = function.starts.to(u.device).expand(len(u), -1, -1)
    tried, rest = solved(starts, few_u, few_y, function)
    best = rest.argsort(stable=True, dim=-1)[:, :BEST]
    tried = tried[..., :2].take_along_dim(best.unsqueeze(-1), 1)
    tried = polished(solved(tried, u, y, function)[0], u, y, function)
    rest = residual(tried, u, y, function).square().sum(-1)  # (edge, start)
    least = rest.argmin(-1, keepdim=True)
    numbers[moving] = tried.take_along_dim(least.unsqueeze(-1), 1).squeeze(1)
    left = rest.take_along_dim(least, 1).squeeze(1) / spread[moving]
    share[moving] = torch.where(left.isfinite(), left, torch.inf)
    return numbers, share


def some(x: Tensor, y: Tensor, most: int) -> tuple[Tensor, Tensor]:
    """At most so many points, evenly through the order of `x`, with both ends, `(edge, point)`."""
    count = x.shape[-1]
    places = torch.linspace(0, count - 1, min(most, count), device=x.device).round().long()
    chosen = x.argsort(-1)[:, places]
    return x.take_along_dim(chosen, 1), y.take_along_dim(chosen, 1)


def solved(starts: Tensor, u: Tensor, y: Tensor, function: Function) -> tuple[Tensor, Tensor]:
    """With the best $c$ and $d$, `(edge, start, 4)`, and the squares left, `(edge, start)`."""
    u, y = u.unsqueeze(1), y.unsqueeze(1)  # (edge, 1, point)
    z = starts[..., :1] * u + starts[..., 1:]  # (edge, start, point)
    f = function.value(z)
    mean, y_mean = f.mean(-1, keepdim=True), y.mean(-1, keepdim=True)
    centred = f - mean
    c = centred @ (y - y_mean).mT / centred.square().sum(-1, keepdim=True).clamp_min(1e-300)
    d = y_mean - c * mean
    numbers = torch.cat([starts, c, d], -1)
    rest = (c * f + d - y).square().sum(-1)
    good = function.holds(z) & rest.isfinite()
    return numbers, torch.where(good, rest, torch.inf)


def residual(numbers: Tensor, u: Tensor, y: Tensor, function: Function) -> Tensor:
    """Of each start, `(edge, start, point)`; infinite where the function leaves its domain."""
    a, b, c, d = numbers.unsqueeze(-1).unbind(-2)  # (edge, start, 1)
    z = a * u.unsqueeze(1) + b
    rest = c * function.value(z) + d - y.unsqueeze(1)
    return torch.where(function.holds(z).unsqueeze(-1), rest, torch.inf)


def polished(numbers: Tensor, u: Tensor, y: Tensor, function: Function) -> Tensor:
    """By Levenberg-Marquardt, each start for itself, `(edge, start, 4)`."""
    if not (function.scales or function.shifts):  # what is linear has been solved
        return numbers
    free = torch.tensor(function.free, device=u.device).nonzero().flatten()
    damping = torch.full(numbers.shape[:-1], 1e-3, dtype=u.dtype, device=u.device)
    rest = residual(numbers, u, y, function)
    for _ in range(STEPS):
        going = damping.amin(-1, keepdim=True) <= GIVEN_UP  # an edge stops with its last start
        if not going.any():
            break
        a, b, c, _ = numbers.unsqueeze(-1).unbind(-2)
        f, slope = taylor(function.value, a * u.unsqueeze(1) + b, 1)
        columns = torch.stack([c * slope * u.unsqueeze(1), c * slope, f, torch.ones_like(f)], -1)
        columns = torch.where(rest.isfinite().unsqueeze(-1), columns[..., free], 0.0)
        normal = columns.mT @ columns  # (edge, start, free, free)
        diagonal = normal.diagonal(dim1=-2, dim2=-1)
        ridge = damping.unsqueeze(-1) * diagonal + 1e-14 * diagonal.sum(-1, keepdim=True) + 1e-30
        pull = columns.mT @ torch.where(rest.isfinite(), rest, 0.0).unsqueeze(-1)
        step = torch.linalg.solve(normal + torch.diag_embed(ridge), pull).squeeze(-1)
        trial = numbers.index_add(-1, free, -step)
        new = residual(trial, u, y, function)
        better = going & (new.square().sum(-1) < rest.square().sum(-1))
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
