"""Networks of wavelets."""

from functools import partial

from kansci.models.depth import Widths, as_deep_as_a_kan
from kansci.models.model import Model
from kansci.models.registry import entry
from kansci.models.wavelet import WavKAN


@entry("wavkan")
def wavkan(*, widths: Widths | None = None, wavelet: str = "mexican-hat") -> Model:
    return Model(
        "wavkan",
        as_deep_as_a_kan(widths, partial(WavKAN, wavelet=wavelet)),
        kind="wavelets",
        about="Mexican hats, a scale and a shift for each edge, no normalisation",
        source="Bozorgasl and Chen 2024, arXiv:2405.12832",
    )
