"""Multilayer perceptrons: the baselines that a Kolmogorov-Arnold network has to beat."""

from torch import nn

from kansci.models.builders import Widths, mlp_builder
from kansci.models.model import Model
from kansci.models.registry import entry


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
