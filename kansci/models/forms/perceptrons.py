"""Multilayer perceptrons: the baselines that a Kolmogorov-Arnold network has to beat."""

from functools import partial

from torch import nn

from kansci.models.builders import Widths, mlp_builder
from kansci.models.depth import as_deep_as_an_mlp
from kansci.models.fourier_features import FourierMLP
from kansci.models.model import Model
from kansci.models.registry import entry
from kansci.models.siren import Siren
from kansci.models.spline_mlp import SplineMLP


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


@entry("mlp-gelu")
def mlp_gelu(*, widths: Widths | None = None) -> Model:
    return Model(
        "mlp-gelu",
        mlp_builder(widths, nn.GELU),
        kind="MLP",
        about="multilayer perceptron, GELU",
        source="Hendrycks and Gimpel 2016, arXiv:1606.08415",
    )


@entry("mlp-relu")
def mlp_relu(*, widths: Widths | None = None) -> Model:
    return Model(
        "mlp-relu",
        mlp_builder(widths, nn.ReLU),
        kind="MLP",
        derivatives=1,
        continuous=0,
        about="multilayer perceptron, ReLU: linear in pieces",
        source="Glorot et al. 2011, AISTATS, Deep Sparse Rectifier Neural Networks",
    )


@entry("mlp-sine")
def mlp_sine(*, widths: Widths | None = None, omega: int = 6) -> Model:
    return Model(
        "mlp-sine",
        as_deep_as_an_mlp(widths, partial(Siren, omega=omega)),
        kind="MLP",
        about="multilayer perceptron, sine (SIREN): two waves across the domain at most",
        source="Sitzmann et al. 2020, arXiv:2006.09661",
    )


@entry("mlp-rff")
def mlp_rff(*, widths: Widths | None = None, size: int = 8) -> Model:
    """Frequencies are drawn and stay; the budget counts them."""
    return Model(
        "mlp-rff",
        as_deep_as_an_mlp(widths, partial(FourierMLP, activation=nn.SiLU, size=size), frozen=size),
        kind="MLP",
        about="multilayer perceptron, SiLU, on 8 random waves of the inputs, which are not trained",
        source="Tancik et al. 2020, arXiv:2006.10739",
    )


@entry("mlp-spline")
def mlp_spline(*, widths: Widths | None = None, grid: int = 5, degree: int = 3) -> Model:
    return Model(
        "mlp-spline",
        as_deep_as_an_mlp(widths, partial(SplineMLP, grid=grid, degree=degree)),
        kind="MLP",
        continuous=degree - 1,
        about="multilayer perceptron, a learned B-spline beside SiLU in each hidden unit",
        source="Yu et al. 2024, arXiv:2407.16674",
    )
