"""Yardsticks that are no networks: one layer, linear in its numbers."""

from functools import partial

from torch import nn

from kansci.bases import BSpline, Gaussian
from kansci.models.kan import KAN
from kansci.models.model import Model, within
from kansci.models.registry import entry


@entry("linear-rbf")
def linear_rbf() -> Model:
    """No network: a sum of Gaussians on each input, linear in its numbers, from zero."""

    def build(dim_in: int, dim_out: int, parameters: int) -> nn.Module:
        def make(size: int) -> nn.Module:
            end = 1 + 4 / (size - 5)  # two centres beyond, or sums droop at the ends
            bells = partial(Gaussian, size=size, domain=(-end, end))
            return KAN((dim_in, dim_out), bells, zero=True)

        return within(parameters, make, least=6)

    return Model(
        "linear-rbf",
        build,
        kind="control",
        control=True,
        about="additive Gaussians, one layer, as many centres as the budget holds",
        source="Broomhead and Lowe 1988, Complex Systems 2:321",
    )


@entry("kan-one-layer")
def kan_one_layer(*, degree: int = 3) -> Model:
    """What the published continual-learning result rests on: local, linear, nothing shared."""

    def build(dim_in: int, dim_out: int, parameters: int) -> nn.Module:
        def make(grid: int) -> nn.Module:
            splines = partial(BSpline, grid=grid, degree=degree)
            return KAN((dim_in, dim_out), splines, zero=True)

        return within(parameters, make)

    return Model(
        "kan-one-layer",
        build,
        kind="control",
        control=True,
        derivatives=degree,
        continuous=degree - 1,
        about="cubic B-splines, one layer, the widest grid, no base branch",
        source="Liu et al. 2024, arXiv:2404.19756, section 3.5",
    )
