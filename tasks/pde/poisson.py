"""Poisson's equation on a square, with the source of the KAN paper.

Source: Liu et al. 2024, "KAN: Kolmogorov-Arnold Networks", arXiv:2404.19756, section 3.4; the
residual weighs 0.01, as there. (pykan's tutorial 7 solves another problem, with sin(pi*y).)
We differ: 1 024 points inside and 256 on the edges, where the paper has 10 000 and 800.
"""

from kansci.equations import on
from kansci.pde import Weights, pde

task = pde(
    name="poisson",
    version=1,
    variables={"x": (-1, 1), "y": (-1, 1)},
    unknowns=("u",),
    equations=(
        "u_xx + u_yy + pi**2*(1 + 4*y**2)*sin(pi*x)*sin(pi*y**2) - 2*pi*sin(pi*x)*cos(pi*y**2)",
    ),
    conditions=(on("x = -1", "u"), on("x = 1", "u"), on("y = -1", "u"), on("y = 1", "u")),
    truth="sin(pi*x)*sin(pi*y**2)",
    weights=Weights(residual=0.01),
    ansatz=("0", "(1 - x**2)*(1 - y**2)"),
    source="arXiv:2404.19756, section 3.4",
    about="u_xx + u_yy = f on a square, 0 on its edges, with u = sin(pi x) sin(pi y^2)",
)
