"""`kansci board`: the leaderboards, from Records alone."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from kansci.api import frozen_reference, get_board, list_boards
from kansci.boards import sheets, tables
from kansci.boards.board import AnyRecord, Board, Row, rank
from kansci.boards.glance import glance
from kansci.boards.reference import Reference
from kansci.boards.sheets import Sheet
from kansci.cli.drift import awaited, compare
from kansci.cli.listing import wide_console
from kansci.cli.selection import writable
from kansci.cli.slices import (
    Beside,
    Budgets,
    Families,
    Folder,
    Suites,
    further,
    narrowed,
    origin,
    read,
    samples,
)
from kansci.cli.written import Standings, fill, write
from kansci.discover import checkout, home
from kansci.errors import UnknownName, UserError
from kansci.ledger import write_atomically
from kansci.statistics.significance import load_comparisons

HEADLINE = "overall"


def board(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            help="overall, accuracy, reliability, ..., or a table beside them: significance, "
            "robustness, profiles. By default all."
        ),
    ] = None,
    records: Folder = None,
    suite: Suites = None,
    family: Families = None,
    budget: Budgets = None,
    beside: Beside = None,
    out: Annotated[
        Path | None, typer.Option(help="Write tables and figures into this folder.")
    ] = None,
    latex: Annotated[bool, typer.Option("--latex", help="With --out: LaTeX tables too.")] = False,
    column: Annotated[
        list[str] | None,
        typer.Option(help="With --latex and one board: show this further column; repeatable."),
    ] = None,
    readme: Annotated[
        Path | None, typer.Option(help="Put the tables between a page's `boards` marks.")
    ] = None,
    check: Annotated[
        bool,
        typer.Option("--check", help="Fail if the tables in --out and --readme would change."),
    ] = False,
    freeze: Annotated[
        Path | None,
        typer.Option(
            help="Write the reference MLP's errors, against which leads are measured; those "
            "already in the file stay, if there is no Record in their place."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Show the leaderboards, or write them as Markdown, CSV, LaTeX and figures."""
    chosen, tables = asked(names or [])
    if latex and not out:
        raise UserError("--latex writes files: add --out FOLDER")
    if column and not (latex and len(chosen) == 1):
        raise UserError("--column is of the LaTeX table of one board: name it, and add --latex")
    if check and as_json:
        raise UserError("--check says in words what differs: leave out --json")
    if out and not check:
        writable(out)
    if check:
        records, out, readme = committed(records, out, readme)
    folder, every = read(records)
    later = awaited(every, out) if check and out else set()
    every = [one for one in every if one.model not in later]
    found = narrowed(folder, every, suite, family, budget)
    if freeze:
        frozen(found, folder, freeze)
    found += further(found, beside, budget)
    standings = stand(found, chosen)
    more = asides(found, [*every, *samples(folder)]) if tables else []
    more = [sheet for sheet in more if sheet.name in tables]
    if check and out and readme:
        compare(standings, more, found, out, None if names else readme, later)
        return
    if as_json:
        dicts = as_dicts(standings) | {sheet.name: list(sheet.rows) for sheet in more}
        typer.echo(json.dumps(dicts, indent=1))
    else:
        show(standings)
        if names:
            for sheet in more:
                wide_console().print(sheets.terminal(sheet))
        else:
            typer.echo("\n".join(sheet.says for sheet in more if sheet.says))
        typer.echo(origin(found, folder))
    if out:
        columns = (column or []) if latex else None
        written = write(standings, found, out, columns=columns, beside=more)
        typer.echo(f"{written} files written to {out}", err=as_json)
    if readme:
        fill(readme, standings, found, out)


def asked(names: Sequence[str]) -> tuple[list[Board], Sequence[str]]:
    """Boards, and names of tables beside them; all of both where none is named.

    Raises:
        UnknownName: for a name of neither.
    """
    for name in names:
        if name not in (known := [*ordered(), *sheets.NAMES]):
            raise UnknownName("leaderboard", name, known)
    boards = [get_board(name) for name in names or ordered() if name not in sheets.NAMES]
    return boards, [name for name in names or sheets.NAMES if name in sheets.NAMES]


def ordered() -> list[str]:
    """Names of all boards, the headline first."""
    return sorted(list_boards(), key=lambda name: (name != HEADLINE, name))


def committed(
    records: Path | None, out: Path | None, readme: Path | None
) -> tuple[Path, Path, Path]:
    """The ledger, its tables and the page among them, where none are named."""
    project = checkout()
    if project is None and not (records and out and readme):
        raise UserError("--check wants a checkout, or --records, --out and --readme; got neither")
    if records and not out:
        raise UserError(f"--check of {records} wants --out, the folder of its tables; got none")
    ledger = (project or Path()) / "leaderboards"
    tables = out or ledger / "boards"
    return records or ledger / "records", tables, readme or tables / "README.md"


def frozen(records: Sequence[AnyRecord], folder: Path, file: Path) -> None:
    """Writes the reference's Records into its file, whose version it raises."""
    reference = Reference.from_records(records)
    if not reference.rows:
        raise UserError(f"--freeze wants Records of {reference.model} in {folder}, got none")
    if file.is_file():
        reference = reference.replacing(Reference.load(file))
    write_atomically(file, reference.model_dump_json(indent=1) + "\n")


def stand(records: Sequence[AnyRecord], boards: Sequence[Board] | None = None) -> Standings:
    """Boards and their rows; all boards, if none is given."""
    reference = frozen_reference()
    chosen = [get_board(name) for name in ordered()] if boards is None else boards
    return [(one, rank(one, records, reference)) for one in chosen]


def show(standings: Standings, console: Console | None = None) -> None:
    """Prints every board as a table, and at last all of them at a glance.

    One that is asked for alone says what its columns are; of several, one that no Record answers
    is named and not shown.
    """
    console = console or wide_console()
    alone = len(standings) == 1
    shown = [one for one in standings if alone or _answered(*one)]
    for one, rows in shown:
        console.print(tables.terminal(one, rows, width=console.width, legend=alone))
    if silent := [one.name for one, rows in standings if not _answered(one, rows)]:
        console.print(f"No Record here answers: {', '.join(silent)}.", highlight=False)
    if not alone:
        console.print(sheets.terminal(glance(standings)))
        console.print("What the columns of a board say: kansci board NAME.", highlight=False)


def _answered(board: Board, rows: Sequence[Row]) -> bool:
    """Whether anything is said of any model."""
    return any(row.score is not None or tables.remarks(row) for row in rows)


def as_dicts(standings: Standings) -> dict[str, Any]:
    """Every board as a list of rows, for JSON."""
    return {one.name: tables.dicts(one, rows) for one, rows in standings}


def asides(records: Sequence[AnyRecord], others: Sequence[AnyRecord]) -> list[Sheet]:
    """The tables beside the boards; `others` may hold Records by further recipes."""
    comparisons = load_comparisons(home("leaderboards") / "comparisons.toml")
    return sheets.sheets(records, others, frozen_reference(), comparisons)
