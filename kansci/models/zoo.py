"""The models that come with kansci, each in its kansci form.

An entry is a function of options that returns a `Model`; `get_model` adds the options given to
the name. Grids are each model's own default; depths and widths follow from the budget.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from torch import nn

from kansci.bases import (
    Basis,
    Beside,
    BSpline,
    Chebyshev,
    Gaussian,
    Hat,
    Pointwise,
    ReflectionalSwitch,
    ReluBell,
)
from kansci.errors import UnknownName, UserError
from kansci.models.builders import Widths, kan_builder, mlp_builder
from kansci.models.kan import KAN
from kansci.models.model import Model, Option, within
from kansci.models.naming import check, join, split

ZOO: dict[str, Callable[..., Model]] = {}


def entry(name: str) -> Callable[[Callable[..., Model]], Callable[..., Model]]:
    """Puts a function of options on the list."""

    def register(make: Callable[..., Model]) -> Callable[..., Model]:
        ZOO[name] = make
        return make

    return register


def list_models() -> list[str]:
    """Names of all models, in the order of the listing."""
    return list(ZOO)


def get_model(name: str, **options: Option) -> Model:
    """A model of the zoo; options may also stand in the name, `kan[widths=1-1,grid=200]`.

    Raises:
        UnknownName: says which names come close.
        UserError: for an option that the model does not have, or a value that it cannot take.
    """
    family, written = split(name)
    options = written | options
    if family not in ZOO:
        raise UnknownName("model", family, ZOO, "a model of your own: --model FILE.py")
    make = ZOO[family]
    known = inspect.signature(make).parameters
    for option, value in options.items():
        if option not in known:
            raise UnknownName(f"option of {family}", option, known)
        check(family, option, value, known[option].default)
    ordered = {option: options[option] for option in known if option in options}
    label = join(family, ordered)
    try:
        model = make(**ordered)
    except ValueError as error:
        raise UserError(f"model {label}: {error}") from error
    return replace(model, name=label, entry=make)


@entry("mlp-silu")
def mlp_silu(*, widths: Widths | None = None) -> Model:
    return Model(
        "mlp-silu",
        mlp_builder(widths, nn.SiLU),
        kind="MLP",
        about="multilayer perceptron, SiLU; the reference of the boards",
        source="Elfwing et al. 2018, arXiv:1702.03118",
    )


@entry("mlp-tanh")
def mlp_tanh(*, widths: Widths | None = None) -> Model:
    return Model(
        "mlp-tanh",
        mlp_builder(widths, nn.Tanh),
        kind="MLP",
        about="multilayer perceptron, tanh; the usual network of PINNs",
        source="LeCun et al. 1998, Efficient BackProp",
    )


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


@entry("fastkan")
def fastkan(*, widths: Widths | None = None, size: int = 8, base: str | None = "silu") -> Model:
    def basis(dim_in: int) -> Basis:
        bells = Gaussian(dim_in, size=size)
        return bells if base is None else Beside(bells, Pointwise(dim_in, function=base))

    basis(1)
    return Model(
        "fastkan",
        kan_builder(widths, basis, bias=base is not None),
        kind="bells",
        about="8 Gaussians on [-2, 2], SiLU base branch, no normalisation",
        source="Li 2024, arXiv:2405.06721",
    )


@entry("fasterkan")
def fasterkan(*, widths: Widths | None = None, size: int = 8) -> Model:
    ReflectionalSwitch(1, size=size)
    return Model(
        "fasterkan",
        kan_builder(widths, partial(ReflectionalSwitch, size=size)),
        kind="bells",
        about="8 reflectional switch functions on [-1.2, 1.2], no normalisation",
        source="Delis 2024, github.com/AthanasiosDelis/faster-kan",
    )


@entry("relukan")
def relukan(*, widths: Widths | None = None, grid: int = 5, order: int = 3) -> Model:
    ReluBell(1, grid=grid, order=order)
    return Model(
        "relukan",
        kan_builder(widths, partial(ReluBell, grid=grid, order=order), bias=True),
        kind="bells",
        continuous=1,
        about="squared products of ReLUs with learned ends, 8 bells",
        source="Qiu et al. 2024, arXiv:2406.02075",
    )


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
