"""A board puts one question to all Records; it is a pure function of them.

Adding a model moves no other's score or interval: nothing is normalised by the best, and every
model is bootstrapped by the same draws. Only ranks are relative.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from pydantic import Field

from kansci.boards.reference import Reference
from kansci.ledger import AnyRecord as AnyRecord
from kansci.models.zoo import is_control
from kansci.record import Frozen, Record, Submitted
from kansci.statistics.standing import Standing, final
from kansci.statistics.stats import (
    CAP,
    Cell,
    chances_of_best,
    hierarchical_mean,
    interval,
    level_with,
    rank_ranges,
    replicates,
)

CONTEST = {
    "P(best)": "share of bootstrap draws in which the model is the first of the contenders",
    "leading": "the paired difference to that first has a 95 % interval that contains 0",
}
Value = int | float | str | None
METRIC = "NRMSE; PDE: relative L2; digits: error rate"


class Row(Frozen, frozen=True):
    """One model on one board; without a score it is listed, and not ranked."""

    model: str
    rank: int | None = None
    rank_low: int | None = Field(default=None, description="2.5 % of the rank over paired draws")
    rank_high: int | None = None
    score: float | None = None
    low: float | None = Field(default=None, description="95 %: other tasks of the kind and seeds")
    high: float | None = None
    seed_low: float | None = Field(default=None, description="95 %: other seeds, these tasks")
    seed_high: float | None = None
    tasks: int = Field(
        default=0, description="cells (task, budget) that are scored; a cluster is one task"
    )
    failed: int = Field(default=0, description="members that count as the trivial predictor")
    missing: int = Field(default=0, description="cells without a Record: keep off the ranking")
    not_applicable: int = 0
    does_not_fit: int = 0
    stale: int = Field(default=0, description="Records of another content of their task")
    unused: int = Field(default=0, description="Records by another recipe or method, superseded")
    control: bool = False
    submitted: Submitted = Field(default="", description="what came of verifying a submission")
    columns: dict[str, Value] = Field(default={}, description="in the order of display")
    note: str = ""


Rows = Callable[[Sequence[AnyRecord], Reference | None], list[Row]]


@dataclass(frozen=True)
class Board:
    """A question, and how Records answer it.

    Attributes:
        about: how the score comes about, for people.
        score_label: heading of the score.
        rows: `rows(records, reference)`, one a model, in any order.
        unit: what one of the score is.
        metric: the errors, or times, that it rests on; every table names it.
        columns: what the further columns say.
        kinds: of Records that it sees; a model that has only others is no row of it.
    """

    name: str
    question: str
    about: str
    score_label: str
    rows: Rows
    higher_is_better: bool = True
    unit: str = "decades below the trivial predictor"
    metric: str = METRIC
    columns: Mapping[str, str] = field(default_factory=dict)
    kinds: tuple[type, ...] = (Record,)


class Entry(NamedTuple):
    """What a board file says of one model; `ranked=False` lists it below the others."""

    standing: Standing
    cells: Sequence[Cell]
    columns: dict[str, Value]
    note: str = ""
    ranked: bool = True


def rank(
    board: Board, records: Iterable[AnyRecord], reference: Reference | None = None
) -> list[Row]:
    """The rows of a board, the best first, then those that are not ranked, then the incomplete."""
    sign = -1 if board.higher_is_better else 1

    def order(row: Row) -> tuple[bool, bool, float, str]:
        unscored = row.score is None
        return row.rank is None, unscored, 0.0 if row.score is None else sign * row.score, row.model

    seen = [one for one in records if isinstance(one, board.kinds)]
    return sorted(board.rows(seen, reference), key=order)


def rows_of(entries: Iterable[Entry], *, higher_is_better: bool = True) -> list[Row]:
    """Scores, intervals and ranks from the cells of every model.

    A model with a missing cell has no score: its mean would be over other tasks.
    """
    rows, placed, drawn = [], [], []
    for entry in entries:
        row = blank(entry)
        if entry.cells and not entry.standing.missing:
            both = replicates(entry.cells)  # (draw,)
            low, high = interval(both)
            seed_low, seed_high = interval(replicates(entry.cells, tasks=False))
            measured = {"low": low, "high": high, "seed_low": seed_low, "seed_high": seed_high}
            measured["score"] = hierarchical_mean(entry.cells)
            row = row.model_copy(update=measured)
            if entry.ranked:
                placed.append(len(rows))
                drawn.append(both)
        rows.append(row)
    if placed:
        ranges = rank_ranges(np.stack(drawn), higher_is_better=higher_is_better)
        ranked = _placed([rows[i] for i in placed], ranges.tolist(), higher_is_better)
        for i, row in zip(placed, ranked, strict=True):
            rows[i] = row
    return rows


def contest(
    rows: Sequence[Row], entries: Iterable[Entry], *, higher_is_better: bool = True
) -> list[Row]:
    """Rows with `P(best)` and `leading`, which are of contenders: a yardstick wins no contest.

    `leading` is whose paired difference to the best of them may be nothing. Both are empty where
    fewer than two contenders are ranked.
    """
    cells = {entry.standing.model: entry.cells for entry in entries}
    ranked = [row for row in rows if row.rank is not None and not row.control]
    said: dict[str, dict[str, Value]] = {}
    if len(ranked) > 1:
        sign = 1 if higher_is_better else -1
        drawn = sign * np.stack([replicates(cells[row.model]) for row in ranked])  # (model, draw)
        leader = int(np.argmax([sign * (row.score or 0.0) for row in ranked]))
        for row, best, level in zip(
            ranked, chances_of_best(drawn), level_with(drawn, leader), strict=True
        ):
            said[row.model] = {"P(best)": float(best), "leading": "yes" if level else ""}
    nothing: dict[str, Value] = {"P(best)": None, "leading": None}
    return [
        row.model_copy(update={"columns": row.columns | said.get(row.model, nothing)})
        for row in rows
    ]


def limits(standing: Standing, reference: Reference | None) -> str:
    """What a mean of decades leaves open: why there is no lead, and where it is a bound."""
    return "; ".join(text for text in (_unled(standing, reference), _capped(standing)) if text)


def _unled(standing: Standing, reference: Reference | None) -> str:
    """Why there is no lead, where the reference has some of the cells and not all."""
    known = standing.scored
    lacking = reference.lacking(known) if reference else 0
    if not 0 < lacking < len(known):
        return ""
    return f"no lead: {lacking} of {len(known)} cells have no frozen reference"


def _capped(standing: Standing) -> str:
    """How many members are better than can be counted: their model's score is a lower bound."""
    reached = [decades for record in standing.scored for decades in final(record).tolist()]
    count = sum(decades >= CAP for decades in reached)
    return f"{count} of {len(reached)} members at the cap of {CAP:g} decades" if count else ""


def blank(entry: Entry) -> Row:
    """What is counted of a model, before anything is scored."""
    standing = entry.standing
    return Row(
        model=standing.model,
        tasks=len({(cell.family, cell.unit, cell.budget) for cell in entry.cells}),
        failed=standing.failed,
        missing=len(standing.missing),
        not_applicable=standing.count("not_applicable"),
        does_not_fit=standing.count("does_not_fit"),
        stale=standing.stale,
        unused=standing.unused,
        control=is_control(standing.model),
        submitted=standing.submitted,
        columns=entry.columns,
        note=entry.note,
    )


def by_intervals(rows: Sequence[Row], *, higher_is_better: bool = True) -> list[Row]:
    """Ranks by score; a range holds every model whose interval overlaps one's own.

    For scores that are not means of decades, and so have no draws in common.
    """
    scored = [row for row in rows if row.score is not None]
    if not scored:
        return list(rows)
    sign = -1 if higher_is_better else 1
    numbers = np.array([(row.score, row.low, row.high) for row in scored], dtype=float) * sign
    score, (low, high) = numbers[:, 0], np.sort(numbers[:, 1:]).T  # (model,), rising is worse
    ranks = {
        row.model: {
            "rank": 1 + int((score < score[i]).sum()),
            "rank_low": 1 + int((high < low[i]).sum()),
            "rank_high": len(scored) - int((low > high[i]).sum()),
        }
        for i, row in enumerate(scored)
    }
    return [row.model_copy(update=ranks.get(row.model, {})) for row in rows]


def _placed(rows: Sequence[Row], ranges: Iterable[Sequence[int]], higher: bool) -> list[Row]:
    """Ranks by score; the range over draws is widened to hold the rank itself."""
    scores = np.array([row.score for row in rows], dtype=float)
    if higher:
        scores = -scores
    ranked = []
    for row, score, (low, high) in zip(rows, scores, ranges, strict=True):
        place = 1 + int((scores < score).sum())
        update = {"rank": place, "rank_low": min(low, place), "rank_high": max(high, place)}
        ranked.append(row.model_copy(update=update))
    return ranked
