"""The list of models: an entry is a function of options that returns a `Model`.

Grids are each model's own default; depths and widths follow from the budget.
"""

from __future__ import annotations

from collections.abc import Callable

from kansci.models.model import Model

Make = Callable[..., Model]
ZOO: dict[str, Make] = {}


def entry(name: str) -> Callable[[Make], Make]:
    """Puts a function of options on the list; `get_model` adds the options given to its name."""

    def register(make: Make) -> Make:
        if name in ZOO:
            raise ValueError(f"want a name that is not taken, got {name!r}")
        ZOO[name] = make
        return make

    return register
