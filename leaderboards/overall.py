"""Who is the most accurate over everything?

What a model does not apply to counts 0 here, as a failure does: who solves fewer kinds of problems
is of less use. The accuracy board leaves such tasks out and says how many they are.
"""

from collections.abc import Sequence

import numpy as np

from kansci.board import AnyRecord, Board, Entry, Row, Value, rows_of
from kansci.reference import Reference
from kansci.standing import Standing, final, standings
from kansci.stats import chances_of_best, interquartile_mean, level_with, replicates


def rows(records: Sequence[AnyRecord], reference: Reference | None) -> list[Row]:
    entries = [entry(standing, reference) for standing in standings(records)]
    found = rows_of(entries)
    cells = {entry.standing.model: entry.cells for entry in entries}
    ranked = [row for row in found if row.score is not None]
    if not ranked:
        return found
    drawn = np.stack([replicates(cells[row.model]) for row in ranked])  # (model, draw)
    leader = int(np.argmax([row.score for row in ranked]))
    level, best = level_with(drawn, leader), chances_of_best(drawn)
    relative = {
        row.model: {"P(best)": float(best[i]), "leading": "yes" if level[i] else ""}
        for i, row in enumerate(ranked)
    }
    return [
        row.model_copy(update={"columns": row.columns | relative.get(row.model, {})})
        for row in found
    ]


def entry(standing: Standing, reference: Reference | None) -> Entry:
    cells = standing.cells(final, every=True)
    whole = bool(cells) and not standing.missing
    columns: dict[str, Value] = {
        "lead": reference.lead(standing.records) if reference and whole else None,
        "IQM": interquartile_mean(cells) if whole else None,
        "P(best)": None,
        "leading": None,
    }
    return Entry(standing, cells, columns)


board = Board(
    name="overall",
    question="Who is the most accurate over everything?",
    about=(
        "log10(trivial error / error) on the test probes after the last stage, clipped to [0, 6]: "
        "0 is the trivial predictor, 3 a thousand times better. Mean over members, budgets, tasks "
        "and families, each with the same weight; a failed member counts 0, and so does a task "
        "that a model does not apply to or a budget that it does not fit."
    ),
    score_label="decades",
    rows=rows,
    columns={
        "lead": "decades beyond the frozen reference MLP on the same cells",
        "IQM": "mean of the middle half of members; it hides failures",
        "P(best)": "share of bootstrap draws in which the model is first",
        "leading": "the paired difference to the first has a 95 % interval that contains 0",
    },
)
