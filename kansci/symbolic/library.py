"""The functions that an edge may turn out to be, with an affine argument each.

Source: the library and its complexities follow pykan 0.2.8 (Liu et al. 2024, arXiv:2404.19756,
section 2.5.1).
We differ: numbers that do the same as others are not free: an exponential has no $b$, since
$c e^{ax+b} = (c e^b) e^{ax}$, and a power no $a$. So a fit has one answer, and most scans have one
dimension. Functions go on flat where they would be singular, so that a search may pass there.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import sympy
import torch
from torch import Tensor

EDGE = 1e-9  # how near a singularity is a number come; beyond it functions go on flat
HIGH = 80.0  # exponents from which exp would leave the range in which networks are trained


@dataclass(frozen=True, eq=False)
class Function:
    r"""$c f(ax + b) + d$ is what an edge may be.

    Attributes:
        name: as users write it.
        value: $f$, of tensors; finite everywhere.
        word: $f$, of sympy's.
        complexity: its price, in units that the search multiplies.
        starts: pairs $(a, b)$ to begin from, `(start, 2)`, for arguments in [-1, 1].
        scales, shifts: whether $a$ and $b$ are free.
        within: whether $f$ is what it says there; none: everywhere.
    """

    name: str
    value: Callable[[Tensor], Tensor]
    word: Callable[[sympy.Expr], sympy.Expr]
    complexity: float
    starts: Tensor
    scales: bool = False
    shifts: bool = False
    within: Callable[[Tensor], Tensor] | None = None

    @property
    def free(self) -> tuple[bool, bool, bool, bool]:
        """Which of $a, b, c, d$ are."""
        return self.scales, self.shifts, True, True

    def holds(self, z: Tensor) -> Tensor:
        """Whether all arguments `(*, point)` are where the function is what it says, `(*,)`."""
        inside = z.isfinite() if self.within is None else self.within(z)
        return inside.all(-1)


def _grid(scales: Tensor, centres: Tensor) -> Tensor:
    """All of $f(a(x - t))$, `(start, 2)`."""
    a, t = torch.meshgrid(scales, centres, indexing="ij")
    return torch.stack([a, -a * t], -1).reshape(-1, 2)


def _line(low: float, high: float, number: int) -> Tensor:
    return torch.linspace(low, high, number, dtype=torch.double)


def _powers(low: float, high: float, number: int) -> Tensor:
    return torch.logspace(math.log10(low), math.log10(high), number, dtype=torch.double)


_ONE = torch.ones(1, dtype=torch.double)
_PLAIN = torch.tensor([[1.0, 0.0]], dtype=torch.double)
_BOTH = torch.tensor([1.0, -1.0], dtype=torch.double)
_FAR = 1 + _powers(1e-3, 30, 24)  # so far from the middle lies a singularity outside
_SHIFTS = _grid(_ONE, _line(-4, 4, 65))
_RISES = _grid(_powers(0.3, 20, 14), _line(-1.5, 1.5, 25))
_WAVES = torch.cartesian_prod(_line(0.2, 16, 80), _line(-math.pi / 2, math.pi / 2, 13)[:-1])
_BEHIND = torch.cartesian_prod(_BOTH, _FAR)  # singular on either side
_POLES = torch.stack([torch.ones(48), torch.cat([_FAR, -_FAR])], -1)
_EXPS = torch.stack([torch.cat([_powers(0.1, 16, 32), -_powers(0.1, 16, 32)]), torch.zeros(64)], -1)
_BRANCH = _grid(_powers(0.1, 1.55, 12), _line(-2, 2, 17))


def _positive(z: Tensor) -> Tensor:
    return z > EDGE


def _away(z: Tensor) -> Tensor:
    """On one side of 0."""
    return (z.abs() > EDGE) & (z.sign() == z[..., :1].sign())


def _one_branch(z: Tensor) -> Tensor:
    return z.abs() < math.pi / 2 - 1e-3


def _inverse(z: Tensor) -> Tensor:
    side = torch.where(z < 0, -1.0, 1.0)
    return side / z.abs().clamp_min(EDGE)


FUNCTIONS: dict[str, Function] = {
    one.name: one
    for one in (
        Function("0", torch.zeros_like, lambda z: sympy.Integer(0), 0, _PLAIN),
        Function("x", lambda z: z, lambda z: z, 1, _PLAIN),
        Function("x^2", lambda z: z * z, lambda z: z**2, 2, _SHIFTS, shifts=True),
        Function("x^3", lambda z: z**3, lambda z: z**3, 3, _SHIFTS, shifts=True),
        Function("x^4", lambda z: z**4, lambda z: z**4, 3, _SHIFTS, shifts=True),
        Function("1/x", _inverse, lambda z: 1 / z, 2, _POLES, shifts=True, within=_away),
        Function(
            "sqrt",
            lambda z: z.clamp_min(EDGE).sqrt(),
            sympy.sqrt,
            2,
            _BEHIND,
            shifts=True,
            within=_positive,
        ),
        Function("exp", lambda z: z.clamp_max(HIGH).exp(), sympy.exp, 2, _EXPS, scales=True),
        Function(
            "log",
            lambda z: z.clamp_min(EDGE).log(),
            sympy.log,
            2,
            _BEHIND,
            shifts=True,
            within=_positive,
        ),
        Function("sin", torch.sin, sympy.sin, 2, _WAVES, scales=True, shifts=True),
        Function("cos", torch.cos, sympy.cos, 2, _WAVES, scales=True, shifts=True),
        Function("tan", torch.tan, sympy.tan, 3, _BRANCH, True, True, _one_branch),
        Function("tanh", torch.tanh, sympy.tanh, 3, _RISES, scales=True, shifts=True),
        Function("abs", torch.abs, sympy.Abs, 3, _grid(_ONE, _line(-1, 1, 65)), shifts=True),
        Function("arctan", torch.arctan, sympy.atan, 4, _RISES, scales=True, shifts=True),
        Function(
            "gaussian",
            lambda z: (-z * z).exp(),
            lambda z: sympy.exp(-(z**2)),
            3,
            _RISES,
            scales=True,
            shifts=True,
        ),
    )
}
LIBRARY = tuple(FUNCTIONS)
