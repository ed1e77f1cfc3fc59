"""Burgers' equation: a sine that steepens to a front.

The truth is a quadrature of the Cole-Hopf solution, exact to rounding.

Source: Raissi et al. 2019, "Physics-informed neural networks", J. Comput. Phys. 378.
"""

from math import pi

from kansci.equations import on
from kansci.pde import pde
from kansci.solvers import ColeHopf

task = pde(
    name="burgers",
    version=1,
    variables={"x": (-1, 1), "t": (0, 1)},
    unknowns=("u",),
    equations=("u_t + u*u_x - u_xx/(100*pi)",),
    conditions=(on("t = 0", "u + sin(pi*x)"), on("x = -1", "u"), on("x = 1", "u")),
    truth=ColeHopf(0.01 / pi),
    ansatz=("-sin(pi*x)", "t*(1 - x**2)"),
    grid=(257, 101),
    source="doi:10.1016/j.jcp.2018.10.045",
    about="u_t + u u_x = 0.01/pi u_xx from -sin(pi x), with a front at x = 0",
)
