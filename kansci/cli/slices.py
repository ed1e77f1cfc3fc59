"""Which Records a command is about: those of a folder, or of a slice of its grid."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Annotated

import typer

from kansci.boards.board import AnyRecord
from kansci.discover import checkout
from kansci.errors import UnknownName, UserError
from kansci.ledger import lacking, load_records
from kansci.record import Record
from kansci.statistics.standing import sliced
from kansci.submission.ledger import LEDGERS, load_ledger

SAMPLES = "samples"
OF_SUITE = "On Records of this suite alone; repeatable."
Folder = Annotated[
    Path | None,
    typer.Option(
        help="A folder of Records; by default ./kansci-records/quick, else ./kansci-records, else "
        "the ledger."
    ),
]
Suites = Annotated[list[str] | None, typer.Option(help=OF_SUITE)]
Families = Annotated[
    list[str] | None, typer.Option(help="On tasks of this family alone; repeatable.")
]
Budgets = Annotated[list[int] | None, typer.Option(help="At this budget alone; repeatable.")]
Beside = Annotated[
    Path | None,
    typer.Option(
        help="A folder whose timings and formulas are shown too, where the first has none."
    ),
]


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


def read(folder: Path | None) -> tuple[Path, list[AnyRecord]]:
    """The folder that is given, or the default, and all its Records.

    Raises:
        UserError: if it has none.
    """
    where = folder or default_records()
    every = load_ledger(where)
    if not every:
        raise UserError(f"no Records in {where}: `kansci run` makes some")
    return where, every


def samples(where: Path) -> list[AnyRecord]:
    """Records of a ledger's cells by other recipes, which say whether the order holds.

    Those of `leaderboards/NAME` lie in `leaderboards/samples/NAME`, where they displace nobody.
    """
    ledger = where.resolve()
    beside = ledger.parent / SAMPLES / ledger.name
    return load_records(beside) if ledger.name in LEDGERS and beside.is_dir() else []


def narrowed(
    where: Path,
    every: Sequence[AnyRecord],
    suites: Collection[str] | None,
    families: Collection[str] | None,
    budgets: Collection[int] | None,
) -> list[AnyRecord]:
    """Those Records of a folder that are asked for; all, if nothing is.

    Raises:
        UnknownName: for a suite or a family that no training is of; says which come close.
        UserError: if no training is left; says which there are.
    """
    trained = [record for record in every if isinstance(record, Record)]
    _check("suite", suites, {record.suite for record in trained})
    _check("family", families, {record.family for record in trained})
    found = sliced(every, suites=suites or (), families=families or (), budgets=budgets or ())
    asked = suites or families or budgets
    if asked and not any(isinstance(record, Record) for record in found):
        raise UserError(f"no Records in {where} of all that is asked for: {kinds(every)}")
    return found


def further(
    found: Sequence[AnyRecord], beside: Path | None, budgets: Collection[int] | None
) -> list[AnyRecord]:
    """Timings and formulas of another folder, where there are none among those found.

    Raises:
        UserError: if the folder has no Records.
    """
    return lacking(found, sliced(read(beside)[1], budgets=budgets or ())) if beside else []


def _check(kind: str, names: Collection[str] | None, known: Collection[str]) -> None:
    for name in names or ():
        if known and name not in known:
            raise UnknownName(f"{kind} with Records", name, known)


def origin(found: Sequence[AnyRecord], where: Path) -> str:
    """How many Records of which suites: `From 285 Records in FOLDER, suites quick, quick-joint.`"""
    suites = sorted({one.suite for one in found if isinstance(one, Record)})
    named = f", suite{'s' * (len(suites) > 1)} {', '.join(suites)}" if suites else ""
    return f"From {len(found)} Records in {where}{named}."


def kinds(records: Sequence[AnyRecord]) -> str:
    """What Records can be chosen by: `suites quick; families feynman, pde; budgets 250`."""
    trained = [record for record in records if isinstance(record, Record)]
    found = {
        "suites": {record.suite for record in trained},
        "families": {record.family for record in trained},
        "budgets": {record.budget for record in trained},
    }
    return "there are " + "; ".join(
        f"{kind} {', '.join(map(str, sorted(values)))}" for kind, values in found.items()
    )
