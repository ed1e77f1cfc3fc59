r"""Exponential time differencing: stiff linear parts exactly, the rest by Runge and Kutta.

For $\hat u' = L\hat u + N(\hat u)$ with diagonal $L$, such as a differential operator on Fourier
modes. The error falls with the fourth power of the step.

Source: Cox and Matthews 2002, J. Comput. Phys. 176; Kassam and Trefethen 2005, SIAM J. Sci. Comput.
26, whose means over a circle are the coefficients.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

CIRCLE = 64  # points on which functions of step * L are averaged; rounding is all that is left


def solve(
    start: np.ndarray,
    linear: np.ndarray,
    nonlinear: Callable[[np.ndarray], np.ndarray],
    *,
    step: float,
    every: int,
    count: int,
) -> np.ndarray:
    """Modes at even times, `(count + 1, mode)`, the first of them those of the start.

    Args:
        start: modes at the beginning, complex, `(mode,)`.
        linear: eigenvalues of the linear part, `(mode,)`.
        nonlinear: the rest of the right-hand side, from modes to modes.
        step: of time.
        every: steps between two times that are kept.
        count: how many are kept after the first.
    """
    whole, half, quarter, first, middle, last = _coefficients(linear, step)
    kept, u = [start], start
    for number in range(1, every * count + 1):
        at_u = nonlinear(u)
        a = half * u + quarter * at_u
        at_a = nonlinear(a)
        at_b = nonlinear(half * u + quarter * at_a)
        at_c = nonlinear(half * a + quarter * (2 * at_b - at_u))
        u = whole * u + first * at_u + middle * (at_a + at_b) + last * at_c
        if number % every == 0:
            kept.append(u)
    return np.stack(kept)


def _coefficients(linear: np.ndarray, step: float) -> tuple[np.ndarray, ...]:
    """Entire functions of `step * linear`, by means over a circle around each value.

    As they stand, their formulas cancel where the value is small.
    """
    angle = 2 * np.pi * (np.arange(CIRCLE) + 0.5) / CIRCLE
    z = step * linear[:, None] + np.exp(1j * angle)  # (mode, point)
    e = np.exp(z)
    means = (
        (np.exp(z / 2) - 1) / z,
        (-4 - z + e * (4 - 3 * z + z**2)) / z**3,
        2 * (2 + z + e * (z - 2)) / z**3,
        (-4 - 3 * z - z**2 + e * (4 - z)) / z**3,
    )
    exact = np.exp(step * linear), np.exp(step * linear / 2)
    return (*exact, *(step * one.mean(1) for one in means))
