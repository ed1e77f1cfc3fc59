"""What a run leaves behind: MLflow runs as it goes, leaderboards at the end."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import typer
from rich.console import Console

from kansci.cli.board import as_dicts, show, stand
from kansci.cli.sync import drawn
from kansci.ledger import AnyRecord
from kansci.plan import Shard
from kansci.record import Record
from kansci.store import Store, StoreError
from kansci.suite import Suite

SUMMARY = {"key", "task", "family", "model", "budget", "parameters", "status", "members", "reason"}
SUMMARY |= {"rate", "metric", "errors", "seconds", "lifted", "rough"}


PATIENCE = 3  # failures in a row: a store that is away would hold every Record up


class Log:
    """Logs Records; a failure is a warning, three in a row are the end, and MLflow catches up."""

    def __init__(self, store: Store | None, console: Console) -> None:
        self.store = store
        self.console = console
        self.failures = 0  # in a row

    def __call__(self, record: AnyRecord) -> None:
        """One Record, as soon as it is a file."""
        if self.store:
            with self._warned():
                self.store.log(record, drawn(record))

    def missing(self, records: Sequence[AnyRecord]) -> None:
        """What an interrupted run computed and did not log."""
        if self.store and records:
            with self._warned():
                self.store.sync(records, figures=drawn)

    @contextmanager
    def _warned(self) -> Iterator[None]:
        try:
            yield
            self.failures = 0
        except StoreError as error:
            self.failures += 1
            what = "logs it later"
            if self.failures == PATIENCE:
                self.store = None
                what = "logs this and all that follow later"
            self.console.print(f"kansci: {error}; `kansci ui` {what}", soft_wrap=True)


def report(
    records: Sequence[AnyRecord], suite: Suite, folder: Path, *, logged: bool, as_json: bool
) -> None:
    """The leaderboards of the Records, and what to do next."""
    standings = stand(records)
    trained = [record for record in records if isinstance(record, Record)]
    if as_json:
        rows = [summary(record) for record in trained]
        head = {"suite": suite.name, "folder": str(folder)}
        typer.echo(json.dumps(head | {"records": rows, "boards": as_dicts(standings)}, indent=1))
        return
    show(standings)
    typer.echo(f"Records: {outcomes(trained)}")
    typer.echo(f"Boards as files:     kansci board --records {folder} --out FOLDER")
    if logged:
        typer.echo(f"Browse every run:    kansci ui {folder}")


def report_shard(
    records: Sequence[AnyRecord], suite: Suite, folder: Path, shard: Shard, *, as_json: bool
) -> None:
    """What one part of a suite came to; boards are for all of it."""
    trained = [record for record in records if isinstance(record, Record)]
    if as_json:
        head = {"suite": suite.name, "folder": str(folder), "shard": str(shard)}
        typer.echo(json.dumps(head | {"records": list(map(summary, trained))}, indent=1))
        return
    typer.echo(f"Records of shard {shard}: {outcomes(trained) or 'none'}")
    typer.echo("No boards: the other shards are missing. Once all are there, in one folder or")
    typer.echo("joined by `kansci merge`, the same command without --shard does what is left.")


def outcomes(records: Sequence[Record]) -> str:
    """`5 ok, 1 timeout`."""
    counts = Counter(record.status.replace("_", " ") for record in records)
    return ", ".join(f"{n} {status}" for status, n in counts.most_common())


def summary(record: Record) -> dict[str, Any]:
    """What a program wants of a Record without opening its file."""
    return record.model_dump(mode="json", include=SUMMARY) | {"failed": record.failed}
