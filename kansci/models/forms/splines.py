"""Networks of splines."""

import math

import torch

from kansci.bases import Basis, Beside, BSpline, Gaussian, KnotSpline, Pointwise, Summed
from kansci.models.builders import Widths, kan_builder
from kansci.models.model import Model
from kansci.models.registry import entry

KNOTS = ("uniform", "movable", "chebyshev")


@entry("kan")
def kan(
    *,
    widths: Widths | None = None,
    grid: int = 5,
    degree: int = 3,
    base: str | None = "silu",
    knots: str = "uniform",
) -> Model:
    """Without a base branch nothing of the layer is global: it has no bias either.

    `knots`: `uniform`, in closed form; `movable`, the same functions on knots that can follow the
    data; `chebyshev`, denser to the ends of the domain.
    """

    def basis(dim_in: int) -> Basis:
        local = splines(dim_in, grid=grid, degree=degree, knots=knots)
        return local if base is None else Beside(local, Pointwise(dim_in, function=base))

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


def splines(dim_in: int, *, grid: int, degree: int, knots: str) -> Basis:
    """B-splines on knots by name.

    Raises:
        ValueError: for any other name.
    """
    if knots not in KNOTS:
        raise ValueError(f"want knots out of {KNOTS}, got {knots=}")
    if knots == "uniform":
        return BSpline(dim_in, grid=grid, degree=degree)
    movable = KnotSpline.from_uniform(dim_in, grid=grid, degree=degree)
    if knots == "chebyshev":
        movable.knots = torch.sin(movable.knots * (math.pi / 2))
    return movable


@entry("bsrbfkan")
def bsrbfkan(
    *, widths: Widths | None = None, grid: int = 5, degree: int = 3, base: str | None = "silu"
) -> Model:
    """One coefficient drives a B-spline and a Gaussian, which here sit at the same place."""

    def basis(dim_in: int) -> Basis:
        local = BSpline(dim_in, grid=grid, degree=degree)
        reach = 1 + (degree - 1) / grid  # of the outermost centres
        both = Summed(local, Gaussian(dim_in, size=local.size, domain=(-reach, reach)))
        return both if base is None else Beside(both, Pointwise(dim_in, function=base))

    basis(1)
    return Model(
        "bsrbfkan",
        kan_builder(widths, basis),
        kind="B-spline",
        continuous=degree - 1,
        about="cubic B-splines, each with a Gaussian at its centre, SiLU base branch",
        source="Ta 2024, arXiv:2406.11173",
    )
