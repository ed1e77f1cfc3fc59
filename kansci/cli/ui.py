"""`kansci ui`: brings the MLflow store up to date with the Records and shows it in a browser."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from kansci.cli.serve import RUNS, serve
from kansci.discover import checkout
from kansci.ledger import AnyRecord, load_records
from kansci.place import default_place, is_server, shown
from kansci.record import Speed
from kansci.store import Store, open_store

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def ui(
    records: Annotated[
        list[Path] | None,
        typer.Argument(help="Folders of Records; by default ./kansci-records and the ledger."),
    ] = None,
    host: Annotated[str, typer.Option(help="Address to listen at.")] = "127.0.0.1",
    port: Annotated[
        int | None, typer.Option(help="By default 5000, or the next one that is free.")
    ] = None,
    sync: Annotated[bool, typer.Option(help="First log the Records that are missing.")] = True,
) -> None:
    """Browse Records in MLflow; Ctrl-C stops."""
    place = default_place()
    store = open_store(place=place)
    if sync:
        catch_up(store, default_folders() if records is None else records)
    if is_server(place.uri):
        typer.echo(f"Browse at {shown(place.uri).rstrip('/')}/{RUNS}")
    else:
        serve(place, host, port)


def default_folders() -> list[Path]:
    """Where Records usually lie: those of this folder, and the ledger of a checkout."""
    project = checkout()
    folders = [Path("kansci-records")]
    if project:
        folders.append(project / "leaderboards" / "records")
    return [folder for folder in folders if folder.is_dir()]


def catch_up(store: Store, folders: list[Path]) -> None:
    """Logs what is missing, with a bar, and says what came of it."""
    found = [record for folder in folders for record in load_records(folder)]
    if not found:
        typer.echo("No Records yet: `kansci run` makes some.")
        return
    columns = (TextColumn("logging"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, transient=True, disable=not Console().is_terminal) as bar:
        task = bar.add_task("", total=None)
        done = store.sync(
            found,
            figures=figures,
            progress=lambda logged, total: bar.update(task, completed=logged, total=total),
        )
    typer.echo(f"Records logged: {done.logged}; there already: {done.known}.")


def figures(record: AnyRecord) -> Mapping[str, Figure]:
    """What is drawn of a Record, by file name."""
    if isinstance(record, Speed) or not record.curves:
        return {}
    from kansci.curves import learning_curves

    return {"curves.png": learning_curves(record)}
