"""Which models differ, and whether their order is robust: what `kansci board` writes beside boards.

Each sheet is a table; where its rows have intervals, these are bars, too.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from kansci.boards.board import Value
from kansci.boards.sheets import P, Sheet, sheets
from kansci.boards.tables import number
from kansci.discover import home
from kansci.ledger import AnyRecord
from kansci.site.bars import Bar, Bars, Interval, bars
from kansci.site.boards import Cell, bracketed, commonest
from kansci.site.figures import Illustration, Illustrations
from kansci.site.shared import Shared
from kansci.statistics.significance import load_comparisons

NOTHING = {"P(better)": 0.5, "area": 3.0}  # columns with intervals, and what is as good as chance
ENDS = ("low", "high", "95 %")  # the interval, as two columns or as one text
MODELS = ("model", "against")
SHOWN = {"decades": "median difference"}  # of columns whose names say less on a page
FIGURES = {"critical": "significance", "profiles": "profiles"}  # files, and their tables


class Line(NamedTuple):
    """A row; `pair` is what the page of comparisons calls its two models, if they are compared."""

    cells: tuple[Cell, ...]
    interval: str
    bar: Bar | None
    pair: str


class Table(NamedTuple):
    """A sheet as a template draws it.

    Attributes:
        columns: names and whether they are of texts; the ends of intervals are no columns.
        measured: the column that has intervals; empty for none.
        empty: why there is no number at all; nothing where there is one.
        reasons: then of each row, which it is and its remark.
    """

    sheet: Sheet
    columns: tuple[tuple[str, bool], ...]
    measured: str
    axis: Bars
    lines: tuple[Line, ...]
    empty: str
    reasons: tuple[tuple[str, str], ...]

    @property
    def said(self) -> dict[str, str]:
        """What columns say, by the names that the page gives them."""
        return {SHOWN.get(name, name): about for name, about in self.sheet.columns.items()}


def tables(shared: Shared, others: Sequence[AnyRecord]) -> list[Table]:
    """Of the Records that boards rest on, and `others` by further recipes."""
    named = load_comparisons(home("leaderboards") / "comparisons.toml")
    found = sheets(shared.records, others, shared.reference, named)
    return [_table(sheet, shared.slugs) for sheet in found]


def beside(drawn: Mapping[str, Illustrations]) -> dict[str, list[Illustration]]:
    """Figures of boards that show what a table says, by its name."""
    found: dict[str, list[Illustration]] = {}
    for one in (figure for own in drawn.values() for figure in own.shown):
        if name := FIGURES.get(Path(one.image).stem):
            found.setdefault(name, []).append(one)
    return found


def _table(sheet: Sheet, slugs: Mapping[str, str]) -> Table:
    names = [name for name in (sheet.rows[0] if sheet.rows else ()) if name not in ENDS]
    if not any(row.get("remarks") for row in sheet.rows):
        names = [name for name in names if name != "remarks"]
    words = {name for name in names if any(isinstance(row[name], str) for row in sheet.rows)}
    measured = next((name for name in names if name in NOTHING), "")
    known = [_interval(row, measured) for row in sheet.rows]
    measured *= any(known)
    chance = [Interval(NOTHING[measured])] if measured else []
    axis = bars([*(one for one in known if one), *chance])
    if measured:
        axis = axis._replace(origin=axis.bar(chance[0], "").value)
    lines = []
    for row, one in zip(sheet.rows, known, strict=True):
        between = bracketed(*one.outer) if one and one.outer else ""
        pair = [str(row[name]) for name in MODELS if name in row]
        tip = f"{' against '.join(pair)}: {measured} {one.value:.2f}, 95 % {between}" if one else ""
        lines.append(
            Line(
                cells=tuple(_cell(name, row[name], text=name in words) for name in names),
                interval=between,
                bar=axis.bar(one, tip) if one else None,
                pair="/".join(slugs[name] for name in pair) if one and len(pair) == 2 else "",
            )
        )
    columns = tuple((SHOWN.get(name, name), name in words) for name in names)
    return Table(sheet, columns, measured, axis, tuple(lines), *_unscored(sheet.rows, names))


def _unscored(
    rows: Sequence[Mapping[str, Value]], names: Sequence[str]
) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Why no row has a number, and the reason of each; nothing where one has."""
    if any(isinstance(row[name], int | float) for row in rows for name in names):
        return "", ()
    reasons = tuple(
        (" against ".join(str(row[name]) for name in names if name in (*MODELS, "change")),
         str(row.get("remarks") or "no Record here answers this"))
        for row in rows
    )  # fmt: skip
    return commonest([why for _, why in reasons]), reasons


def _interval(row: Mapping[str, Value], measured: str) -> Interval | None:
    between = row.get("95 %")
    ends = json.loads(between) if isinstance(between, str) else (row.get("low"), row.get("high"))
    known = [float(one) for one in (row.get(measured), *ends) if isinstance(one, int | float)]
    return Interval(known[0], (known[1], known[2])) if len(known) == 3 else None


def _cell(name: str, value: Value, *, text: bool) -> Cell:
    if text:
        return Cell(str(value or ""), None)
    if name in P and isinstance(value, float):
        return Cell("< 0.001" if value < 0.001 else f"{value:.3f}", value)
    return Cell(number(name, value), value)
