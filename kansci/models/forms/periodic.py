"""Networks of waves."""

from functools import partial
from typing import cast

import torch

from kansci.bases import Fourier, Sine
from kansci.models.builders import Widths, kan_builder
from kansci.models.kan import KAN, KANLayer
from kansci.models.model import Model
from kansci.models.registry import entry


@entry("fourierkan")
def fourierkan(*, widths: Widths | None = None, frequencies: int = 4) -> Model:
    Fourier(1, frequencies=frequencies)
    return Model(
        "fourierkan",
        kan_builder(widths, partial(Fourier, frequencies=frequencies), bias=True),
        kind="periodic",
        about="4 sines and 4 cosines, half a period on the domain",
        source="GistNoesis 2024, github.com/GistNoesis/FourierKAN",
    )


@entry("sinekan")
def sinekan(*, widths: Widths | None = None, size: int = 8) -> Model:
    Sine(1, size=size)
    return Model(
        "sinekan",
        kan_builder(widths, partial(Sine, size=size), bias=True, start=_waning),
        kind="periodic",
        about="8 sines of learned frequencies and fixed phases",
        source="Reinhardt et al. 2024, arXiv:2407.04149",
    )


@torch.no_grad()
def _waning(network: KAN) -> None:
    """From amplitudes that fall with the frequency, where other bases start from lines."""
    for layer in cast(list[KANLayer], list(network)):
        if layer.coef.is_meta:  # shapes alone: a builder that counts
            return
        layer.coef.copy_(cast(Sine, layer.basis).started(layer.dim_out))
