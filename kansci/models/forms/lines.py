"""Networks of functions that are linear between points."""

from functools import partial

from kansci.bases import Hat
from kansci.models.builders import Widths, kan_builder
from kansci.models.model import Model
from kansci.models.registry import entry


@entry("linearkan")
def linearkan(*, widths: Widths | None = None, grid: int = 7) -> Model:
    Hat(1, grid=grid)
    return Model(
        "linearkan",
        kan_builder(widths, partial(Hat, grid=grid)),
        kind="piecewise linear",
        derivatives=1,
        continuous=0,
        about="hats on 8 points, linear extrapolation",
        source="Marin 2025, github.com/cats-marin/KANditioned",
    )
