"""Networks that are more than one basis: free knots, products, powers, waves of all inputs."""

from functools import partial

from kansci.bases import Basis, Beside, BSpline, Pointwise
from kansci.models.builders import Widths, kan_builder
from kansci.models.depth import as_deep_as_a_kan, as_deep_as_an_mlp
from kansci.models.free_knots import FreeKnots
from kansci.models.kaf import KAF
from kansci.models.model import Model
from kansci.models.multiply import MultKAN
from kansci.models.power import PowerMLP
from kansci.models.registry import entry


@entry("freeknotkan")
def freeknotkan(
    *, widths: Widths | None = None, grid: int = 5, degree: int = 3, groups: int = 8
) -> Model:
    def basis(dim_in: int) -> Basis:
        splines = FreeKnots(dim_in, grid=grid, degree=degree, groups=groups)
        return Beside(splines, Pointwise(dim_in))

    basis(1)  # a bad option is said now
    return Model(
        "freeknotkan",
        kan_builder(widths, basis),
        kind="B-spline",
        continuous=degree - 1,
        about="cubic B-splines on 5 cells, knots learned by 8 groups of inputs, SiLU base branch",
        source="Zheng et al. 2025, arXiv:2501.09283",
    )


@entry("multkan")
def multkan(*, widths: Widths | None = None, grid: int = 5, degree: int = 3) -> Model:
    def basis(dim_in: int) -> Basis:
        return Beside(BSpline(dim_in, grid=grid, degree=degree), Pointwise(dim_in))

    return Model(
        "multkan",
        as_deep_as_a_kan(widths, partial(MultKAN, basis=basis)),
        kind="B-spline",
        continuous=degree - 1,
        about="cubic B-splines on 5 cells, SiLU base branch; half of the hidden nodes multiply",
        source="Liu et al. 2024, arXiv:2408.10205",
    )


@entry("kaf")
def kaf(*, widths: Widths | None = None, size: int = 8) -> Model:
    return Model(
        "kaf",
        as_deep_as_a_kan(widths, partial(KAF, size=size)),
        kind="periodic",
        about="GELU and 8 learned waves of all inputs a layer, no normalisation",
        source="Zhang et al. 2025, arXiv:2502.06018",
    )


@entry("powermlp")
def powermlp(*, widths: Widths | None = None, power: int = 3) -> Model:
    return Model(
        "powermlp",
        as_deep_as_an_mlp(widths, partial(PowerMLP, power=power)),
        kind="powers",
        continuous=power - 1,
        about="cubes of ReLU and a SiLU shortcut in each hidden layer",
        source="Qiu et al. 2024, arXiv:2412.13571",
    )
