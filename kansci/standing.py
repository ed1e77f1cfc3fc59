"""Where each model stands in the grid of cells that a set of Records spans.

The grid is the union of (task, budget) over all Records, so a hole cannot be overlooked: a cell
that a model never ran is missing, and nothing is filled in.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from kansci.record import FAILED, Record, Speed
from kansci.stats import Cell, Floats, decades

Measure = Callable[[Record], Floats | None]
UNSCORED = ("not_applicable", "does_not_fit")


class Place(NamedTuple):
    """A cell of the grid."""

    family: str
    task: str
    budget: int


@dataclass(frozen=True)
class Standing:
    """What is known of one model.

    Attributes:
        records: at most one for each place of the grid.
        missing: places without a Record.
        stale: Records that are not used: of another content of their task, or another recipe
            than most, or superseded.
    """

    model: str
    records: tuple[Record, ...]
    missing: tuple[Place, ...]
    stale: int

    @property
    def scored(self) -> tuple[Record, ...]:
        """Records that count, failures among them."""
        return tuple(record for record in self.records if record.status not in UNSCORED)

    @property
    def failed(self) -> int:
        """Members that count as the trivial predictor."""
        return sum(int(failures(record).sum()) for record in self.scored)

    def count(self, status: str) -> int:
        return sum(record.status == status for record in self.records)

    def cells(self, measure: Measure) -> list[Cell]:
        """`measure` of every Record that counts, `(member,)` each; `None` leaves one out."""
        measured = ((record, measure(record)) for record in self.scored)
        return [
            Cell(record.family, record.task, record.budget, values)
            for record, values in measured
            if values is not None
        ]


def standings(
    records: Iterable[Record | Speed], keep: Callable[[Record], bool] = lambda record: True
) -> list[Standing]:
    """All models that any Record names, sorted; `keep` chooses the Records that span the grid."""
    records = list(records)
    kept = [record for record in records if isinstance(record, Record) and keep(record)]
    used = _one_a_place(_comparable(kept))
    grid = sorted({place for _, place in used})
    found = Counter(record.model for record in kept)
    rows = []
    for model in sorted({record.model for record in records}):
        own = [used[model, place] for place in grid if (model, place) in used]
        missing = tuple(place for place in grid if (model, place) not in used)
        rows.append(Standing(model, tuple(own), missing, found[model] - len(own)))
    return rows


def failures(record: Record) -> np.ndarray:
    """Which members count as the trivial predictor, `(member,)`, boolean."""
    members = record.members or (record.status,) * len(record.recipe.evaluation_seeds)
    return np.array([record.status in FAILED or status in FAILED for status in members])


def decades_of(record: Record) -> Floats:
    """Decades below the trivial predictor, `(stage, probe, member)`; 0 for members that failed."""
    failed = failures(record)
    if failed.all() or not record.errors:
        return np.zeros((max(1, len(record.stages)), max(1, len(record.probes)), len(failed)))
    return np.where(failed, 0.0, decades(record.errors, record.trivial))


def final(record: Record) -> Floats:
    """Decades after the last stage, mean over probes, `(member,)`."""
    return decades_of(record)[-1].mean(0)


def _comparable(records: Sequence[Record]) -> list[Record]:
    """One content a task and one recipe a cell: those that most Records have.

    Evaluation seeds are no part of the comparison: ten of them and five estimate the same.
    """
    contents = _prevailing(records, lambda r: r.task, lambda r: r.task_content)
    same = [record for record in records if record.task_content == contents[record.task]]
    recipes = _prevailing(same, lambda r: (r.task, r.budget), _recipe)
    return [record for record in same if _recipe(record) == recipes[record.task, record.budget]]


def _prevailing(
    records: Iterable[Record],
    group: Callable[[Record], Hashable],
    version: Callable[[Record], str],
) -> dict[Hashable, str]:
    """The most frequent version of each group; of equally frequent ones the newest."""
    found: dict[Hashable, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for record in records:
        found[group(record)][version(record)].append(record.environment.started)
    return {
        name: max(versions, key=lambda v: (len(versions[v]), max(versions[v]), v))
        for name, versions in found.items()
    }


def _recipe(record: Record) -> str:
    return record.recipe.digest


def _one_a_place(records: Iterable[Record]) -> dict[tuple[str, Place], Record]:
    """The Record with the most members, then the newest."""
    best: dict[tuple[str, Place], Record] = {}

    def merit(record: Record) -> tuple[int, str, str]:
        return len(record.recipe.evaluation_seeds), record.environment.started, record.key

    for record in sorted(records, key=merit):
        best[record.model, Place(record.family, record.task, record.budget)] = record
    return best
