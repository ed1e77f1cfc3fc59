"""Where each model stands in the grid of cells that a set of Records spans.

The grid is the union of (task, budget) over all Records, so a hole cannot be overlooked: a cell
that a model never ran is missing, and nothing is filled in. In a place of the grid stand Records
that may be compared, and no others: of one content of the task, one method, one recipe. Those that
do not are counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from kansci.ledger import AnyRecord
from kansci.record import FAILED, Record, Speed, Submitted
from kansci.statistics.comparable import current, of_one_recipe, prevailing
from kansci.statistics.stats import CAP, Cell, Floats, decades

Measure = Callable[[Record], Floats | None]
UNSCORED = ("not_applicable", "does_not_fit")
PLAIN = "naive"  # the method of those who use none
BOUND = "joint"  # and of those that bound them: no place is theirs, and they are of use


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
        stale: Records of another content of their task than most have, or of an older source of
            their model than its newest.
        unused: Records by another recipe or method than most, or superseded in their place, but for
            joint trainings, which bound the others.
        submitted: what came of verifying the submission that the Records are of, if they are of
            one, whether they are used or not.
    """

    model: str
    records: tuple[Record, ...]
    missing: tuple[Place, ...]
    stale: int = 0
    unused: int = 0
    submitted: Submitted = ""

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

    def cells(self, measure: Measure, *, every: bool = False) -> list[Cell]:
        """`measure` of every Record that counts, `(member,)` each; `None` leaves one out.

        Args:
            every: measure those that do not apply or fit, too; they have 0 decades.
        """
        measured = (
            (record, measure(record)) for record in (self.records if every else self.scored)
        )
        return [
            Cell(record.family, record.task, record.budget, values, record.cluster)
            for record, values in measured
            if values is not None
        ]


def at_every_budget(found: Iterable[Standing]) -> set[str]:
    """Tasks that the grid has at each of its budgets: means over others would compare tasks."""
    grid = {(one.task, one.budget) for row in found for one in (*row.records, *row.missing)}
    budgets = {budget for _, budget in grid}
    return {task for task, _ in grid if all((task, budget) in grid for budget in budgets)}


def standings(
    records: Iterable[AnyRecord], keep: Callable[[Record], bool] = lambda record: True
) -> list[Standing]:
    """All models that were trained or timed, sorted; `keep` chooses what spans the grid."""
    records = [record for record in records if isinstance(record, Record | Speed)]
    kept = [record for record in records if isinstance(record, Record) and keep(record)]
    fresh = current(kept)
    used = _one_a_place(_comparable(fresh))
    grid = sorted({place for _, place in used})
    found, left = (Counter(record.model for record in some) for some in (kept, fresh))
    bounds = Counter(one.model for one in fresh if one.recipe.method == BOUND)
    told: dict[str, Submitted] = {
        one.model: one.submitted for one in records if isinstance(one, Record)
    }
    rows = []
    for model in sorted({record.model for record in records}):
        own = [used[model, place] for place in grid if (model, place) in used]
        missing = tuple(place for place in grid if (model, place) not in used)
        stale = found[model] - left[model]
        unused, submitted = left[model] - len(own), told.get(model, "")
        unused -= bounds[model] if all(one.recipe.method != BOUND for one in own) else 0
        rows.append(Standing(model, tuple(own), missing, stale, unused, submitted))
    return rows


def sliced(
    records: Iterable[AnyRecord],
    *,
    suites: Collection[str] = (),
    families: Collection[str] = (),
    budgets: Collection[int] = (),
) -> list[AnyRecord]:
    """Records of some suites, families and budgets; of all, where none are given.

    Timings and formulas belong to no family, and to the suite that happened to take them: budgets
    alone choose among them, and those without one stay.
    """

    def kept(record: AnyRecord) -> bool:
        if not isinstance(record, Record):
            return not budgets or record.budget in {0, *budgets}
        return (
            (not suites or record.suite in suites)
            and (not families or record.family in families)
            and (not budgets or record.budget in budgets)
        )

    return [record for record in records if kept(record)]


def failures(record: Record) -> np.ndarray:
    """Which members count as the trivial predictor, `(member,)`, boolean."""
    members = record.members or (record.status,) * len(record.recipe.evaluation_seeds)
    if record.status in FAILED or not FAILED.isdisjoint(members):
        return np.array([record.status in FAILED or status in FAILED for status in members])
    return np.zeros(len(members), dtype=bool)


def decades_of(record: Record, cap: float = CAP) -> Floats:
    """Decades below the trivial predictor, `(stage, probe, member)`; 0 for members that failed."""
    return _decades(record, record.errors, len(record.stages), cap)


def final(record: Record, cap: float = CAP) -> Floats:
    """Decades after the last stage, mean over probes, `(member,)`."""
    (last,) = _decades(record, record.errors[-1:], 1, cap)
    return last.sum(0) / len(last)  # a third of the time of `mean`, for what all boards ask of all


def _decades(record: Record, errors: Sequence[Any], stages: int, cap: float) -> Floats:
    failed = failures(record)
    if failed.all() or not errors:
        return np.zeros((max(1, stages), max(1, len(record.probes)), len(failed)))
    return np.where(failed, 0.0, decades(errors, record.trivial, cap))


def _comparable(records: Sequence[Record]) -> list[Record]:
    """One method in all, none if any Record has none; one recipe a cell, that of most models.

    A method is another way to train the same model, so its Records neither displace nor fill up
    those without. Evaluation seeds are no part of the comparison: ten of them and five estimate the
    same.
    """
    methods = prevailing(records, lambda r: "", lambda r: r.recipe.method)
    plain = any(record.recipe.method == PLAIN for record in records)
    method = PLAIN if plain else methods.get("")
    return of_one_recipe([record for record in records if record.recipe.method == method])


def _one_a_place(records: Iterable[Record]) -> dict[tuple[str, Place], Record]:
    """The Record with the most members, then the newest."""
    best: dict[tuple[str, Place], Record] = {}

    def merit(record: Record) -> tuple[int, str, str]:
        return len(record.recipe.evaluation_seeds), record.environment.started, record.key

    for record in sorted(records, key=merit):
        best[record.model, Place(record.family, record.task, record.budget)] = record
    return best
