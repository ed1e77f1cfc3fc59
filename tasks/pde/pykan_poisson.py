"""Poisson's equation on a square, with the source of pykan's tutorial: not that of its paper.

Source: pykan 0.2, notebook Example_7_PDE; the residual weighs 0.01, as there.
We differ: random points, where the notebook has a mesh of 51 x 51 and its edges.
"""

from kansci.equations import on
from kansci.pde import Weights, pde

task = pde(
    name="pykan_poisson",
    version=1,
    variables={"x": (-1, 1), "y": (-1, 1)},
    unknowns=("u",),
    equations=("u_xx + u_yy + 2*pi**2*sin(pi*x)*sin(pi*y)",),
    conditions=(on("x = -1", "u"), on("x = 1", "u"), on("y = -1", "u"), on("y = 1", "u")),
    truth="sin(pi*x)*sin(pi*y)",
    weights=Weights(residual=0.01),
    ansatz=("0", "(1 - x**2)*(1 - y**2)"),
    source="https://github.com/KindXiaoming/pykan, Example_7_PDE",
    about="u_xx + u_yy = f on a square, 0 on its edges, with u = sin(pi x) sin(pi y)",
)
