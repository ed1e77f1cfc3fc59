"""The wave equation on a string with fixed ends: two modes, the second four times as fast.

Source: Hao et al. 2023, "PINNacle", arXiv:2306.08827, Wave1d-C.
"""

from kansci.equations import on
from kansci.pde import pde

START = "sin(pi*x) + sin(4*pi*x)/2"

task = pde(
    name="wave",
    version=1,
    variables={"x": (0, 1), "t": (0, 1)},
    unknowns=("u",),
    equations=("u_tt - 4*u_xx",),
    conditions=(
        on("t = 0", f"u - ({START})"),
        on("t = 0", "u_t"),
        on("x = 0", "u"),
        on("x = 1", "u"),
    ),
    truth="sin(pi*x)*cos(2*pi*t) + sin(4*pi*x)*cos(8*pi*t)/2",
    ansatz=(START, "64*t**2*x*(1 - x)"),
    grid=(256, 101),
    source="arXiv:2306.08827, Wave1d-C",
    about="u_tt = 4 u_xx on a string at rest, from sin(pi x) + 0.5 sin(4 pi x)",
)
