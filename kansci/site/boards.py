"""A board as a table for people: texts, what to sort by, bars, and what is wrong with a row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from kansci.boards.board import Board, Row, Value
from kansci.boards.tables import NONE, label, number, remarks
from kansci.reading import Reading
from kansci.record import Record, Speed
from kansci.site.bars import Bar, Bars, Interval, bars

MAKES = {Speed: "kansci speed", Reading: "kansci recover"}  # Records that no training leaves


class Cell(NamedTuple):
    """A text, and the number that a column is sorted by; nothing sorts last."""

    text: str
    sort: float | str | None


class Line(NamedTuple):
    """One model on one board."""

    model: str
    control: bool
    ranked: bool
    rank: Cell
    score: Cell
    interval: str
    seeds: str
    bar: Bar | None
    columns: tuple[Cell, ...]
    cells: int
    failed: int
    remarks: str


class View(NamedTuple):
    """A board as a template draws it.

    Attributes:
        further: columns in which a model has something, and what they say.
        blank: names of those in which none has.
        common: the remark of most rows, if every row has one.
        anchor: where the page of a model has what its score is made of.
        empty: why there is no score at all; nothing where there is one.
        makes: the command whose Records such a board wants, if there are none of them.
    """

    board: Board
    label: str
    axis: Bars
    further: tuple[tuple[str, str], ...]
    blank: tuple[str, ...]
    lines: tuple[Line, ...]
    common: str
    anchor: str
    empty: str
    makes: str


def view(board: Board, rows: Sequence[Row]) -> View:
    """Rows in their order; the further columns with what each of them says."""
    names = tuple(dict.fromkeys(name for row in rows for name in row.columns))
    known = {name for row in rows for name, value in row.columns.items() if value not in (None, "")}
    further = tuple(name for name in names if name in known)
    ratio = "ratio" in board.score_label  # twice as much is as far from 1 as half as much
    drawn = [one for row in rows if (one := _interval(row))]
    axis = bars(drawn, log=ratio, zero=not ratio)
    lines = tuple(_line(board, row, further, axis) for row in rows)
    said = [line.remarks for line in lines]
    scored = any(row.score is not None for row in rows)
    return View(
        board=board,
        label=label(board),
        axis=axis,
        further=tuple((name, board.columns.get(name, "")) for name in further),
        blank=tuple(name for name in names if name not in known),
        lines=lines,
        common=_common(said),
        anchor=_anchor(board),
        empty="" if scored else commonest(said),
        makes="" if any(said) or scored else MAKES.get(board.kinds[-1], ""),
    )


def commonest(remarks: Sequence[str]) -> str:
    """The remark that most rows have, with how many; for a table in which nothing is scored."""
    said = Counter(remark for remark in remarks if remark)
    if not said:
        return "no Record here answers this"
    (text, count), *_ = said.most_common(1)
    return f"{text} ({count} of {len(remarks)} rows)"


def ranks(row: Row) -> str:
    """`3`, or `2-5` where the order is not sure."""
    if row.rank is None:
        return NONE
    return "-".join(map(str, dict.fromkeys((row.rank_low, row.rank_high))))


def bracketed(low: float | None, high: float | None) -> str:
    """An interval in brackets."""
    return "" if low is None or high is None else f"[{low:z.2f}, {high:z.2f}]"


def _common(remarks: Sequence[str]) -> str:
    """The remark of more than half of the rows, where every row has one."""
    (text, count), *_ = Counter(remarks).most_common(1) or [("", 0)]
    return text if all(remarks) and 2 * count > len(remarks) > 2 else ""


def _anchor(board: Board) -> str:
    """Timings and formulas stand apart from the cells that were trained."""
    if Speed in board.kinds:
        return "timings"
    return "formulas" if Record not in board.kinds else "records"


def _line(board: Board, row: Row, further: Sequence[str], axis: Bars) -> Line:
    known = _interval(row)
    score = NONE if row.score is None else f"{row.score:z.2f}"
    outer, inner = bracketed(row.low, row.high), bracketed(row.seed_low, row.seed_high)
    tip = f"{row.model}: {score} {board.score_label}"
    tip += f", 95 % {outer}" * bool(outer) + f", other seeds {inner}" * bool(inner)
    return Line(
        model=row.model,
        control=row.control,
        ranked=row.rank is not None,
        rank=Cell(ranks(row), row.rank),
        score=Cell(score, row.score),
        interval=outer,
        seeds=inner,
        bar=axis.bar(known, tip) if known else None,
        columns=tuple(_cell(name, row.columns.get(name)) for name in further),
        cells=row.tasks,
        failed=row.failed,
        remarks=remarks(row),
    )


def _cell(name: str, value: Value) -> Cell:
    return Cell(number(name, value), value if value != "" else None)


def _interval(row: Row) -> Interval | None:
    if row.score is None:
        return None
    return Interval(row.score, _ends(row.low, row.high), _ends(row.seed_low, row.seed_high))


def _ends(low: float | None, high: float | None) -> tuple[float, float] | None:
    return None if low is None or high is None else (low, high)
