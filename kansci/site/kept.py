"""Trained networks that are kept beside Records: files to download, and a few to look at.

What a submission builds is not run here: only networks of the zoo are drawn.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from kansci.discover import get_model
from kansci.errors import UserError
from kansci.figures import Typical, typical
from kansci.figures.typical import spread
from kansci.ledger import path_of, weights_beside
from kansci.record import Record
from kansci.site.results import Result
from kansci.task import Task
from kansci.weights import kept


class Weights(NamedTuple):
    """A file of trained networks: where it is, where it lies in the site, and its size."""

    path: Path
    url: str
    size: str


class Shown(NamedTuple):
    """One network of a cell."""

    result: Result
    record: Record
    typical: Typical


def weights_of(record: Record, folder: Path, url: str) -> Weights | None:
    """Those beside a Record, if they are there and its own."""
    if not record.weights or not kept(record, folder):
        return None
    path = weights_beside(path_of(record, folder))
    return Weights(path, weights_beside(Path(url)).as_posix(), bytes_of(path.stat().st_size))


def bytes_of(size: int) -> str:
    """For people, `5 kB`."""
    kilo = size / 1e3
    return f"{max(1, round(kilo))} kB" if kilo < 1e3 else f"{kilo / 1e3:.1f} MB"


def network(one: Result, folder: Path, task: Task) -> Shown | None:
    """The network of a cell; `None` where it is not what was recorded, or not of the zoo."""
    if one.record is None:
        return None
    try:
        model = get_model(one.model)
        return Shown(one, one.record, typical(one.record, folder, task, model))
    except UserError:
        return None


def chosen(found: Sequence[Result], most: int, always: str) -> list[Result]:
    """At one budget, that of most of them: the best, the last, evenly between, and one always."""
    budgets = Counter(one.place.budget for one in found)
    budget = max(budgets, key=lambda budget: (budgets[budget], -budget), default=0)
    own = [one for one in found if one.place.budget == budget and one.failed < len(one.values)]
    own.sort(key=lambda one: (-(one.decades or 0), one.model))
    places = {*spread(len(own), most), *(i for i, one in enumerate(own) if one.model == always)}
    return [own[place] for place in sorted(places)]
