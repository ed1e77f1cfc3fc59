"""Kovasznay's flow behind a grid: steady, viscous, and known exactly.

The velocity is given on the edges and the pressure at one corner, without which it would be known
up to a constant only.

Source: Kovasznay 1948, Proc. Cambridge Phil. Soc. 44; as a task in Jin et al. 2021, "NSFnets",
J. Comput. Phys. 426.
"""

from kansci.equations import on
from kansci.pde import pde

RATE = "(20 - sqrt(400 + 4*pi**2))"  # Reynolds number 40
U = f"(1 - exp({RATE}*x)*cos(2*pi*y))"
V = f"({RATE}/(2*pi)*exp({RATE}*x)*sin(2*pi*y))"
P = f"((1 - exp(2*{RATE}*x))/2)"
EDGES = ("x = -1/2", "x = 1", "y = -1/2", "y = 3/2")

task = pde(
    name="kovasznay",
    version=1,
    variables={"x": (-0.5, 1), "y": (-0.5, 1.5)},
    unknowns=("u", "v", "p"),
    equations=(
        "u*u_x + v*u_y + p_x - (u_xx + u_yy)/40",
        "u*v_x + v*v_y + p_y - (v_xx + v_yy)/40",
        "u_x + v_y",
    ),
    conditions=(
        *(on(edge, what) for edge in EDGES for what in (f"u - {U}", f"v - {V}")),
        on("x = -1/2, y = -1/2", f"p - {P}"),
    ),
    truth=(U, V, P),
    source="doi:10.1016/j.jcp.2020.109951",
    about="Navier-Stokes' equations behind a grid at Reynolds number 40: velocity and pressure",
)
