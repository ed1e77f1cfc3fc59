"""Heat in a plate that conducts well one way and hardly the other, where the start is fast.

Source: Hao et al. 2023, "PINNacle", arXiv:2306.08827, Heat2d-MS.
"""

from kansci.equations import on
from kansci.pde import pde

START = "sin(20*pi*x)*sin(pi*y)"

task = pde(
    name="heat2d_multiscale",
    version=1,
    variables={"x": (0, 1), "y": (0, 1), "t": (0, 5)},
    unknowns=("u",),
    equations=("u_t - u_xx/(500*pi)**2 - u_yy/pi**2",),
    conditions=(
        on("t = 0", f"u - {START}"),
        *(on(edge, "u") for edge in ("x = 0", "x = 1", "y = 0", "y = 1")),
    ),
    truth=f"{START}*exp(-(1 + 1/625)*t)",
    ansatz=(START, "16*x*(1 - x)*y*(1 - y)*t/5"),
    grid=(101, 21, 21),
    source="arXiv:2306.08827, Heat2d-MS",
    about="u_t = (500 pi)^-2 u_xx + pi^-2 u_yy, from sin(20 pi x) sin(pi y)",
)
