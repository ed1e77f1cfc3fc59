"""A network in its kansci form, `NAME`, beside what its authors' code builds, `NAME-published`."""

from __future__ import annotations

from typing import NamedTuple

from kansci.models import list_models
from kansci.site.boards import bracketed
from kansci.site.results import OUTSIDE
from kansci.site.shared import Shared
from kansci.statistics.differences import Comparison, compared
from kansci.testing.report import PUBLISHED


class Arm(NamedTuple):
    """The other one of a pair.

    Attributes:
        published: whether it is the authors' code.
        less: what this model has less the other, in decades; empty where no cell is common.
        cells: that both have.
    """

    name: str
    published: bool
    less: str = ""
    interval: str = ""
    cells: int = 0


def other_arm(shared: Shared, name: str) -> Arm | None:
    """Of a model of the zoo that comes in both forms; with the same options, if it has any."""
    family, bracket, options = name.partition("[")
    published = not family.endswith(PUBLISHED)
    other = family + PUBLISHED if published else family.removesuffix(PUBLISHED)
    if not {family, other} <= set(list_models()):
        return None
    arm = Arm(other + bracket + options, published)
    found = _difference(shared, name, arm.name)
    if found is None:
        return arm
    less, between = f"{found.mean:+z.2f}", bracketed(found.low, found.high)
    return arm._replace(less=less, interval=between, cells=len(found.cells))


def _difference(shared: Shared, name: str, other: str) -> Comparison | None:
    """From the Records that stand in the grid; `kansci compare` finds the same ones."""
    cells = (*shared.by_model.get(name, ()), *shared.by_model.get(other, ()))
    return compared([c.record for c in cells if c.record and c.state not in OUTSIDE], name, other)
