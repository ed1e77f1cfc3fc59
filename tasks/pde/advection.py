"""A wave that is carried round a circle almost five times.

Source: Krishnapriyan et al. 2021, "Characterizing possible failure modes in physics-informed
neural networks", arXiv:2109.01050, with the speed 30.
"""

from kansci.equations import on, periodic
from kansci.pde import pde

task = pde(
    name="advection",
    version=1,
    variables={"x": (0, 6.283185307179586), "t": (0, 1)},
    unknowns=("u",),
    equations=("u_t + 30*u_x",),
    conditions=(on("t = 0", "u - sin(x)"), periodic("x = 0", "x = 2*pi", "u")),
    truth="sin(x - 30*t)",
    grid=(256, 101),
    source="arXiv:2109.01050",
    about="u_t + 30 u_x = 0 on a circle, from sin x",
)
