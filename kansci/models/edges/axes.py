"""Which axes of a layer's numbers are its outputs and inputs: what pruning cuts along.

A kind of module states it for its own tensors, those of its parent apart. It is stated here and
not by the layers, whose code is part of every Record's key and decides no number by it.
"""

from __future__ import annotations

from torch import nn

from kansci.bases import (
    BSpline,
    Gaussian,
    Hat,
    KnotSpline,
    ReflectionalSwitch,
    ReluBell,
    Sine,
)
from kansci.models.free_knots import FreeKnots
from kansci.models.kan import KANLayer
from kansci.models.layer import EdgeLayer
from kansci.models.published.cheby_kan import ArcCosine
from kansci.models.published.faster_kan import HalvedSwitch
from kansci.models.published.flashkan import TruncatedCubes
from kansci.models.published.fourier_kan import Waves
from kansci.models.published.relu_kan import FrozenBell
from kansci.models.published.scaled import ScaledSplines
from kansci.models.published.sine_kan import Sines
from kansci.models.published.wav_kan import WavKANLayer
from kansci.models.rational import GroupRational
from kansci.models.wavelet import Wavelets

AXES: dict[type[nn.Module], dict[str, str]] = {}


def lies_along(kind: type[nn.Module], **axes: str) -> None:
    """States the first axes of tensors of a kind: `o` is the outputs, `i` the inputs.

    Args:
        axes: by the tensor's name, such as `coef="oi"`; `""` for what all edges share.
    """
    AXES[kind] = axes


def axes_of(layer: EdgeLayer) -> dict[str, str] | None:
    """Of all tensors in a layer, by their names; `None` if some are stated nowhere."""
    found = {}
    for path, module in layer.named_modules():
        stated: dict[str, str] = {}
        for kind in reversed(type(module).__mro__):
            stated |= AXES.get(kind, {})
        own = [*module.named_parameters(recurse=False), *module.named_buffers(recurse=False)]
        for name, _ in own:
            if name not in stated:
                return None
            found[f"{path}.{name}" if path else name] = stated[name]
    return found


lies_along(EdgeLayer, bias="o", kept="oi")
lies_along(KANLayer, coef="oi")
lies_along(ScaledSplines, splines="oi", scale="oi", base="oi")
lies_along(Wavelets, weight="oi", shift="oi", rate="oi")
lies_along(WavKANLayer, weight="oi", shift="oi", scale="oi")

lies_along(BSpline, centres="", pieces="")
lies_along(FreeKnots, steps="", group="i")
lies_along(FrozenBell, start="i", end="i")
lies_along(Gaussian, centres="")
lies_along(GroupRational, above="", below="", group="i")
lies_along(Hat, points="")
lies_along(KnotSpline, knots="i")
lies_along(ReflectionalSwitch, centres="")
lies_along(ReluBell, start="i", end="i")
lies_along(Sine, frequency="", phase="i")

lies_along(ArcCosine, degrees="")
lies_along(HalvedSwitch, centres="")
lies_along(Sines, frequency="", phase="i")
lies_along(TruncatedCubes, starts="")
lies_along(Waves, rates="")
