"""What is the field `a` in -div(a grad u) = f? From measurements of `u`, and `a` on the edges.

Inside, the measurements alone would do: what is left of two fields obeys div(b grad u) = 0, and
along the gradient of `u`, towards its one peak, such a `b` grows beyond all bounds unless it is 0.
On the edges and in the corners, where the gradient ends, it is given.

Source: Hao et al. 2023, "PINNacle", arXiv:2306.08827, PInv.
We differ: the source term is that of the solution, with 2x - 1 and 2y - 1 where the authors' code
has 2x + 1 and 2y + 1; measurements are 200 points, and exact unless `noise` is given.
"""

from kansci.equations import on
from kansci.pde import Data, pde

U = "sin(pi*x)*sin(pi*y)"
A = "(1/(1 + x**2 + y**2 + (x - 1)**2 + (y - 1)**2))"
BENT = "((2*x - 1)*cos(pi*x)*sin(pi*y) + (2*y - 1)*cos(pi*y)*sin(pi*x))"
EDGES = ("x = 0", "x = 1", "y = 0", "y = 1")

task = pde(
    name="inverse_poisson",
    version=1,
    variables={"x": (0, 1), "y": (0, 1)},
    unknowns=("u", "a"),
    equations=(f"a*(u_xx + u_yy) + a_x*u_x + a_y*u_y + 2*pi**2*{U}*{A} + 2*pi*{BENT}*{A}**2",),
    conditions=tuple(on(edge, what) for edge in EDGES for what in ("u", f"a - {A}")),
    truth=(U, A),
    data=Data(("u",), 200),
    source="arXiv:2306.08827, PInv",
    about="-div(a grad u) = f with the field a unknown, and 200 measurements of u",
)
