"""Fifteen special functions of two numbers, of physics and of its boundary value problems.

Values are scipy's in float64; of the spherical harmonics they are the real part.

Source: Liu et al. 2024, "KAN: Kolmogorov-Arnold Networks", arXiv:2404.19756, table 1.
We differ: the paper gives no ranges. Ours keep clear of poles and of orders and arguments where
a function is not real: on [-1, 1]^2 half of most are not, and on [0, 1]^2 `yv` and `kv` exceed a
thousand.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from scipy.special import ellipeinc, ellipj, ellipkinc, iv, jv, kv, lpmv, sph_harm_y, yv
from torch import Tensor

from kansci.regression import intervals, regression


def harmonic(order: int, degree: int, azimuth: Any, polar: Any) -> Any:
    return sph_harm_y(degree, order, polar, azimuth).real


def of_tensors(function: Callable[..., Any], x: Tensor) -> Tensor:
    """From `(point, 2)` to `(point, 1)`."""
    return torch.from_numpy(function(*x.numpy().T)).unsqueeze(-1)


SPHERE = "azimuth 0 2*pi; polar 0 pi"
FUNCTIONS: dict[str, tuple[Callable[..., Any], str, str]] = {
    "ellipj": (lambda u, m: ellipj(u, m)[0], "u -5 5; m 0 0.99", "Jacobi's elliptic sn(u | m)"),
    "ellipkinc": (ellipkinc, "phi 0 1.5; m 0 0.9", "incomplete elliptic F(phi | m)"),
    "ellipeinc": (ellipeinc, "phi 0 1.5; m 0 0.99", "incomplete elliptic E(phi | m)"),
    "jv": (jv, "nu 0 5; x 0 20", "Bessel function J_nu(x)"),
    "yv": (yv, "nu 0 2; x 1 10", "Bessel function Y_nu(x)"),
    "kv": (kv, "nu 0 2; x 0.5 5", "modified Bessel function K_nu(x)"),
    "iv": (iv, "nu 0 2; x 0 3", "modified Bessel function I_nu(x)"),
    "lpmv_0": (partial(lpmv, 0), "nu 0 5; x -0.9 0.9", "Legendre function P_nu(x)"),
    "lpmv_1": (partial(lpmv, 1), "nu 1 5; x -0.9 0.9", "associated Legendre function P_nu^1(x)"),
    "lpmv_2": (partial(lpmv, 2), "nu 2 6; x -0.9 0.9", "associated Legendre function P_nu^2(x)"),
    **{
        f"sph_harm_{m}_{n}": (partial(harmonic, m, n), SPHERE, f"spherical harmonic Y_{n}^{m}")
        for m, n in ((0, 1), (1, 1), (0, 2), (1, 2), (2, 2))
    },
}

tasks = tuple(
    regression(
        name=f"special/{name}",
        version=1,
        ranges=intervals(ranges),
        truth=partial(of_tensors, function),
        source="arXiv:2404.19756, table 1",
        about=about,
    )
    for name, (function, ranges, about) in FUNCTIONS.items()
)
