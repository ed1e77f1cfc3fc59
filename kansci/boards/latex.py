r"""Rows of a board as LaTeX: a `table` for a paper."""

from __future__ import annotations

import re
from collections.abc import Sequence

from kansci.boards.board import Board, Row
from kansci.boards.columns import fitting
from kansci.boards.tables import (
    LEFT,
    Layout,
    footnotes,
    further,
    headings,
    label,
    of_seeds,
    remarked,
    texts,
)
from kansci.errors import UnknownName

PAGE = 84  # characters of footnote size in a line of LaTeX's `article`


def latex(board: Board, rows: Sequence[Row], columns: Sequence[str] = ()) -> str:
    r"""Needs `\usepackage{booktabs}`; `\label{tab:BOARD}` is there to be cited.

    Args:
        columns: further ones to show, in their order; by default the first that fit a page. A
            comment names those that are left to the CSV.

    Raises:
        UnknownName: for a column that the board does not have.
    """
    names = further(rows)
    for name in columns:
        if rows and name not in names:
            raise UnknownName(f"column of the board {board.name}", name, names)
    layout = Layout(columns or names, of_seeds(rows) and not columns)
    header, body = headings(board, layout), [texts(row, layout) for row in rows]
    shown, left_out = fitting(header, body, PAGE)
    if columns:
        shown, left_out = list(range(len(header))), [one for one in names if one not in columns]
    align = "".join("l" if header[i] in LEFT else "r" for i in shown)
    caption = f"{board.question} {label(board)}."
    caption += "".join(f" {note}." for note in footnotes(rows))
    lines = [
        *([f"% further columns, in the CSV: {', '.join(left_out)}"] if left_out else []),
        r"\begin{table}",
        r"\centering\footnotesize",
        r"\setlength{\tabcolsep}{3pt}",
        rf"\caption{{{escaped(caption)}}}",
        rf"\label{{tab:{board.name}}}",
        rf"\begin{{tabular}}{{{align}}}",
        r"\toprule",
        _line([escaped(header[i]) for i in shown]),
        r"\midrule",
        *(_line([_cell(header[i], line[i]) for i in shown]) for line in body),
        r"\bottomrule",
        r"\end{tabular}",
        *(rf"\par {escaped(note)}" for note in remarked(rows)),
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def escaped(text: str) -> str:
    """Text as itself."""
    return "".join(_ESCAPED.get(sign, sign) for sign in " ".join(text.split()))


def _cell(heading: str, text: str) -> str:
    """Numbers with a minus sign, ranges with a dash; a name keeps its hyphens."""
    if heading in LEFT:
        return escaped(text)
    said = re.sub(r"(?<=\d)-(?=\d)", "--", escaped(text)) if heading == "rank" else escaped(text)
    return re.sub(r"(?<![\w.-])-(?=\d)|(?<=\de)-(?=\d)", "$-$", said)


def _line(cells: Sequence[str]) -> str:
    return " & ".join(cells) + r" \\"


_ESCAPED = {sign: f"\\{sign}" for sign in "&%$#_{}"} | {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "[": "{[}",  # after \\ an open bracket would be read as a length
    "†": r"\textdagger{}",
    "‡": r"\textdaggerdbl{}",
}
