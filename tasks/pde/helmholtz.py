"""Helmholtz' equation on a square, four times as fast along y as along x.

Source: Wang et al. 2021, "Understanding and mitigating gradient flow pathologies in
physics-informed neural networks", arXiv:2001.04536, section 4.1.
We differ: the residual weighs 0.01, as in `poisson`.
"""

from kansci.equations import on
from kansci.pde import Weights, pde

task = pde(
    name="helmholtz",
    version=1,
    variables={"x": (-1, 1), "y": (-1, 1)},
    unknowns=("u",),
    equations=("u_xx + u_yy + u - (1 - 17*pi**2)*sin(pi*x)*sin(4*pi*y)",),
    conditions=(on("x = -1", "u"), on("x = 1", "u"), on("y = -1", "u"), on("y = 1", "u")),
    truth="sin(pi*x)*sin(4*pi*y)",
    weights=Weights(residual=0.01),
    ansatz=("0", "(1 - x**2)*(1 - y**2)"),
    source="arXiv:2001.04536, section 4.1",
    about="u_xx + u_yy + u = f on a square, 0 on its edges, with u = sin(pi x) sin(4 pi y)",
)
