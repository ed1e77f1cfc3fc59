"""A square plate, clamped at its edges.

The residual is divided by the largest load, 24 pi^4, so that it weighs as much as the edges.

Source: textbook (Kirchhoff's plate); the load is made for its solution.
"""

from kansci.equations import on
from kansci.pde import pde

LOAD = "4*pi**4*(4*cos(2*pi*x)*cos(2*pi*y) - cos(2*pi*x) - cos(2*pi*y))"

task = pde(
    name="biharmonic",
    version=1,
    variables={"x": (0, 1), "y": (0, 1)},
    unknowns=("u",),
    equations=(f"(u_xxxx + 2*u_xxyy + u_yyyy - {LOAD})/(24*pi**4)",),
    conditions=(
        *(on(place, what) for place in ("x = 0", "x = 1") for what in ("u", "u_x")),
        *(on(place, what) for place in ("y = 0", "y = 1") for what in ("u", "u_y")),
    ),
    truth="sin(pi*x)**2*sin(pi*y)**2",
    ansatz=("0", "256*(x*(1 - x)*y*(1 - y))**2"),
    source="textbook",
    about="a clamped plate, u = sin(pi x)^2 sin(pi y)^2",
)
