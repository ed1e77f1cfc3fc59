"""Models of installed packages: `mypkg.kans:model`, or a name of the entry-point group.

A package that the user installed is the user's own choice: naming a model of it imports it.

Source: https://packaging.python.org/en/latest/specifications/entry-points.
"""

from __future__ import annotations

import re
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points

from kansci.errors import UserError, blamed
from kansci.models import Model

GROUP = "kansci.models"


def is_reference(name: str) -> bool:
    """Whether a name says where a package has a model: `mypkg.kans:model`."""
    return re.fullmatch(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*", name) is not None


def list_installed() -> dict[str, str]:
    """Names of the group, each with the distribution that has it; nothing is imported."""
    return {name: _owner(point) for name, point in sorted(_points().items())}


def find_installed(name: str) -> Model | None:
    """The model of a reference or of the group; `None` for a name that is neither.

    Raises:
        UserError: if the package cannot be imported or has no such model.
    """
    if is_reference(name):
        module, _, attribute = name.partition(":")
        return _model(module, attribute, name)
    point = _points().get(name)
    if point is None:
        return None
    model = _model(point.module, point.attr, f"{_owner(point)}, entry point {name!r}")
    if model.name != name:
        raise UserError(f"{_owner(point)}: want a model named {name!r}, got {model.name!r}")
    return model


def _points() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=GROUP)}


def _owner(point: EntryPoint) -> str:
    return f"{point.dist.name} {point.dist.version}" if point.dist else "no distribution"


def _model(module: str, attribute: str, said: str) -> Model:
    with blamed(said):
        found = getattr(import_module(module), attribute, None)
    if not isinstance(found, Model):
        raise UserError(f"{said}: want a kansci.Model, got {type(found).__name__}")
    return found
