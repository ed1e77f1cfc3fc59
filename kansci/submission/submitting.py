"""From a file and its Records to a bundle."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from kansci.environment import own_version
from kansci.errors import UserError
from kansci.installed import is_reference, list_installed
from kansci.ledger import load_records, path_of, weights_beside
from kansci.models import Model
from kansci.record import Record
from kansci.sandbox import foreign
from kansci.submission.bundle import Bundle
from kansci.submission.entry import Entry, refusal
from kansci.submission.grid import complete
from kansci.submission.ledger import LEDGER, unshown
from kansci.submission.listing import installed
from kansci.submission.manifest import LARGEST
from kansci.submission.names import free_name
from kansci.submission.settling import settle
from kansci.submission.source import source_text
from kansci.suite import get_suite


def submit(
    file: Path,
    *,
    suite: str,
    records: Path,
    out: Path,
    authors: str,
    url: str,
    licence: str,
    name: str | None = None,
    about: str | None = None,
    weights: bool = True,
) -> Bundle:
    """Writes the bundle of a model's file into a folder of bundles.

    Args:
        records: where `kansci run --model FILE --suite SUITE` put them.
        out: the folder of bundles, `leaderboards/models`.
        name: of the model, to be sure; it is the one that the file gives it.
        weights: whether trained networks go along where they were kept.

    Raises:
        UserError: says what is missing or wrong; nothing is written then.
    """
    ledger = out.resolve().parent
    if ledger.name == LEDGER and (reason := unshown(suite, ledger)):
        raise UserError(f"submit: {reason}; --out FOLDER elsewhere tries it out")
    source = frozen(file)
    model = foreign(file)
    if name is not None and name != model.name:
        raise UserError(
            f"--name {name}: want the name that Records have, and {file} calls its model "
            f"{model.name!r}; change the file and run it again, or leave the option out"
        )
    free_name(model.name, out)
    entry = entry_of(model, authors=authors, url=url, licence=licence, suite=suite, about=about)
    command = f"kansci run --model {file} --suite {suite} --out {records}"
    there = load_records(records) if records.is_dir() else []
    found = complete(model, get_suite(suite), there, command)
    contents = {
        "entry.json": (entry.model_dump_json(indent=1) + "\n").encode(),
        "environment.txt": installed().encode(),
        "model.py": source,
        **_records(found, records, weights=weights),
    }
    if frozen(file) != source:
        raise UserError(f"{file}: changed while it was being submitted; run it again")
    return settle(contents, out, model.name)


def frozen(file: Path) -> bytes:
    """The source of a submission, byte for byte.

    Raises:
        UserError: for what is no file of Python in UTF-8, or too large, and for a model of an
            installed package.
    """
    if is_reference(str(file)) or str(file) in list_installed():
        raise UserError(
            f"{file}: want a Python file, got a model of an installed package; put its module into "
            "one file that imports only what submissions may, run that and submit it"
        )
    if file.suffix != ".py" or not file.is_file():
        raise UserError(f"{file}: want a Python file that defines `model = Model(...)`")
    if (size := file.stat().st_size) > LARGEST:
        raise UserError(f"{file}: want at most {LARGEST:_} bytes, got {size:_}")
    data = file.read_bytes()
    source_text(data, file)
    return data


def entry_of(
    model: Model, *, authors: str, url: str, licence: str, suite: str, about: str | None
) -> Entry:
    """Who and what.

    Raises:
        UserError: for a field that is missing or not of its kind.
    """
    try:
        return Entry(
            name=model.name,
            authors=authors,
            url=url,
            licence=licence,
            suite=suite,
            about=about or model.about or None,
            kansci=own_version(),
        )
    except ValidationError as error:
        raise UserError(f"--{refusal(error)}") from error


def _records(found: Sequence[Record], folder: Path, *, weights: bool) -> dict[str, bytes]:
    """Records and their weights, by their path in a bundle."""
    contents = {}
    for record in found:
        place = path_of(record, Path("records"))
        contents[place.as_posix()] = (record.model_dump_json() + "\n").encode()
        kept = weights_beside(path_of(record, folder))
        if weights and record.weights and kept.is_file():
            contents[weights_beside(place).as_posix()] = kept.read_bytes()
    return contents
