"""Networks of bells, each beside the other."""

from dataclasses import replace
from functools import partial

from kansci.bases import Basis, Beside, Gaussian, Pointwise, ReflectionalSwitch, ReluBell
from kansci.models.builders import Widths, kan_builder
from kansci.models.model import Model
from kansci.models.registry import entry


@entry("fastkan")
def fastkan(*, widths: Widths | None = None, size: int = 8, base: str | None = "silu") -> Model:
    return _gaussian(widths, size, base, norm=False)


@entry("fastkan-norm")
def fastkan_norm(
    *, widths: Widths | None = None, size: int = 8, base: str | None = "silu"
) -> Model:
    """Normalised as its author does, but for the network's inputs."""
    return replace(
        _gaussian(widths, size, base, norm=True),
        name="fastkan-norm",
        about="8 Gaussians on [-2, 2], SiLU base branch, LayerNorm between hidden layers",
    )


def _gaussian(widths: Widths | None, size: int, base: str | None, *, norm: bool) -> Model:
    def basis(dim_in: int) -> Basis:
        bells = Gaussian(dim_in, size=size)
        return bells if base is None else Beside(bells, Pointwise(dim_in, function=base))

    basis(1)  # a bad option is said now
    return Model(
        "fastkan",
        kan_builder(widths, basis, bias=base is not None, norm=norm),
        kind="bells",
        about="8 Gaussians on [-2, 2], SiLU base branch, no normalisation",
        source="Li 2024, arXiv:2405.06721",
    )


@entry("fasterkan")
def fasterkan(*, widths: Widths | None = None, size: int = 8) -> Model:
    return _switch(widths, size, norm=False)


@entry("fasterkan-norm")
def fasterkan_norm(*, widths: Widths | None = None, size: int = 8) -> Model:
    """Normalised as its author does, but for the network's inputs."""
    return replace(
        _switch(widths, size, norm=True),
        name="fasterkan-norm",
        about="8 reflectional switch functions, LayerNorm between hidden layers",
    )


def _switch(widths: Widths | None, size: int, *, norm: bool) -> Model:
    ReflectionalSwitch(1, size=size)
    return Model(
        "fasterkan",
        kan_builder(widths, partial(ReflectionalSwitch, size=size), norm=norm),
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


@entry("hrkan")
def hrkan(*, widths: Widths | None = None, grid: int = 5, order: int = 3, power: int = 4) -> Model:
    """Smooth enough for equations, unlike `relukan`."""
    bells = partial(ReluBell, grid=grid, order=order, power=power)
    bells(1)
    return Model(
        "hrkan",
        kan_builder(widths, bells, bias=True),
        kind="bells",
        continuous=power - 1,
        about="fourth powers of products of ReLUs with learned ends, 8 bells",
        source="So and Yung 2024, arXiv:2409.14248",
    )
