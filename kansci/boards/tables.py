"""Rows of a board as tables: terminal, Markdown, CSV and plain dicts; for papers, see `latex`.

Every table says its metric and shows intervals; what keeps a model off the ranking stands in its
remarks.
"""

from __future__ import annotations

import csv as csv_format
import io
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from kansci.boards.board import Board, Row, Value
from kansci.boards.columns import INTERVAL, fitting, folded, wide

if TYPE_CHECKING:
    from rich.table import Table

NONE = "-"
MARK = "†"
FOOTNOTE = "a control: a yardstick rather than a contender"
SUBMITTED = "‡"
NOT_OURS = "submitted, and not verified by kansci: see the remarks"
ALONE = "one task a family: ranks rest on seeds alone, and say nothing of other tasks"
NUMBERS = tuple(n for n in Row.model_fields if n not in ("submitted", "columns", "note"))


class Layout(NamedTuple):
    """Which columns a table has, beside those of every board.

    Attributes:
        seeds: the interval over other seeds.
    """

    further: Sequence[str]
    seeds: bool = False
    remarks: bool = False


def terminal(board: Board, rows: Sequence[Row], *, width: int = 100, legend: bool = False) -> Table:
    """A rich Table, remarks below it; of the further columns, the first that fit the width.

    Args:
        legend: say what the columns are, too.
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    notes = [*footnotes(rows), *remarked(rows)]
    table = Table(
        title=Text(board.question, style="bold"),
        caption_justify="left",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )
    alone = all(row.low is None for row in rows)
    layout = Layout(further(rows), seeds=alone and of_seeds(rows))
    header, body = headings(board, layout), [texts(row, layout) for row in rows]
    shown, left_out = fitting(header, body, width)
    for i in shown:
        if header[i] == "model":  # the one that folds where the terminal is narrow
            table.add_column(header[i], overflow="fold")
        else:
            table.add_column(
                Text(folded(header[i])), justify="right", min_width=wide(header, body, i)
            )
    for line in body:  # as Text, since [..] in a name would be markup
        table.add_row(*(Text(line[i]) for i in shown))
    if legend:
        said = ((header[i], board.columns.get(header[i])) for i in shown)
        notes += [f"{name}: {text}" for name, text in said if text]
    if left_out:
        notes.append(f"further columns, in a wider terminal or with --out: {', '.join(left_out)}")
    table.caption = Text("\n".join([label(board), *notes]), style="dim")
    return table


def markdown(board: Board, rows: Sequence[Row]) -> str:
    """A GitHub table, its metric above, footnotes below."""
    layout = Layout(further(rows), of_seeds(rows), remarks=True)
    header = headings(board, layout)
    lines = [f"**{board.question}** {label(board)}.", ""]
    lines += [_pipes(header), _pipes(["---" if name in LEFT else "---:" for name in header])]
    for row in rows:
        lines.append(_pipes(map(markdown_escaped, texts(row, layout))))
    says = ["No Record here answers this"] * all(not (row.tasks or row.missing) for row in rows)
    says += [f"`{name}`: {text}" for name, text in board.columns.items() if name in header]
    says += footnotes(rows)
    return "\n".join([*lines, "", *([". ".join(says) + "."] if says else [])]).rstrip() + "\n"


def csv(board: Board, rows: Sequence[Row]) -> str:
    """Numbers to six digits; an empty field where there is none."""
    out = io.StringIO()
    writer = csv_format.writer(out, lineterminator="\n")
    names = further(rows)
    writer.writerow(["board", *NUMBERS, *names, "note"])
    for row in rows:
        numbers = [getattr(row, name) for name in NUMBERS]
        values = [board.name, *numbers, *map(row.columns.get, names), noted(row)]
        writer.writerow(map(rounded, values))
    return out.getvalue()


def dicts(board: Board, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """What `--json` prints: each row with its board and its label."""
    about = {"board": board.name, "label": label(board)}
    return [{**about, **row.model_dump(mode="json")} for row in rows]


def label(board: Board) -> str:
    """What the score is, of which metric, and which way is better."""
    way = "higher" if board.higher_is_better else "lower"
    said = board.unit.startswith(board.score_label)
    unit = board.unit if said else f"{board.score_label}: {board.unit}"
    return f"{unit} ({board.metric}); {way} is better; 95 % intervals in brackets"


def footnotes(rows: Sequence[Row]) -> list[str]:
    """What the marks behind names mean, of those that rows have, and a missing interval."""
    found = [f"{MARK} {FOOTNOTE}"] * any(row.control for row in rows)
    found += [f"{SUBMITTED} {NOT_OURS}"] * any(_unverified(row) for row in rows)
    return found + [ALONE] * any(row.score is not None and row.low is None for row in rows)


def marked(row: Row) -> str:
    """The model's name, and behind it what kind of row it is."""
    marks = [MARK] * row.control + [SUBMITTED] * _unverified(row)
    return " ".join([row.model, *marks])


def ranks(row: Row) -> str:
    """The range of its rank, `1-4` or `3`."""
    if row.rank is None:
        return NONE
    return "-".join(map(str, dict.fromkeys((row.rank_low, row.rank_high))))


def remarks(row: Row) -> str:
    """Why cells are left out, or the model off the ranking; empty if all is well."""
    counts = {
        "missing": row.missing,
        "not applicable": row.not_applicable,
        "does not fit": row.does_not_fit,
        "stale": row.stale,
        "not used": row.unused,
    }
    said = [f"{count} {what}" for what, count in counts.items() if count]
    return "; ".join([*said, *([note] if (note := noted(row)) else [])])


def remarked(rows: Sequence[Row]) -> list[str]:
    """Remarks below a table, those of one text together: `kan, fastkan: 2 not applicable`."""
    whose: dict[str, list[str]] = {}
    for row in rows:
        if text := remarks(row):
            whose.setdefault(text, []).append(row.model)
    return [f"{', '.join(models)}: {text}" for text, models in whose.items()]


def noted(row: Row) -> str:
    """What stands behind a row that is no count: of a submission, what came of verifying it."""
    return "; ".join(text for text in (row.submitted, row.note) if text)


def number(name: str, value: Value) -> str:
    """A value of a further column: seeds support no more than two decimals of a decade."""
    if value is None or isinstance(value, str):
        return value or NONE
    if isinstance(value, int):
        return str(value)
    if name.endswith("error"):
        return f"{value:.1e}"
    return f"{value:z.2f}" if abs(value) < 1e4 else f"{value:.1e}"


def rounded(value: Value) -> Value:
    """To six significant digits, as in Records: further ones differ between machines."""
    return float(f"{value:.6g}") if isinstance(value, float) else value


def markdown_escaped(text: str) -> str:
    """Text as itself in a cell of a Markdown table."""
    for sign in "\\|`*_<":
        text = text.replace(sign, f"\\{sign}")
    return " ".join(text.split())


LEFT = ("model", "remarks")


def further(rows: Sequence[Row]) -> list[str]:
    """Further columns, in the order in which they appear."""
    return list(dict.fromkeys(name for row in rows for name in row.columns))


def headings(board: Board, layout: Layout) -> list[str]:
    between = ["other seeds"] * layout.seeds
    head = ["rank", "model", f"{board.score_label} {INTERVAL}", *between, *layout.further]
    return [*head, "cells", "failed", *["remarks"] * layout.remarks]


def texts(row: Row, layout: Layout) -> list[str]:
    score = NONE if row.score is None else f"{row.score:z.2f} {_bracketed(row.low, row.high)}"
    found = [ranks(row), marked(row), score]
    found += [_bracketed(row.seed_low, row.seed_high)] * layout.seeds
    found += [number(name, row.columns.get(name)) for name in layout.further]
    return [*found, str(row.tasks), str(row.failed), *[remarks(row)] * layout.remarks]


def of_seeds(rows: Sequence[Row]) -> bool:
    """Whether any has an interval over other seeds."""
    return any(row.seed_low is not None for row in rows)


def _unverified(row: Row) -> bool:
    return row.submitted in ("self-reported", "flagged")


def _bracketed(low: float | None, high: float | None) -> str:
    return NONE if low is None or high is None else f"[{low:z.2f}, {high:z.2f}]"


def _pipes(texts: Iterable[str]) -> str:
    return f"| {' | '.join(texts)} |"
