"""Networks of orthogonal polynomials."""

from functools import partial

from kansci.bases import Chebyshev
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
