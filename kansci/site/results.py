"""What each model reached in each cell, for people: numbers, what became of it, and its Record.

Nothing is left out: a cell without a Record is `missing`, a Record of another content of its task
is `stale`, and one by another recipe or method, or superseded, is `not used`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from kansci.boards.reference import Reference
from kansci.ledger import AnyRecord
from kansci.reading import Reading
from kansci.record import Record, Speed
from kansci.site.paths import unique
from kansci.statistics.comparable import current
from kansci.statistics.standing import (
    BOUND,
    UNSCORED,
    Place,
    failures,
    final,
    standings,
)
from kansci.statistics.stats import Cell, interval, replicates

OUTSIDE = ("stale", "not used", BOUND)  # of the grid
ROUNDING = 1e-5  # Records keep six digits
METRICS = {
    "nrmse": "NRMSE",
    "relative_l2": "relative L2",
    "error_rate": "error rate",
    "relative_max": "relative maximum",
}


@dataclass(frozen=True)
class Result:
    """One model in one cell.

    Attributes:
        state: `ok`, a status in words, `missing`, `stale`, `not used`, or `joint` for a bound.
        values: decades of the members, those of a bound too; empty where nothing is scored.
        low, high: 95 % interval of their mean over other seeds.
        error: median over members, in the task's metric, mean over probes after the last stage.
        lead: decades beyond the frozen reference on this cell.
        url: of the Record, from the root of the site; empty where there is none.
    """

    model: str
    place: Place
    state: str
    url: str = ""
    record: Record | None = None
    values: tuple[float, ...] = ()
    low: float | None = None
    high: float | None = None
    error: float | None = None
    lead: float | None = None
    failed: int = 0

    @property
    def decades(self) -> float | None:
        return float(np.mean(self.values)) if self.values else None

    @property
    def worse(self) -> bool:
        """Whether the error is above that of the trivial predictor, rounding apart.

        There may be decades all the same: those of a probe are never below 0.
        """
        trivial = self.record.trivial if self.record else 0.0
        return self.error is not None and self.error > trivial * (1 + ROUNDING)

    @property
    def metric(self) -> str:
        return METRICS.get(self.record.metric, self.record.metric) if self.record else ""

    @property
    def anchor(self) -> str:
        """The row of this cell on the page of its model."""
        return f"{self.place.task}-{self.place.budget}"


def results(
    records: Sequence[AnyRecord], urls: Mapping[int, str], reference: Reference | None = None
) -> list[Result]:
    """Of all models in all cells, by model, family, task and budget.

    Args:
        urls: of Records by their `id`: two may be equal and lie in two files.
    """
    rungs = {
        (rung.task, rung.content, rung.budget, rung.recipe): float(np.mean(rung.decades))
        for rung in (reference.rows if reference else ())
    }
    found: list[Result] = []
    used: set[int] = set()
    trained = [record for record in records if isinstance(record, Record)]
    for standing in standings(trained):
        used.update(map(id, standing.records))
        found += [Result(standing.model, place, "missing") for place in standing.missing]
        found += [_scored(record, urls[id(record)], rungs) for record in standing.records]
    fresh = set(map(id, current(trained)))
    for record in trained:
        if id(record) not in used:
            url = urls[id(record)]
            if record.recipe.method == BOUND and id(record) in fresh:
                found.append(replace(_scored(record, url, rungs), state=BOUND))
                continue
            state = "not used" if id(record) in fresh else "stale"
            found.append(Result(record.model, _place(record), state, url, record))
    return sorted(found, key=lambda one: (one.model, one.place, one.state in OUTSIDE, one.url))


def links(records: Iterable[AnyRecord]) -> dict[int, str]:
    """Where each Record lies in the site, by its `id`: a folder a model."""
    records = list(records)
    folders = unique(record.model for record in records)
    labels: dict[str, dict[int, str]] = {model: {} for model in folders}
    seen: Counter[tuple[str, str]] = Counter()
    for record in records:
        label = _label(record)
        seen[record.model, label] += 1
        again = seen[record.model, label]
        labels[record.model][id(record)] = label if again == 1 else f"{label} {again}"
    found = {}
    for model, own in labels.items():
        files = unique(own.values())
        found |= {
            one: f"records/{folders[model]}/{files[label]}.json" for one, label in own.items()
        }
    return found


def _label(record: AnyRecord) -> str:
    if isinstance(record, Speed):
        return record.stem
    if isinstance(record, Reading):
        return f"{record.name} {record.stem}"
    return f"{record.name} {record.suite}-{record.budget}"


def _place(record: Record) -> Place:
    return Place(record.family, record.task, record.budget)


def _scored(record: Record, url: str, rungs: Mapping[tuple[str, str, int, str], float]) -> Result:
    """A Record that boards use; it may say that there is nothing to score."""
    place, state = _place(record), record.status.replace("_", " ")
    if record.status in UNSCORED:
        return Result(record.model, place, state, url, record)
    values = final(record)
    cell = Cell(record.family, record.task, record.budget, values, record.cluster)
    low, high = interval(replicates([cell], tasks=False))
    rung = rungs.get((record.task, record.task_content, record.budget, record.recipe.digest))
    return Result(
        model=record.model,
        place=place,
        state=state,
        url=url,
        record=record,
        values=tuple(map(float, values)),
        low=low,
        high=high,
        error=_error(record),
        lead=None if rung is None else float(values.mean()) - rung,
        failed=int(failures(record).sum()),
    )


def _error(record: Record) -> float | None:
    """Median over the members that are well."""
    if not record.errors:
        return None
    last = np.array(record.errors[-1], dtype=float).mean(0)  # (member,)
    well = last[np.isfinite(last) & ~failures(record)]
    return float(np.median(well)) if len(well) else None
