"""Models in pickles, by where they are found again: the builders of the zoo are closures."""

from __future__ import annotations

import copyreg
from typing import Any

from kansci.discover import find_model, origin_of
from kansci.models import Model


def _reduced(model: Model) -> Any:
    """The name or the file of a model; one that was made by hand goes as it is, if it can.

    Whoever unpickles a network of a file's own first finds its model, and so loads the file.
    """
    origin = origin_of(model)
    if origin is not None:
        return find_model, (origin.file or origin.name,)
    if model.entry is not None:
        return find_model, (model.name,)
    return model.__reduce_ex__(4)


copyreg.pickle(Model, _reduced)  # type: ignore[arg-type]  # it is allowed any number of parts
