"""Who is the most accurate over everything?

What a model does not apply to counts 0 here, as a failure does: who solves fewer kinds of problems
is of less use. The accuracy board leaves such tasks out and says how many they are.
"""

from collections.abc import Sequence

from kansci.boards.board import AnyRecord, Board, Entry, Row, Value, limits
from kansci.boards.ranking import CONTEST, contest, rows_of
from kansci.boards.reference import Reference
from kansci.statistics.standing import Standing, final, standings
from kansci.statistics.stats import interquartile_mean


def rows(records: Sequence[AnyRecord], reference: Reference | None) -> list[Row]:
    entries = [entry(standing, reference) for standing in standings(records)]
    return contest(rows_of(entries), entries)


def entry(standing: Standing, reference: Reference | None) -> Entry:
    cells = standing.cells(final, every=True)
    whole = bool(cells) and not standing.missing
    columns: dict[str, Value] = {
        "lead": reference.lead(standing.records) if reference and whole else None,
        "IQM": interquartile_mean(cells) if whole else None,
    }
    note = limits(standing, reference, every=True) if whole else ""
    return Entry(standing, cells, columns, note)


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
        **CONTEST,
    },
)
