"""What is lost of the earlier stages when the last one is done?

The loss alone would praise the model that never learned: only models that learned at least one
decade are ranked, and what they learned and what is left stand beside what they lost.
"""

from collections.abc import Callable, Sequence

from kansci.board import AnyRecord, Board, Entry, Row, Value, rows_of
from kansci.forgetting import learned, lost
from kansci.record import Record
from kansci.standing import Standing, final, standings
from kansci.stats import Floats, hierarchical_mean

LEARNED = 1.0


def rows(records: Sequence[AnyRecord], reference: object) -> list[Row]:
    staged = {r.task for r in records if isinstance(r, Record) and len(r.stages) > 1}
    found = standings(records, lambda r: r.task in staged and r.recipe.method != "joint")
    return rows_of(map(entry, found), higher_is_better=False)


def entry(standing: Standing) -> Entry:
    cells = standing.cells(lost)
    known = bool(cells) and not standing.missing

    def mean(measure: Callable[[Record], Floats]) -> float | None:
        return hierarchical_mean(standing.cells(measure)) if known else None

    gained = mean(learned)
    columns: dict[str, Value] = {"learned": gained, "final": mean(final)}
    idle = gained is not None and gained < LEARNED
    return Entry(standing, cells, columns, "did not learn" if idle else "", ranked=not idle)


board = Board(
    name="forgetting",
    question="What is lost of the earlier stages when the last one is done?",
    about=(
        "Decades on the probe of a stage just after it was learned minus decades at the end, mean "
        "over the earlier stages, then over members, budgets and tasks. Ranked among models that "
        "learned at least one decade. A member that failed has learned nothing, and lost what the "
        "others learned."
    ),
    score_label="lost",
    unit="decades lost",
    rows=rows,
    higher_is_better=False,
    columns={
        "learned": "decades just after each stage",
        "final": "decades at the end, over all probes",
    },
)
