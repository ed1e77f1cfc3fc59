"""Networks of rational functions."""

from functools import partial

from kansci.models.builders import Widths, kan_builder
from kansci.models.model import Model
from kansci.models.rational import GroupRational
from kansci.models.registry import entry


@entry("grkan")
def grkan(*, widths: Widths | None = None, groups: int = 8) -> Model:
    GroupRational(1, groups=groups)
    return Model(
        "grkan",
        kan_builder(widths, partial(GroupRational, groups=groups), bias=True),
        kind="rational",
        about="quotients of degrees 5 and 4, one for each of 8 groups of inputs, no pole",
        source="Yang and Wang 2024, arXiv:2409.10594",
    )
