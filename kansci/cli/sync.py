"""`kansci sync`: pushes Records and their boards to an MLflow store, here or shared."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from kansci.cli.listing import Json
from kansci.discover import checkout
from kansci.ledger import AnyRecord
from kansci.place import default_place, place_of, shown
from kansci.record import Record
from kansci.store import Store, Sync, log_board, open_store
from kansci.submission.ledger import load_ledger

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Pushed(NamedTuple):
    """What came of a push; `boards` are those that were written, as the others had not changed."""

    runs: Sync
    boards: list[str]


def sync(
    records: Annotated[
        list[Path] | None,
        typer.Argument(help="Folders of Records; by default ./kansci-records and the ledger."),
    ] = None,
    to: Annotated[
        str | None,
        typer.Option(
            help="http(s)://HOST, postgresql://USER@HOST/NAME or sqlite:////FILE; by default "
            "MLFLOW_TRACKING_URI, which no process list shows, or the store of `kansci ui`."
        ),
    ] = None,
    artifacts: Annotated[
        Path | None,
        typer.Option(help="Folder for figures and files; a server at http(s):// keeps its own."),
    ] = None,
    edition: Annotated[
        str | None, typer.Option(help="Name of the boards; by default the Records' suites.")
    ] = None,
    boards: Annotated[bool, typer.Option(help="Log the leaderboards, too.")] = True,
    figures: Annotated[bool, typer.Option(help="Draw boards and learning curves.")] = True,
    as_json: Json = False,
) -> None:
    """Push Records and boards to an MLflow store; what is there already is left alone.

    Interrupted, the same command goes on where it stopped. Let one such command work at a time.
    """
    console = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
    found = gather(records)
    place = place_of(to, artifacts) if to else default_place()
    try:
        done = push(
            open_store(place=place),
            found,
            console,
            edition=edition,
            boards=boards,
            figures=figures,
        )
    except KeyboardInterrupt:
        console.print("Interrupted; the same command goes on with what is missing.")
        raise SystemExit(130) from None
    if as_json:
        counts = {"records": len(found), **done.runs._asdict(), "boards": done.boards}
        typer.echo(json.dumps({"to": shown(place.uri), **counts}, indent=1))
    else:
        typer.echo(said(done))


def default_folders() -> list[Path]:
    """Where Records usually lie: those of this folder, and the ledger of a checkout."""
    project = checkout()
    folders = [Path("kansci-records")]
    if project:
        folders.append(project / "leaderboards" / "records")
    return [folder for folder in folders if folder.is_dir()]


def gather(folders: Sequence[Path] | None) -> list[AnyRecord]:
    """The Records of some folders, or of those where Records usually lie."""
    chosen = default_folders() if folders is None else folders
    return [record for folder in chosen for record in load_ledger(folder)]


def push(
    store: Store,
    records: Sequence[AnyRecord],
    console: Console,
    *,
    edition: str | None = None,
    boards: bool = True,
    figures: bool = True,
) -> Pushed:
    """Logs what is missing, with a bar and an estimate on a terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    quiet = not console.is_terminal
    with Progress(
        *columns, TimeRemainingColumn(), transient=True, console=console, disable=quiet
    ) as bar:
        task = bar.add_task("logging Records", total=None)
        runs = store.sync(
            records,
            figures=drawn if figures else None,
            progress=lambda logged, total: bar.update(task, completed=logged, total=total),
        )
        written = []
        if boards and any(isinstance(record, Record) for record in records):
            written = push_boards(store, records, edition or named(records), bar, figures=figures)
    return Pushed(runs, written)


def push_boards(
    store: Store, records: Sequence[AnyRecord], edition: str, bar: Progress, *, figures: bool
) -> list[str]:
    """Logs the boards that have changed and returns their names."""
    from kansci.cli.board import stand, write

    task = bar.add_task("logging boards", total=None)
    standings = stand(records)
    written = []
    for number, (board, rows) in enumerate(standings):
        bar.update(task, completed=number, total=len(standings))
        files = partial(write, [(board, rows)], records) if figures else None
        if log_board(store, board, rows, edition=edition, files=files):
            written.append(board.name)
    return written


def named(records: Sequence[AnyRecord]) -> str:
    """The suites of Records: what their boards are called unless somebody names them."""
    return ", ".join(sorted({record.suite for record in records}))


def said(done: Pushed) -> str:
    """What came of it, in a line."""
    boards = ", ".join(done.boards) or "none have changed"
    return (
        f"Records logged: {done.runs.logged}; there already: {done.runs.known}. Boards: {boards}."
    )


def drawn(record: AnyRecord) -> Mapping[str, Figure]:
    """What is drawn of a Record, by file name."""
    if not isinstance(record, Record) or not record.curves:
        return {}
    from kansci.curves import learning_curves

    return {"curves.png": learning_curves(record)}
