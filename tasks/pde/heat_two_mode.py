"""The heat equation on a rod with cold ends: a slow mode, and one a hundred times as fast.

Source: textbook; the problem is our own.
"""

from kansci.equations import on
from kansci.pde import pde

START = "sin(pi*x) + sin(10*pi*x)/2"

task = pde(
    name="heat_two_mode",
    version=1,
    variables={"x": (0, 1), "t": (0, 1)},
    unknowns=("u",),
    equations=("u_t - u_xx/500",),
    conditions=(on("t = 0", f"u - ({START})"), on("x = 0", "u"), on("x = 1", "u")),
    truth="exp(-pi**2*t/500)*sin(pi*x) + exp(-pi**2*t/5)*sin(10*pi*x)/2",
    ansatz=(START, "4*t*x*(1 - x)"),
    grid=(256, 101),
    source="textbook",
    about="u_t = 0.002 u_xx on a rod with cold ends, from sin(pi x) + 0.5 sin(10 pi x)",
)
