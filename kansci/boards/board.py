"""A board puts one question to all Records; it is a pure function of them.

Adding a model moves no other's score or interval: nothing is normalised by the best, and every
model is bootstrapped by the same draws. Only ranks are relative.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from pydantic import Field

from kansci.boards.reference import Reference
from kansci.ledger import AnyRecord as AnyRecord
from kansci.record import Frozen, Record, Submitted
from kansci.statistics.standing import Standing, final
from kansci.statistics.stats import CAP, Cell

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


def limits(standing: Standing, reference: Reference | None, *, every: bool = False) -> str:
    """What a mean of decades leaves open: why there is no lead, and where it is a bound.

    Args:
        every: whether the lead is over what does not apply or fit, too.
    """
    led = standing.records if every else standing.scored
    return "; ".join(text for text in (_unled(led, reference), _capped(standing)) if text)


def _unled(known: Sequence[Record], reference: Reference | None) -> str:
    """Why there is no lead, where the reference has some of the cells and not all."""
    lacking = reference.lacking(known) if reference else 0
    if not 0 < lacking < len(known):
        return ""
    return f"no lead: {lacking} of {len(known)} cells have no frozen reference"


def _capped(standing: Standing) -> str:
    """How many members are better than can be counted: their model's score is a lower bound."""
    reached = [decades for record in standing.scored for decades in final(record).tolist()]
    count = sum(decades >= CAP for decades in reached)
    return f"{count} of {len(reached)} members at the cap of {CAP:g} decades" if count else ""
