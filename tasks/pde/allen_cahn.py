"""The Allen-Cahn equation with period 2: phases that part, with thin fronts between them.

The truth is computed by Fourier series and ETDRK4, to 1e-10. The start has a kink where the period
ends, so that its series converges slowly: it is taken in closed form, as samples would be off by
2e-7 ever after.

Source: Raissi et al. 2019, "Physics-informed neural networks", J. Comput. Phys. 378.
"""

import numpy as np

from kansci.equations import on, periodic
from kansci.pde import Weights, pde
from kansci.solvers import Periodic


def squares(n: np.ndarray) -> np.ndarray:
    """Mean of x^2 cos(n pi x) over a period."""
    return np.where(n == 0, 1 / 3, 2 * (-1.0) ** n / (np.pi * np.where(n == 0, 1, n)) ** 2)


def amplitudes(n: np.ndarray) -> np.ndarray:
    """Fourier coefficients of x^2 cos(pi x)."""
    return (squares(n - 1) + squares(n + 1)) / 2


task = pde(
    name="allen_cahn",
    version=1,
    variables={"x": (-1, 1), "t": (0, 1)},
    unknowns=("u",),
    equations=("u_t - u_xx/10000 - 5*(u - u**3)",),
    conditions=(
        on("t = 0", "u - x**2*cos(pi*x)"),
        periodic("x = -1", "x = 1", "u"),
        periodic("x = -1", "x = 1", "u_x"),
    ),
    truth=Periodic(
        start="x**2*cos(pi*x)",
        amplitudes=amplitudes,
        linear=((2, 1e-4), (0, 5.0)),
        reaction="-5*u**3",
        size=3_072,
        step=1 / 1_200,
        every=12,
    ),
    weights=Weights(initial=100),
    grid=(513, 101),
    source="doi:10.1016/j.jcp.2018.10.045",
    about="u_t = 1e-4 u_xx + 5 (u - u^3) with period 2, from x^2 cos(pi x)",
)
