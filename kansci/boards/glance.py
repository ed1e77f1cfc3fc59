"""All boards at a glance: a row for each model, a column for each board."""

from __future__ import annotations

from collections.abc import Sequence

from kansci.boards.board import Board, Row
from kansci.boards.ranking import by_intervals
from kansci.boards.sheets import Sheet
from kansci.boards.tables import NONE, footnotes, marked, ranks

Standings = Sequence[tuple[Board, Sequence[Row]]]


def glance(standings: Standings) -> Sheet:
    """Scores with ranges of ranks, `0.90 (1-4)`, in the order of the first board.

    A board on which fewer than two models have a score orders nothing, and is left out.
    """
    shown = [(one, rows) for one, rows in standings if sum(r.score is not None for r in rows) > 1]
    first = {row.model: row for _, rows in reversed(shown) for row in reversed(rows)}
    order = dict.fromkeys(row.model for _, rows in shown for row in rows)
    places = {one.name: {row.model: row for row in rows} for one, rows in shown}
    table = [
        {
            "model": marked(first[model]),
            **{_heading(one): _cell(places[one.name].get(model)) for one, _ in shown},
        }
        for model in order
    ]
    marks = "".join(f" {note}." for note in footnotes(list(first.values())))
    says = f"Scores with the ranges of their ranks; ↑ higher is better, ↓ lower.{marks}"
    columns = {one.name: one.unit for one, _ in shown}
    return Sheet("glance", "Who is how good at what?", table, says, columns)


def leaders(board: Board, rows: Sequence[Row]) -> list[str]:
    """Contenders that may be the first of them.

    That is who is `leading`, where a board says so from paired draws; else whose interval no other
    contender's is better than.
    """
    ranked = [row for row in rows if row.rank is not None and not row.control]
    if any(row.columns.get("leading") is not None for row in ranked):
        return [marked(row) for row in ranked if row.columns["leading"] == "yes"]
    alone = by_intervals(ranked, higher_is_better=board.higher_is_better)
    return [marked(row) for row in alone if row.rank_low == 1]


def _heading(board: Board) -> str:
    return f"{board.name} {'↑' if board.higher_is_better else '↓'}"


def _cell(row: Row | None) -> str:
    if row is None or row.score is None:
        return NONE
    return f"{row.score:z.2f} ({ranks(row)})"
