"""Networks of functions that are linear between points."""

from dataclasses import replace
from functools import partial

from kansci.bases import Hat, Ramp
from kansci.models.builders import Widths, kan_builder
from kansci.models.hat_starts import find_start
from kansci.models.model import Model
from kansci.models.registry import entry

PARAMETERS = {"points": Hat, "bends": Ramp}


@entry("linearkan")
def linearkan(
    *,
    widths: Widths | None = None,
    grid: int = 7,
    start: str = "lines",
    parameterisation: str = "points",
) -> Model:
    """Parameters are values on the grid, or their second differences; the functions are equal."""
    return _linear(widths, grid, start, parameterisation, norm=False)


@entry("linearkan-norm")
def linearkan_norm(*, widths: Widths | None = None, grid: int = 7) -> Model:
    """As its author advises, but for the network's inputs."""
    return replace(
        _linear(widths, grid, "lines", "points", norm=True),
        name="linearkan-norm",
        about="hats on 8 points, LayerNorm between hidden layers",
    )


def _linear(
    widths: Widths | None, grid: int, start: str, parameterisation: str, *, norm: bool
) -> Model:
    if parameterisation not in PARAMETERS:
        wanted = " or ".join(PARAMETERS)
        raise ValueError(f"want parameterisation {wanted}, got {parameterisation=}")
    basis = partial(PARAMETERS[parameterisation], grid=grid)
    basis(1)  # a bad option is said now
    return Model(
        "linearkan",
        kan_builder(widths, basis, norm=norm, start=find_start(start)),
        kind="piecewise linear",
        derivatives=None if norm and (widths is None or len(widths) > 2) else 1,
        continuous=0,
        about="hats on 8 points, linear extrapolation",
        source="Marin 2025, github.com/cats-marin/KANditioned",
    )
