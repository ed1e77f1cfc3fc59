"""Five functions by which the KAN paper shows how errors fall as grids grow, on [-1, 1].

Source: Liu et al. 2024, "KAN: Kolmogorov-Arnold Networks", arXiv:2404.19756, section 3.1; the
domain is that of its tutorials.
"""

import sympy
import torch
from scipy.special import j0
from torch import Tensor

from kansci.regression import regression
from kansci.task import Predict

MANY = [f"x{i}" for i in range(1, 101)]


def bessel(x: Tensor) -> Tensor:
    """J_0(20 x), `(point, 1)` to `(point, 1)`."""
    return torch.from_numpy(j0(20 * x.numpy()))  # that of torch is off by 4e-7 near 5


def mean_of_squared_sines() -> sympy.Expr:
    squares = [sympy.sin(sympy.pi * sympy.Symbol(x, real=True) / 2) ** 2 for x in MANY]
    return sympy.exp(sympy.Add(*squares) / len(MANY))


FUNCTIONS: dict[str, tuple[str | sympy.Expr | Predict, list[str], str]] = {
    "bessel": (bessel, ["x"], "J_0(20*x)"),
    "exp_sine": ("exp(sin(pi*x) + y**2)", ["x", "y"], ""),
    "product": ("x*y", ["x", "y"], ""),
    "high_dimensional": (mean_of_squared_sines(), MANY, "exp(mean of 100 sin(pi*x_i/2)**2)"),
    "four_dimensional": (
        "exp((sin(pi*(x1**2 + x2**2)) + sin(pi*(x3**2 + x4**2)))/2)",
        ["x1", "x2", "x3", "x4"],
        "",
    ),
}

tasks = tuple(
    regression(
        name=f"toy/{name}",
        version=1,
        ranges=dict.fromkeys(variables, (-1.0, 1.0)),
        truth=truth,
        source="arXiv:2404.19756, section 3.1",
        about=about,
    )
    for name, (truth, variables, about) in FUNCTIONS.items()
)
