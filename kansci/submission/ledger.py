"""The ledger, `leaderboards`: folders of Records, and `models` of submitted bundles beside."""

from __future__ import annotations

import re
from pathlib import Path

from kansci.errors import UserError
from kansci.ledger import KINDS, AnyRecord, load_records
from kansci.models import list_models
from kansci.statistics.standing import BOUND
from kansci.submission.bundle import Bundle, read
from kansci.submission.status import status_of
from kansci.suite import get_suite, list_suites

LEDGER, RECORDS, MODELS = "leaderboards", "records", "models"
LEDGERS = (RECORDS, "standard")  # folders of Records: the quick suite's, and the edition's


def load_ledger(folder: str | Path) -> list[AnyRecord]:
    """All Records of a folder and, if it is in the ledger, those of the bundles of its suites.

    `leaderboards` is its `records` and all bundles of their suites; so is `leaderboards/records`,
    and `leaderboards/standard` has those of its own. Of a bundle there are the cells that the
    ledger has: others, of another suite or of an edition that is not whole yet, would widen the
    grid by what nobody else has, and leave nobody else a rank. Where the ledger has no Records
    yet, all bundles count, and all of their cells.

    The Records of a bundle say what came of verifying it (`Record.submitted`). Nothing that was
    submitted is run.

    Raises:
        UserError: if there is no such folder, a Record or a bundle in it is none, or a bundle has
            the name of another model or bundle, in whatever case.
    """
    given = Path(folder).resolve()
    if given.name == LEDGER and (given / MODELS).is_dir():
        given = given / RECORDS
    if given.parent.name != LEDGER or not (given.parent / MODELS).is_dir():
        return load_records(folder)
    own = load_records(given) if given.is_dir() else []
    suites = {record.suite for record in own}
    found = [one for one in bundles(given.parent / MODELS) if one.entry.suite in suites or not own]
    taken = {name.casefold() for name in (*list_models(), *(record.model for record in own))}
    for bundle in found:
        if bundle.name.casefold() in taken:
            raise UserError(f"{bundle.folder}: another model has that name")
        taken.add(bundle.name.casefold())
    cells = {_cell(record) for record in own}
    told = (record for bundle in found for record in _told(bundle))
    return [*own, *(one for one in told if not own or _cell(one) in cells)]


def shown_suites(ledger: Path) -> set[str]:
    """Suites of which a ledger's boards show bundles; none if it has no Records yet: then all are.

    They stand in the names of files, so that nothing has to be read. Joint trainings bound others,
    and have no rows.
    """
    files = (one for name in LEDGERS for one in (ledger / name).rglob("*.json"))
    found = (re.fullmatch(r"(.+)-\d+", one.stem) for one in files)
    return {one[1] for one in found if one and one[1] not in KINDS and not _bounds(one[1])}


def _bounds(suite: str) -> bool:
    recipes = get_suite(suite).recipes.values() if suite in list_suites() else ()
    return any(recipe.method == BOUND for recipe in recipes)


def unshown(suite: str, ledger: Path) -> str:
    """Why no board of a ledger shows a bundle of a suite, wanted and got; empty if one does."""
    shown = shown_suites(ledger)
    if not shown or suite in shown:
        return ""
    return f"want a suite that boards of {ledger} show, {' or '.join(sorted(shown))}, got {suite}"


def _cell(record: AnyRecord) -> tuple[str, str, int]:
    return record.suite, record.name, record.budget


def _told(bundle: Bundle) -> list[AnyRecord]:
    status = status_of(bundle)
    return [record.model_copy(update={"submitted": status}) for record in bundle.records]


def bundles(folder: Path) -> list[Bundle]:
    """Those in a folder, by name; none, if there is no such folder yet.

    Raises:
        UserError: for a folder in it that is no bundle.
    """
    if not folder.is_dir():
        return []
    shown = (one for one in folder.iterdir() if not one.name.startswith("."))
    return [read(one) for one in sorted(shown) if one.is_dir()]
