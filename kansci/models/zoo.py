"""The models that come with kansci, by name."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import kansci.models.forms  # both put their models on the list
import kansci.models.published  # noqa: F401
from kansci.errors import UnknownName, UserError
from kansci.models.model import Model, Option
from kansci.models.naming import accepted, join, split
from kansci.models.registry import ZOO


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
    if family not in ZOO:
        raise UnknownName("model", family, ZOO, "or FILE.py, a model of your own")
    make = ZOO[family]
    ordered = accepted("model", family, make, written | options)
    label = join(family, ordered)
    try:
        model = make(**ordered)
    except ValueError as error:
        raise UserError(f"model {label}: {error}") from error
    return replace(model, name=label, entry=make)


@cache
def is_control(model: str) -> bool:
    """Whether the zoo has it as a yardstick rather than a contender; submissions contend."""
    family = model.partition(" + ")[0].partition("[")[0]  # `kan + ewc` is `kan` by a method
    return family in ZOO and get_model(family).control
