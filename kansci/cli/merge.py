"""`kansci merge`: folders of Records become one."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from kansci.cli.ahead import counted
from kansci.cli.listing import Json
from kansci.cli.selection import present, writable
from kansci.errors import UserError
from kansci.ledger import (
    AnyRecord,
    load_records,
    path_of,
    save,
    tidy,
    weights_beside,
    write_atomically,
)
from kansci.merge import Merged
from kansci.merge import merge as join
from kansci.record import Record
from kansci.weights import kept


def merge(
    folders: Annotated[list[Path], typer.Argument(help="Folders of Records.")],
    out: Annotated[
        Path, typer.Option(help="Folder to join them in; what is there already takes part.")
    ],
    as_json: Json = False,
) -> None:
    """Join folders of Records, of shards or of several machines.

    Equal numbers are kept once. Of Records of one key that differ, one that is ok stands before
    one that failed, then the older. Of Records that differ in source, task content or recipe, and
    so in their key, the newest stands. The folders that are joined stay as they are.
    """
    read = [record for folder in folders for record in load_records(folder)]
    if not read:
        raise UserError(f"no Records in {', '.join(map(str, folders))}: `kansci run` makes some")
    before = present(out)
    merged = join([*before, *read])
    written = write(merged, before, out, folders)
    if as_json:
        typer.echo(json.dumps(_counts(merged, written, out), indent=1))
        return
    typer.echo(f"{len(merged.records)} Records in {out}, {written} of them written now.")
    if merged.same:
        typer.echo(f"{counted(len(merged.same), 'Record')} with the same numbers left out.")
    for record in merged.conflicts:
        typer.echo(f"conflict: {_named(record)} is left out, one of its key has other numbers")
    for record in merged.superseded:
        typer.echo(
            f"superseded: {_named(record)} is left out, a newer one is of another source, task "
            "content or recipe"
        )


def write(merged: Merged, before: list[AnyRecord], out: Path, folders: Iterable[Path]) -> int:
    """Saves what is not there already, and says how many Records that were.

    Trained networks are taken along from the first of the folders that has them.
    """
    writable(out)
    tidy(out)
    known = {path_of(record, out): record.model_dump_json() for record in before}
    fresh = [
        record
        for record in merged.records
        if known.get(path_of(record, out)) != record.model_dump_json()  # NaN is not equal to NaN
    ]
    for record in fresh:
        if isinstance(record, Record) and not kept(record, out):
            home = next((folder for folder in folders if kept(record, folder)), None)
            if home is not None:
                data = weights_beside(path_of(record, home)).read_bytes()
                write_atomically(weights_beside(path_of(record, out)), data)
        save(record, out)
    return len(fresh)


def _counts(merged: Merged, written: int, out: Path) -> dict[str, object]:
    return {
        "folder": str(out),
        "records": len(merged.records),
        "written": written,
        "same": len(merged.same),
        "conflicts": [_named(record) for record in merged.conflicts],
        "superseded": [_named(record) for record in merged.superseded],
    }


def _named(record: AnyRecord) -> str:
    what = f"{record.model} on {record.name}, {record.budget}"
    return f"{what} ({record.status}, {record.environment.started})"
