"""Rows of a board as MLflow shows them; no MLflow here."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from kansci.boards.board import Board, Row, Value
from kansci.boards.tables import label, markdown, remarks
from kansci.store.view import NAME, View, cut

ROWS = 25  # of a board that a description shows
LETTERS = 8000  # of a description, as MLflow takes no more in a tag
COLUMNS = 40  # metrics and params of an entry: MLflow's pages become slow with many


def note(board: Board, rows: Sequence[Row], edition: str) -> str:
    """The board as Markdown, its first 25 rows, or as many as fit."""
    for shown in range(min(ROWS, len(rows)), -1, -1):
        left = len(rows) - shown
        lines = [f"Edition **{cut(edition)}**, {len(rows)} models.", "", board.about, ""]
        lines += [markdown(board, rows[:shown])]
        if left:
            lines += [f"{left} more: sort the runs by `score`, or open `{board.name}.md`."]
        text = "\n".join(lines)
        if len(text) <= LETTERS:
            return text
    return text[: LETTERS - 1] + "…"


def as_board(board: Board, rows: Sequence[Row], edition: str) -> View:
    """The run of an edition, above those of its entries; its files hang on it."""
    return View(
        name=cut(f"{board.name}, edition {edition}", NAME),
        status="FINISHED",
        note=note(board, rows, edition),
        tags=_tags(board, edition),
        params={},
        metrics={
            "models": [(0, float(len(rows)))],
            "ranked": [(0, float(sum(row.rank is not None for row in rows)))],
        },
    )


def as_entry(board: Board, row: Row, edition: str) -> View:
    """One model on one board: its numbers are metrics, its words params.

    What the board adds to every row's fields stands below `column/`.
    """
    fields: dict[str, Value] = row.model_dump(exclude={"model", "control", "columns", "note"})
    further = {f"column/{key_of(name)}": value for name, value in row.columns.items()}
    every = dict(list({**fields, **further}.items())[:COLUMNS])
    numbers = {key: value for key, value in every.items() if isinstance(value, int | float)}
    words = {key: value for key, value in every.items() if isinstance(value, str) and value}
    place = "not ranked" if row.rank is None else f"rank {row.rank}"
    return View(
        name=cut(f"{row.model}, {place}", NAME),
        status="FINISHED",
        note=_about(board, row),
        tags=_tags(board, edition)
        | {
            "kansci.model": cut(row.model),
            "kansci.control": "yes" if row.control else "no",
            "kansci.ranked": "no" if row.rank is None else "yes",
        },
        params={key: cut(word) for key, word in words.items()},
        metrics={key: [(0, float(n))] for key, n in numbers.items() if math.isfinite(n)},
    )


def key_of(column: str) -> str:
    """A column's name with the letters that MLflow takes."""
    return re.sub(r"[^A-Za-z0-9.\-]+", "_", column).strip("_")


def _tags(board: Board, edition: str) -> dict[str, str]:
    return {"kansci.board": board.name, "kansci.edition": cut(edition)}


def _about(board: Board, row: Row) -> str:
    lines = [f"**{cut(row.model)}**: {board.question}"]
    if row.score is not None:
        interval = "" if row.low is None else f" [{row.low:.2f}, {row.high:.2f}]"
        lines.append(f"**{row.score:.2f}**{interval}: {label(board)}.")
    if row.rank is not None:
        lines.append(f"Rank {row.rank} ({row.rank_low} to {row.rank_high}).")
    if said := remarks(row):
        lines.append(f"{cut(said)}.")
    return "\n\n".join(lines)
