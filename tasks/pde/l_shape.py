"""Laplace's equation in an L: at the inner corner the slope has no bound.

Source: textbook (Strang and Fix 1973, "An Analysis of the Finite Element Method").
"""

from kansci.equations import on
from kansci.pde import pde

# The angle from the edge y = 0, by that from the middle of the L: no jump falls inside.
ANGLE = "(3*pi/4 - 2*atan((x + y)/(sqrt(2)*sqrt(x**2 + y**2) + y - x)))"
U = f"(x**2 + y**2)**(1/3)*sin(2*{ANGLE}/3)"

task = pde(
    name="l_shape",
    version=1,
    variables={"x": (-1, 1), "y": (-1, 1)},
    cut={"x": (0, 1), "y": (-1, 0)},
    unknowns=("u",),
    equations=("u_xx + u_yy",),
    conditions=(
        on("y = 0, 0 <= x <= 1", "u"),
        on("x = 0, -1 <= y <= 0", "u"),
        on("x = 1, 0 <= y <= 1", f"u - {U}"),
        on("y = 1", f"u - {U}"),
        on("x = -1", f"u - {U}"),
        on("y = -1, -1 <= x <= 0", f"u - {U}"),
    ),
    truth=U,
    grid=(200, 200),  # an even number: the corner is left out, where the slope is infinite
    source="textbook",
    about="Laplace's equation in an L, u = r^(2/3) sin(2 theta/3)",
)
