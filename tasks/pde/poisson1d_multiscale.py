"""Poisson's equation on a line, with a fast wave a tenth as high as a slow one.

Source: Wang et al. 2021, "On the eigenvector bias of Fourier feature networks",
arXiv:2012.10047.
We differ: the residual weighs 1e-4, as the source is 2.5e3 times as high as the solution.
"""

from kansci.equations import on
from kansci.pde import Weights, pde

task = pde(
    name="poisson1d_multiscale",
    version=1,
    variables={"x": (0, 1)},
    unknowns=("u",),
    equations=("u_xx + 4*pi**2*sin(2*pi*x) + 250*pi**2*sin(50*pi*x)",),
    conditions=(on("x = 0", "u"), on("x = 1", "u")),
    truth="sin(2*pi*x) + sin(50*pi*x)/10",
    weights=Weights(residual=1e-4),
    ansatz=("0", "4*x*(1 - x)"),
    grid=(2_001,),
    source="arXiv:2012.10047",
    about="u'' = f on a line, 0 at its ends, with u = sin(2 pi x) + 0.1 sin(50 pi x)",
)
