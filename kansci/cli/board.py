"""`kansci board`: the leaderboards, from Records alone."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from kansci import tables
from kansci.api import frozen_reference, get_board, list_boards
from kansci.board import AnyRecord, Board, Row, rank
from kansci.cli.listing import wide_console
from kansci.discover import checkout
from kansci.errors import UserError
from kansci.ledger import load_records, write_atomically
from kansci.record import Record
from kansci.reference import Reference

Standings = list[tuple[Board, list[Row]]]


def board(
    names: Annotated[
        list[str] | None, typer.Argument(help="accuracy, efficiency, speed, forgetting; all.")
    ] = None,
    records: Annotated[
        Path | None,
        typer.Option(help="A folder of Records; by default ./kansci-records/quick or the ledger."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Write tables and figures into this folder.")
    ] = None,
    latex: Annotated[bool, typer.Option("--latex", help="With --out: LaTeX tables too.")] = False,
    readme: Annotated[
        Path | None, typer.Option(help="Put the tables between a page's `boards` marks.")
    ] = None,
    freeze: Annotated[
        Path | None,
        typer.Option(help="Write the reference MLP's errors, against which leads are measured."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Show the leaderboards, or write them as Markdown, CSV, LaTeX and figures."""
    chosen = [get_board(name) for name in names or list_boards()]
    folder = records or default_records()
    found = load_records(folder)
    if not found:
        raise UserError(f"no Records in {folder}: `kansci run` makes some")
    if latex and not out:
        raise UserError("--latex writes files: add --out FOLDER")
    if freeze:
        reference = Reference.from_records([r for r in found if isinstance(r, Record)])
        write_atomically(freeze, reference.model_dump_json(indent=1) + "\n")
    standings = stand(found, chosen)
    if as_json:
        typer.echo(json.dumps(as_dicts(standings), indent=1))
    else:
        show(standings)
        typer.echo(f"From {len(found)} Records in {folder}.")
    if out:
        written = write(standings, found, out, latex=latex)
        typer.echo(f"{written} files written to {out}", err=as_json)
    if readme:
        fill(readme, standings, found)


def default_records() -> Path:
    """The quick suite's Records of this folder, else all of them, else the ledger."""
    project = checkout()
    choices = [Path("kansci-records/quick"), Path("kansci-records")]
    if project:
        choices.append(project / "leaderboards" / "records")
    for choice in choices:
        if choice.is_dir():
            return choice
    raise UserError("no Records here: `kansci run` makes some, --records FOLDER names others")


def stand(records: Sequence[AnyRecord], boards: Sequence[Board] | None = None) -> Standings:
    """Boards and their rows; all boards, if none is given."""
    reference = frozen_reference()
    chosen = boards or [get_board(name) for name in list_boards()]
    return [(one, rank(one, records, reference)) for one in chosen]


def show(standings: Standings, console: Console | None = None) -> None:
    """Prints every board as a table."""
    console = console or wide_console()
    for one, rows in standings:
        console.print(tables.terminal(one, rows))


def as_dicts(standings: Standings) -> dict[str, Any]:
    """Every board as a list of rows, for JSON."""
    return {one.name: tables.dicts(one, rows) for one, rows in standings}


def write(
    standings: Standings, records: Sequence[AnyRecord], out: Path, *, latex: bool = False
) -> int:
    """Markdown, CSV, figures and, if asked for, LaTeX; returns the number of files."""
    from kansci.look import save
    from kansci.plots import figures

    count = 0
    for one, rows in standings:
        texts = {"md": tables.markdown(one, rows), "csv": tables.csv(one, rows)}
        if latex:
            texts["tex"] = tables.latex(one, rows)
        for ending, text in texts.items():
            write_atomically(out / f"{one.name}.{ending}", text)
            count += 1
        for name, figure in figures(one, rows, records).items():
            for ending in ("png", "svg"):
                save(figure, out / f"{name}.{ending}")
                count += 1
    return count


def fill(page: Path, standings: Standings, records: Sequence[AnyRecord]) -> None:
    """Replaces what stands between `<!-- boards -->` and `<!-- /boards -->`.

    Raises:
        UserError: if the page has no such marks.
    """
    text = page.read_text(encoding="utf-8")
    body = "\n".join([provenance(records), *(tables.markdown(b, rows) for b, rows in standings)])
    marks = re.compile(r"(<!-- boards -->\n).*?(<!-- /boards -->)", re.DOTALL)
    if not marks.search(text):
        raise UserError(f"{page}: want the marks <!-- boards --> and <!-- /boards -->, got none")
    write_atomically(page, marks.sub(lambda m: f"{m[1]}{body}\n{m[2]}", text))


def provenance(records: Sequence[AnyRecord]) -> str:
    """When, where and with which versions Records were made, in a sentence."""
    trained = [record for record in records if isinstance(record, Record)]
    if not trained:
        return ""
    newest = max(trained, key=lambda record: record.environment.started).environment
    suites = ", ".join(sorted({record.suite for record in trained}))
    days = sorted({record.environment.started[:10] for record in trained})
    commits = {str(record.environment.commit)[:7] for record in trained}
    commit = f", commit {commits.pop()}" if len(commits) == 1 else ""
    when = days[0] if days[0] == days[-1] else f"{days[0]} to {days[-1]}"
    return (
        f"Suite {suites}, {len(trained)} Records of {when}, on {newest.processor} "
        f"({newest.cores} cores, {newest.device}, {newest.system}), "
        f"kansci {newest.kansci}{commit}, "
        f"torch {newest.torch}, numpy {newest.numpy}, Python {newest.python}.\n"
    )
