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
from kansci.ledger import AnyRecord, lacking
from kansci.record import Record
from kansci.statistics.standing import BOUND
from kansci.store import Store, Sync, log_board, open_store
from kansci.store.place import default_place, place_of, shown
from kansci.submission.ledger import LEDGER, LEDGERS, load_ledger

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Source(NamedTuple):
    """The Records of one folder; a ledger says which cells the editions of its suites have."""

    records: Sequence[AnyRecord]
    ledger: bool = False


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
        total = sum(len(source.records) for source in found)
        counts = {"records": total, **done.runs._asdict(), "boards": done.boards}
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


def gather(folders: Sequence[Path] | None) -> list[Source]:
    """The Records of each folder that has any; by default of those where Records usually lie."""
    chosen = default_folders() if folders is None else folders
    return [Source(found, _is_ledger(one)) for one in chosen if (found := load_ledger(one))]


def _is_ledger(folder: Path) -> bool:
    where = folder.resolve()
    return where.name in LEDGERS and where.parent.name == LEDGER


def editions(sources: Iterable[Source]) -> dict[str, list[AnyRecord]]:
    """What is ranked together, by name: the Records that one suite trained, in all folders.

    Where a ledger has the suite, only cells that it has count, of whoever else: one more would
    leave all the others without a rank. Joint trainings, which bound what is forgotten, timings and
    formulas rank nobody by themselves: they join the suites of their folder or, where it has
    nothing else, those of all. An edition without timings has those of other folders, of ledgers
    first; so has one without formulas.
    """
    sources = list(sources)
    ledgers = [source for source in sources if source.ledger]
    trained = [{suite for one in source.records if (suite := _ranked(one))} for source in sources]
    found: dict[str, list[AnyRecord]] = {}
    for suite in sorted(set().union(*trained)):
        own = [
            source
            for source, suites in zip(sources, trained, strict=True)
            if suite in suites or not suites
        ]
        found[suite] = _joined(own, suite)
        for some in (ledgers, sources):
            others = (one for source in some for one in source.records)
            found[suite] += lacking(found[suite], others)
    return found


def _joined(sources: Sequence[Source], suite: str) -> list[AnyRecord]:
    """What folders have of a suite, and what ranks nobody; of trainings, a ledger's cells."""
    cells = {
        _cell(one)
        for source in sources
        if source.ledger
        for one in source.records
        if _ranked(one) == suite
    }
    return [
        one
        for source in sources
        for one in source.records
        if _ranked(one) in (suite, None)
        and (source.ledger or not cells or not isinstance(one, Record) or _cell(one) in cells)
    ]


def _cell(one: AnyRecord) -> tuple[str, int]:
    return one.task, one.budget


def _ranked(one: AnyRecord) -> str | None:
    """The suite whose cells a Record is one of."""
    return one.suite if isinstance(one, Record) and one.recipe.method != BOUND else None


def push(
    store: Store,
    sources: Sequence[Source],
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
    records = [record for source in sources for record in source.records]
    ranked = editions(sources) if boards else {}
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
