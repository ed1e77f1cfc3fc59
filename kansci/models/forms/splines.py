"""Networks of splines."""

from kansci.bases import Basis, Beside, BSpline, Pointwise
from kansci.models.builders import Widths, kan_builder
from kansci.models.model import Model
from kansci.models.registry import entry


@entry("kan")
def kan(
    *, widths: Widths | None = None, grid: int = 5, degree: int = 3, base: str | None = "silu"
) -> Model:
    """Without a base branch nothing of the layer is global: it has no bias either."""

    def basis(dim_in: int) -> Basis:
        splines = BSpline(dim_in, grid=grid, degree=degree)
        return splines if base is None else Beside(splines, Pointwise(dim_in, function=base))

    basis(1)  # a bad option is said now
    one_layer = widths is not None and len(widths) == 2
    pieces = base != "silu" and (one_layer or degree == 1)  # of the degree, through all layers
    return Model(
        "kan",
        kan_builder(widths, basis),
        kind="B-spline",
        derivatives=degree if pieces else None,
        continuous=degree - 1,
        about="cubic B-splines on 5 cells, SiLU base branch",
        source="Liu et al. 2024, arXiv:2404.19756",
    )
