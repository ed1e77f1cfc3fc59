"""`kansci ui`: brings the MLflow store up to date with the Records and shows it in a browser."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from kansci.cli.serve import RUNS, check_port, serve
from kansci.cli.sync import gather, push, said
from kansci.store import open_store
from kansci.store.place import default_place, is_server, shown


def ui(
    records: Annotated[
        list[Path] | None,
        typer.Argument(help="Folders of Records; by default ./kansci-records and the ledgers."),
    ] = None,
    host: Annotated[str, typer.Option(help="Address to listen at.")] = "127.0.0.1",
    port: Annotated[
        int | None, typer.Option(help="By default 5000, or the next one that is free.")
    ] = None,
    sync: Annotated[
        bool, typer.Option(help="First log the Records and boards that are missing.")
    ] = True,
) -> None:
    """Browse Records and boards in MLflow; Ctrl-C stops."""
    check_port(port)
    place = default_place()
    store = open_store(place=place)
    if sync:
        found = gather(records)
        if found:
            typer.echo(said(push(store, found, Console(stderr=True))))
        else:
            typer.echo("No Records yet: `kansci run` makes some.")
    if is_server(place.uri):
        typer.echo(f"Browse at {shown(place.uri).rstrip('/')}/{RUNS}")
    else:
        serve(place, host, port)
