"""Folders of Records: one JSON file each, written atomically, the store of record."""

from __future__ import annotations

import json
import os
import platform
import re
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

import psutil
from pydantic import ValidationError

from kansci.errors import UserError
from kansci.reading import Reading
from kansci.record import SCHEMA, Record, Speed

AnyRecord = Record | Speed | Reading
KINDS: dict[str, type[AnyRecord]] = {"speed": Speed, "recovery": Reading}  # by their family
PART = ".part"  # ends the names of temporary files
DAY = 86_400.0  # seconds
AHEAD = ".safetensors.new"
ADVICE = "delete the file to compute it again, or take it from a backup"


def path_of(record: AnyRecord, folder: Path) -> Path:
    """`<model>/<task>/<suite>-<budget>.json`, `<model>/<task>/recovery-<budget>.json` for formulas,
    `<model>/speed-<budget>.json` for what a suite times, and for the speed lane
    `<model>/speed-<lane>.json`, such as `speed-250-float32-eager-cpu.json`.

    Neither tells Records apart that differ in the task's content, the model's source or the recipe:
    the newest is the one that stands there.
    """
    home = folder / safe(record.model)
    if isinstance(record, Speed):
        return home / f"{record.stem}.json"
    task = [safe(part) for part in record.name.split("/")]
    stem = record.stem if isinstance(record, Reading) else f"{record.suite}-{record.budget}"
    return home.joinpath(*task, f"{safe(stem)}.json")


def lacking(found: Iterable[AnyRecord], others: Iterable[AnyRecord]) -> list[AnyRecord]:
    """Timings and formulas of others, each kind only if none of it is among those found.

    Trainings are never taken: boards would mix two grids.
    """
    present = {type(one) for one in found}
    wanted = tuple(kind for kind in KINDS.values() if kind not in present)
    return [one for one in others if isinstance(one, wanted)]


def safe(name: str) -> str:
    """A name as a folder: letters, digits and `-_.[]=,` only."""
    return re.sub(r"[^A-Za-z0-9\-_.\[\]=,]", "_", name).lstrip(".") or "_"


def save(record: AnyRecord, folder: Path) -> Path:
    """Writes a Record under its name: whole or not at all, whenever the process dies.

    Its weights, if they wait for it, come beside it; those of an earlier Record of that name go.
    """
    path = path_of(record, folder)
    write_atomically(path, record.model_dump_json() + "\n")
    if isinstance(record, Record):
        beside, ahead = weights_beside(path), weights_ahead(path)
        if not record.weights:
            beside.unlink(missing_ok=True)
        elif ahead.is_file() and digest(ahead) == record.weights:
            ahead.replace(beside)
    return path


def pass_over(record: AnyRecord, folder: Path) -> None:
    """Of a Record that is not to be saved: the weights that wait for it go."""
    weights_ahead(path_of(record, folder)).unlink(missing_ok=True)


def digest(path: Path) -> str:
    """SHA-256 of a file, as a Record names its weights."""
    return sha256(path.read_bytes()).hexdigest()


def weights_beside(path: Path) -> Path:
    """Where the trained networks of the Record of a path are, if they are kept."""
    return path.with_suffix(".safetensors")


def weights_ahead(path: Path) -> Path:
    """Where they wait until the Record is written: the one that stands there may stay."""
    return path.with_suffix(AHEAD)


def write_atomically(path: Path, content: str | bytes) -> None:
    """A reader sees the old file or the new one, never a torn one; of two writers one wins.

    Raises:
        OSError: names the path, not that of a temporary file.
    """
    try:
        _write(path, content.encode() if isinstance(content, str) else content)
    except OSError as error:
        if error.errno is not None:
            error.filename, error.filename2 = str(path), None
        raise


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=_prefix(), suffix=PART)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(temporary, 0o666 & ~umask)  # mkstemp's files are for their owner alone
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    _settle(path.parent)


def _settle(folder: Path) -> None:
    """Makes the name last as well as the bytes, where a folder can be synchronised."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError:  # some network file systems refuse; the file itself is safe
        pass
    finally:
        os.close(handle)


def _prefix() -> str:
    """Of a temporary file: whose it is, so that what a killed process left can be told."""
    return f".{safe(platform.node())}~{os.getpid()}~"


def tidy(folder: Path) -> int:
    """Removes the temporary files of writers that are gone, and says how many there were.

    Those of this machine whose process has ended, and those of any machine after a day, as weights
    that still wait for their Record: another shard may be writing at this moment.
    """
    removed = 0
    for path in (*folder.rglob(f".*{PART}"), *folder.rglob(f"*{AHEAD}")):
        with suppress(OSError):  # another one tidies as well
            if _abandoned(path):
                path.unlink()
                removed += 1
    return removed


def _abandoned(path: Path) -> bool:
    node, _, rest = path.name.removeprefix(".").partition("~")
    process = rest.partition("~")[0]
    if node == safe(platform.node()) and process.isdecimal():
        return not psutil.pid_exists(int(process))
    return time.time() - path.stat().st_mtime > DAY


def load(path: Path) -> AnyRecord:
    """One Record.

    Raises:
        UserError: in one line, for a file that is no Record or comes from a newer kansci.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: want a readable Record, got: {error}; {ADVICE}") from error
    family = re.search(r'"family"\s*:\s*"(\w+)"', text)
    kind = KINDS.get(family[1], Record) if family else Record
    try:
        return kind.model_validate_json(text)
    except ValidationError as error:
        raise UserError(f"{path}: {_refusal(text, error)}") from error
    except TypeError as error:  # of a validator that compares what is written, whatever it is
        raise UserError(f"{path}: no Record, {error}; {ADVICE}") from error


def _refusal(text: str, error: ValidationError) -> str:
    """What is wrong with a text that is no Record; it is read again, so only then."""
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as invalid:  # numbers and depths beyond Python's limits
        return f"want a Record in JSON, got {invalid}; {ADVICE}"
    if not isinstance(content, dict):
        return f"want a Record, got a {type(content).__name__}; {ADVICE}"
    version = content.get("schema_version", SCHEMA)
    if isinstance(version, int) and version > SCHEMA:
        return (
            f"want a Record of schema {SCHEMA} at most, got schema {version}, which a newer kansci "
            "wrote; update kansci to read it"
        )
    first = error.errors()[0]
    place = ".".join(map(str, first["loc"])) or "the whole"
    return f"no Record, {place}: {first['msg']}; {ADVICE}"


def load_records(folder: str | Path) -> list[AnyRecord]:
    """All Records below a folder, in the order of their paths.

    Raises:
        UserError: if there is no such folder, or a file in it is no Record.
    """
    home = Path(folder)
    if not home.is_dir():
        raise UserError(f"no folder {str(home)!r}: want one with Records; `kansci run` makes one")
    return list(_all(home))


def _all(home: Path) -> Iterator[AnyRecord]:
    def unreadable(error: OSError) -> None:  # not passed over: its Records would be missing
        raise UserError(f"{error.filename}: want a readable folder, got: {error.strerror}")

    found: list[Path] = []
    for folder, below, names in os.walk(home, onerror=unreadable):
        below[:] = [name for name in below if not name.startswith(".")]
        found += [
            Path(folder, name)
            for name in names
            if name.endswith(".json") and not name.startswith(".")
        ]
    for path in sorted(found):
        yield load(path)
