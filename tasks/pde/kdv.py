"""The Korteweg-de Vries equation with period 2: a cosine that breaks up into solitons.

The truth is computed by Fourier series and ETDRK4, to 1e-11.

Source: Zabusky and Kruskal 1965, Phys. Rev. Lett. 15; as a task in Raissi et al. 2019,
J. Comput. Phys. 378, to find coefficients.
"""

from kansci.equations import on, periodic
from kansci.pde import pde
from kansci.solvers import Periodic

task = pde(
    name="kdv",
    version=1,
    variables={"x": (-1, 1), "t": (0, 1)},
    unknowns=("u",),
    equations=("u_t + u*u_x + u_xxx/400",),
    conditions=(
        on("t = 0", "u - cos(pi*x)"),
        periodic("x = -1", "x = 1", "u"),
        periodic("x = -1", "x = 1", "u_x"),
        periodic("x = -1", "x = 1", "u_xx"),
    ),
    truth=Periodic(
        start="cos(pi*x)",
        linear=((3, -1 / 400),),
        flux="-u**2/2",
        size=512,
        step=1e-4,
        every=100,
    ),
    grid=(513, 101),
    source="doi:10.1103/PhysRevLett.15.240",
    about="u_t + u u_x + 0.0025 u_xxx = 0 with period 2, from cos(pi x)",
)
