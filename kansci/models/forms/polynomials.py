"""Networks of orthogonal polynomials."""

from functools import partial

from kansci.bases import Chebyshev, Jacobi, Legendre
from kansci.models.builders import Widths, kan_builder
from kansci.models.model import Model
from kansci.models.registry import entry


@entry("chebykan")
def chebykan(*, widths: Widths | None = None, degree: int = 4) -> Model:
    Chebyshev(1, degree=degree)
    return Model(
        "chebykan",
        kan_builder(widths, partial(Chebyshev, degree=degree)),
        kind="polynomials",
        about="Chebyshev polynomials of tanh x to degree 4, by recurrence",
        source="SynodicMonth 2024, github.com/SynodicMonth/ChebyKAN",
    )


@entry("legendrekan")
def legendrekan(*, widths: Widths | None = None, degree: int = 3) -> Model:
    Legendre(1, degree=degree)
    return Model(
        "legendrekan",
        kan_builder(widths, partial(Legendre, degree=degree)),
        kind="polynomials",
        about="Legendre polynomials of tanh x to degree 3, by recurrence",
        source="Bhattacharjee 2024, github.com/1ssb/torchkan",
    )


@entry("jacobikan")
def jacobikan(*, widths: Widths | None = None, degree: int = 3, a: int = 1, b: int = 1) -> Model:
    Jacobi(1, degree=degree, a=a, b=b)
    return Model(
        "jacobikan",
        kan_builder(widths, partial(Jacobi, degree=degree, a=a, b=b)),
        kind="polynomials",
        about="Jacobi polynomials of tanh x to degree 3, a = b = 1, by recurrence",
        source="SpaceLearner 2024, github.com/SpaceLearner/JacobiKAN",
    )
