"""`kansci sync`: pushes Records and their boards to an MLflow store, here or shared."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from kansci.cli.listing import Json
from kansci.discover import checkout
from kansci.ledger import AnyRecord
from kansci.record import Record
from kansci.statistics.standing import BOUND
from kansci.store import Store, Sync, log_board, open_store
from kansci.store.place import default_place, place_of, shown
from kansci.submission.ledger import LEDGERS, load_ledger

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Ledger = Sequence[AnyRecord]  # the Records of one folder


class Pushed(NamedTuple):
    """What came of a push; `boards` are those of each edition that had changed."""

    runs: Sync
    boards: dict[str, list[str]]


def sync(
    records: Annotated[
        list[Path] | None,
        typer.Argument(help="Folders of Records; by default ./kansci-records and the ledgers."),
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
        str | None,
        typer.Option(help="Rank all Records together under a name; by default suite by suite."),
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
        counts = {"records": sum(map(len, found)), **done.runs._asdict(), "boards": done.boards}
        typer.echo(json.dumps({"to": shown(place.uri), **counts}, indent=1))
    else:
        typer.echo(said(done))


def default_folders() -> list[Path]:
    """Where Records usually lie: those of this folder, and the ledgers of a checkout."""
    project = checkout()
    folders = [Path("kansci-records")]
    if project:
        folders += [project / "leaderboards" / name for name in LEDGERS]
    return [folder for folder in folders if folder.is_dir()]


def gather(folders: Sequence[Path] | None) -> list[Ledger]:
    """The Records of each folder that has any; by default of those where Records usually lie."""
    chosen = default_folders() if folders is None else folders
    return [found for folder in chosen if (found := load_ledger(folder))]


def editions(ledgers: Iterable[Ledger]) -> dict[str, list[AnyRecord]]:
    """What is ranked together, by name: the Records that one suite trained, in all ledgers.

    Timings, formulas and joint trainings, which bound what is forgotten, rank nobody by themselves:
    they join the suites of their ledger or, where it has nothing else, those of all.
    """
    ledgers = list(ledgers)
    trained = [{suite for one in ledger if (suite := _ranked(one))} for ledger in ledgers]
    every = sorted(set().union(*trained))
    found: dict[str, list[AnyRecord]] = {suite: [] for suite in every}
    for ledger, suites in zip(ledgers, trained, strict=True):
        for suite in suites or every:
            found[suite] += (one for one in ledger if _ranked(one) in (suite, None))
    return found


def _ranked(one: AnyRecord) -> str | None:
    """The suite whose cells a Record is one of."""
    return one.suite if isinstance(one, Record) and one.recipe.method != BOUND else None


def push(
    store: Store,
    ledgers: Sequence[Ledger],
    console: Console,
    *,
    edition: str | None = None,
    boards: bool = True,
    figures: bool = True,
) -> Pushed:
    """Logs what is missing, with a bar and an estimate on a terminal.

    Args:
        edition: under this name all Records are ranked together, and not suite by suite.
    """
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    quiet = not console.is_terminal
    records = [record for ledger in ledgers for record in ledger]
    ranked = editions(ledgers) if boards else {}
    if edition and ranked:
        ranked = {edition: records}
    with Progress(
        *columns, TimeRemainingColumn(), transient=True, console=console, disable=quiet
    ) as bar:
        task = bar.add_task("logging Records", total=None)
        runs = store.sync(
            records,
            figures=drawn if figures else None,
            progress=lambda logged, total: bar.update(task, completed=logged, total=total),
        )
        written = {
            name: push_boards(store, own, name, bar, figures=figures)
            for name, own in ranked.items()
        }
    return Pushed(runs, {name: changed for name, changed in written.items() if changed})


def push_boards(
    store: Store, records: Sequence[AnyRecord], edition: str, bar: Progress, *, figures: bool
) -> list[str]:
    """Logs the boards that have changed and returns their names."""
    from kansci.cli.board import stand, write

    task = bar.add_task(f"logging boards of {edition}", total=None)
    standings = stand(records)
    written = []
    for number, (board, rows) in enumerate(standings):
        bar.update(task, completed=number, total=len(standings))
        files = partial(write, [(board, rows)], records) if figures else None
        if log_board(store, board, rows, edition=edition, files=files):
            written.append(board.name)
    return written


def said(done: Pushed) -> str:
    """What came of it, in a line."""
    runs = f"Records logged: {done.runs.logged}; there already: {done.runs.known}."
    boards = "; ".join(f"of {name}: {', '.join(own)}" for name, own in done.boards.items())
    return f"{runs} Boards{' ' + boards if boards else ': none have changed'}."


def drawn(record: AnyRecord) -> Mapping[str, Figure]:
    """What is drawn of a Record, by file name."""
    if not isinstance(record, Record) or not record.curves:
        return {}
    from kansci.figures.curves import learning_curves

    return {"curves.png": learning_curves(record)}
