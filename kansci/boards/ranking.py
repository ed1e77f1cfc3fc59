"""From the cells of every model to rows: scores, intervals, ranks, and who may be the best."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from kansci.boards.board import Entry, Row, Value
from kansci.models.zoo import is_control
from kansci.statistics.stats import (
    Cell,
    chances_of_best,
    hierarchical_mean,
    interval,
    may_be_best,
    rank_ranges,
    replicates,
)

CONTEST = {
    "P(best)": "share of bootstrap draws in which the model is the first of the contenders",
    "leading": "in the 95 % confidence set of the best of the contenders, by paired draws",
}


def rows_of(entries: Iterable[Entry], *, higher_is_better: bool = True) -> list[Row]:
    """Scores, intervals and ranks from the cells of every model.

    A model with a missing cell has no score: its mean would be over other tasks. One task alone
    says nothing of others, and one seed nothing of others: there is no such interval then.
    """
    rows, placed, drawn = [], [], []
    for entry in entries:
        row = blank(entry)
        if entry.cells and not entry.standing.missing:
            both = replicates(entry.cells)  # (draw,)
            measured: dict[str, object] = {"score": hierarchical_mean(entry.cells)}
            if several_tasks(entry.cells):
                measured["low"], measured["high"] = interval(both)
            if several_seeds(entry.cells):
                seeds = replicates(entry.cells, tasks=False)
                measured["seed_low"], measured["seed_high"] = interval(seeds)
            row = row.model_copy(update=measured)
            if entry.ranked:
                placed.append(len(rows))
                drawn.append(both)
        rows.append(row)
    if placed:
        ranges = rank_ranges(np.stack(drawn), higher_is_better=higher_is_better)
        unknown = [row.low is row.seed_low is None for row in (rows[i] for i in placed)]
        ranges[unknown] = 1, len(placed)  # nothing is known of chance, and so of ranks
        ranked = _placed([rows[i] for i in placed], ranges.tolist(), higher_is_better)
        for i, row in zip(placed, ranked, strict=True):
            rows[i] = row
    return rows


def several_tasks(cells: Iterable[Cell]) -> bool:
    """Whether a family has two tasks or more, so that draws of them differ."""
    units = {(cell.family, cell.unit) for cell in cells}
    return len(units) > len({family for family, _ in units})


def several_seeds(cells: Iterable[Cell]) -> bool:
    return any(len(cell.values) > 1 for cell in cells)


def contest(
    rows: Sequence[Row],
    entries: Iterable[Entry],
    *,
    higher_is_better: bool = True,
    eligible: Mapping[str, NDArray[np.bool_]] | None = None,
) -> list[Row]:
    """Rows with `P(best)` and `leading`, which are of contenders: a yardstick wins no contest.

    Both are empty where fewer than two contenders are ranked, and where draws do not differ.

    Args:
        eligible: in which draws a model would be ranked, `(draw,)`; in the others it wins nothing.
    """
    cells = {entry.standing.model: entry.cells for entry in entries}
    ranked = [row for row in rows if row.rank is not None and not row.control]
    said: dict[str, dict[str, Value]] = {}
    if len(ranked) > 1 and any(row.low is not None or row.seed_low is not None for row in ranked):
        sign = 1 if higher_is_better else -1
        scores = [sign * (row.score or 0.0) for row in ranked]
        drawn = sign * np.stack([replicates(cells[row.model]) for row in ranked])  # (model, draw)
        leading = may_be_best(scores, drawn)
        if eligible is not None:
            drawn = np.where(np.stack([eligible[row.model] for row in ranked]), drawn, -np.inf)
        for row, best, first in zip(ranked, chances_of_best(drawn), leading, strict=True):
            said[row.model] = {"P(best)": float(best), "leading": "yes" if first else ""}
    nothing: dict[str, Value] = {"P(best)": None, "leading": None}
    return [
        row.model_copy(update={"columns": row.columns | said.get(row.model, nothing)})
        for row in rows
    ]


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
