"""The boards at a glance, and who may be first on each: the table of `kansci board`, with links."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from kansci.boards.board import Board, Row
from kansci.boards.glance import glance, leaders
from kansci.boards.tables import NONE, marked
from kansci.site.boards import Cell


class Place(NamedTuple):
    """A model on a board; `first` if it may be the first of the contenders."""

    cell: Cell
    first: bool


class Line(NamedTuple):
    """A model on all boards."""

    model: str
    control: bool
    places: tuple[Place, ...]


class Glance(NamedTuple):
    """Boards that order anything, a line for each model, and who may be first.

    Attributes:
        led: the boards with contenders that may be first, and their names.
    """

    boards: tuple[Board, ...]
    lines: tuple[Line, ...]
    led: tuple[tuple[Board, tuple[str, ...]], ...]


def glanced(standings: Sequence[tuple[Board, Sequence[Row]]]) -> Glance:
    """Boards in their order; models in that of the first."""
    sheet = glance(standings)
    rows = {marked(row): row for _, own in standings for row in own}
    boards = {one.name: one for one, _ in standings}
    shown = tuple(boards[name] for name in sheet.columns) if sheet.rows else ()
    first = {board.name: leaders(board, own) for board, own in standings}
    lines = []
    for row in sheet.rows:
        who, *texts = map(str, row.values())
        places = (
            Place(_cell(text), who in first[board.name])
            for board, text in zip(shown, texts, strict=True)
        )
        lines.append(Line(rows[who].model, rows[who].control, tuple(places)))
    led = tuple(
        (board, tuple(rows[who].model for who in first[board.name]))
        for board in shown
        if first[board.name]
    )
    return Glance(shown, tuple(lines), led)


def _cell(text: str) -> Cell:
    """`0.90 (1-4)`, sorted by its score."""
    score = text.split()[0]
    return Cell(text, None if score == NONE else float(score))
