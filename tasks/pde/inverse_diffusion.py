"""How fast does it spread, and how fast does it decay? Two coefficients from 200 measurements.

Both start at 0, where the measurements are fitted first. From ten times the true kappa a network is
smoothed first, and stays so.

There are two modes, as of one alone no more shows than kappa pi^2 + lam.

Source: ours.
"""

from kansci.equations import on
from kansci.pde import Data, pde
from kansci.task import Coefficient

START = "sin(pi*x) + sin(2*pi*x)/2"

task = pde(
    name="inverse_diffusion",
    version=1,
    variables={"x": (0, 1), "t": (0, 1)},
    unknowns=("u",),
    equations=("u_t - kappa*u_xx + lam*u",),
    conditions=(on("t = 0", f"u - ({START})"), on("x = 0", "u"), on("x = 1", "u")),
    truth=("exp(-(pi**2/10 + 1/2)*t)*sin(pi*x) + exp(-(4*pi**2/10 + 1/2)*t)*sin(2*pi*x)/2",),
    coefficients=(Coefficient("kappa", 0.0, 0.1), Coefficient("lam", 0.0, 0.5)),
    data=Data(("u",), 200),
    grid=(256, 101),
    source="ours",
    about="u_t = kappa u_xx - lam u, kappa and lam unknown, with 200 measurements of u",
)
