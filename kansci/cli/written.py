"""What `kansci board` writes: tables, figures, and the block of a page."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

import typer

from kansci.api import frozen_reference
from kansci.boards import sheets, tables
from kansci.boards.board import AnyRecord, Board, Row
from kansci.boards.glance import glance, leaders
from kansci.boards.latex import latex
from kansci.boards.sheets import Sheet
from kansci.errors import UserError
from kansci.ledger import write_atomically
from kansci.reading import Reading
from kansci.record import Record, Speed

LED = 4  # models that may be first, named in a line
Standings = list[tuple[Board, list[Row]]]


def texts(standings: Standings, beside: Sequence[Sheet]) -> dict[str, str]:
    """Every table as Markdown and CSV, by the name of its file."""
    found = {}
    for one, rows in standings:
        found[f"{one.name}.md"] = tables.markdown(one, rows)
        found[f"{one.name}.csv"] = tables.csv(one, rows)
    for sheet in beside:
        found[f"{sheet.name}.md"] = sheets.markdown(sheet)
        found[f"{sheet.name}.csv"] = sheets.csv(sheet)
    return found


def write(
    standings: Standings,
    records: Sequence[AnyRecord],
    out: Path,
    *,
    columns: Sequence[str] | None = None,
    beside: Sequence[Sheet] = (),
) -> int:
    """Markdown, CSV and figures; returns the number of files.

    Args:
        columns: of LaTeX tables, which are written unless it is `None`; if it is empty, all that
            fit.
    """
    from kansci.figures.look import save
    from kansci.figures.plots import figures

    written = texts(standings, beside)
    if columns is not None:
        written |= {f"{one.name}.tex": latex(one, rows, columns or ()) for one, rows in standings}
    for name, text in written.items():
        write_atomically(out / name, text)
    count = len(written)
    for one, rows in standings:
        if all(row.score is None for row in rows):
            continue  # the table says why; a figure would be empty
        drawn, refused = figures(one, rows, records)
        for name, why in refused.items():
            typer.echo(f"{name}: not drawn: {why}", err=True)
        for name, figure in drawn.items():
            for ending in ("png", "svg"):
                save(figure, out / f"{name}.{ending}")
                count += 1
    return count


def fill(
    page: Path, standings: Standings, records: Sequence[AnyRecord], out: Path | None = None
) -> None:
    """Puts the boards at a glance between `<!-- boards -->` and `<!-- /boards -->`."""
    write_atomically(page, filled(page, standings, records, out))


def filled(
    page: Path, standings: Standings, records: Sequence[AnyRecord], out: Path | None = None
) -> str:
    """The page with the boards at a glance between its marks, and who leads each of them.

    Args:
        out: folder of the tables in full, to which the page links.

    Raises:
        UserError: if the page has no such marks.
    """
    text = page.read_text(encoding="utf-8")
    below = os.path.relpath(out, page.parent) if out else None
    lines = [_led(one, rows, below) for one, rows in standings]
    led = any(row.columns.get("lead") is not None for _, rows in standings for row in rows)
    body = "\n".join([provenance(records, led=led), sheets.markdown(glance(standings)), *lines])
    marks = re.compile(r"(<!-- boards -->\n).*?(<!-- /boards -->)", re.DOTALL)
    if not marks.search(text):
        raise UserError(f"{page}: want the marks <!-- boards --> and <!-- /boards -->, got none")
    return marks.sub(lambda m: f"{m[1]}{body}\n{m[2]}", text)


def _led(one: Board, rows: Sequence[Row], folder: str | None) -> str:
    """A board in a line: its question, its table in full, and who may be first."""
    name = f"[{one.name}]({Path(folder, one.name).as_posix()}.md)" if folder else one.name
    names = [tables.markdown_escaped(model) for model in leaders(one, rows)]
    first = ", ".join(names[:LED]) + (f" and {len(names) - LED} more" if names[LED:] else "")
    return f"- **{name}**: {one.question} {f'May be first: {first}.' if first else ''}".rstrip()


def provenance(records: Sequence[AnyRecord], *, led: bool) -> str:
    """When, where and with which versions Records were made, in a sentence.

    Args:
        led: whether there are leads, and so the reference is to be named.
    """
    trained = [record for record in records if isinstance(record, Record)]
    if not trained:
        return ""
    newest = max(trained, key=lambda record: record.environment.started).environment
    suites = ", ".join(sorted({record.suite for record in trained}))
    commits = {str(record.environment.commit)[:7] for record in trained}
    commit = f", commit {commits.pop()}" if len(commits) == 1 else ""
    beside = [(len(own), what, _days(own)) for what, own in _apart(records).items() if own]
    named = " and ".join(f"{count} {what} of {days}" for count, what, days in beside)
    others = f" Beside them {named}." if named else ""
    if led and (reference := frozen_reference()):
        made = reference.made[:10]
        others += f" Leads are over the frozen {reference.model}, version {reference.version}"
        others += f" of {made}." if made else "."
    return (
        f"Suite {suites}, {len(trained)} Records of {_days(trained)}, on {newest.processor} "
        f"({newest.cores} cores, {newest.device}, {newest.system}), "
        f"kansci {newest.kansci}{commit}, "
        f"torch {newest.torch}, numpy {newest.numpy}, Python {newest.python}.{others}\n"
    )


def _apart(records: Sequence[AnyRecord]) -> dict[str, list[AnyRecord]]:
    """What is no training: of other days, and other commits."""
    return {
        "timings": [one for one in records if isinstance(one, Speed)],
        "readings of formulas": [one for one in records if isinstance(one, Reading)],
    }


def _days(records: Sequence[AnyRecord]) -> str:
    days = sorted({record.environment.started[:10] for record in records})
    return days[0] if days[0] == days[-1] else f"{days[0]} to {days[-1]}"
