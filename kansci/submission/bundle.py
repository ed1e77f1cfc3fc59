"""A bundle is a folder: one file that was submitted, its Records, and a manifest over both.

It comes from strangers by pull request. Reading one runs nothing, unpickles nothing and follows no
link; whatever is wrong with it is one line.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from kansci.errors import UserError
from kansci.ledger import load, path_of, weights_beside
from kansci.record import Record
from kansci.submission.consistency import inconsistent
from kansci.submission.entry import Entry, parsed
from kansci.submission.manifest import FILES, LARGEST, LATER, MANIFEST, Manifest
from kansci.submission.source import source_text, utf8

DEEP = 8  # folders in folders
REQUIREMENT = r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?==[A-Za-z0-9][A-Za-z0-9.!+_-]*"


@dataclass(frozen=True)
class Bundle:
    """What a submission holds, checked.

    Attributes:
        folder: where it is; its name is that of the model.
        records: all of training, as `kansci.ledger` reads them.
        environment: `name==version` of what was installed.
    """

    folder: Path
    entry: Entry
    manifest: Manifest
    records: tuple[Record, ...]
    environment: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.entry.name

    @property
    def digest(self) -> str:
        """The bundle's hash: whoever verifies it says of which one."""
        return self.manifest.digest

    @property
    def model(self) -> Path:
        """The file that was submitted; it is somebody else's code."""
        return self.folder / "model.py"

    @property
    def home(self) -> Path:
        """The folder of the Records, for `kansci.ledger` and `kansci.weights`."""
        return self.folder / "records"

    @property
    def verification(self) -> Path:
        """Where it stands what came of verifying it, if anybody has."""
        return self.folder / LATER


def read(folder: Path) -> Bundle:
    """A bundle, if all of it is as it should be.

    Raises:
        UserError: in one line, with the first reason, if anything is missing, too much, changed
            since the manifest was written, too large, of an unsafe name, or no regular file.
    """
    found = files_below(folder)
    if MANIFEST not in found:
        raise UserError(f"{folder}: want a bundle with a {MANIFEST}; `kansci submit` makes one")
    manifest = parsed(folder / MANIFEST, Manifest)
    _as_listed(folder, manifest, {path for path in found if path not in (MANIFEST, LATER)})
    entry = parsed(folder / "entry.json", Entry)
    if folder.name != entry.name:
        raise UserError(f"{folder}: want the folder of {entry.name!r} to have that name")
    source = folder / "model.py"
    source_text(source.read_bytes(), source)
    environment = installed_of(folder / "environment.txt")
    records = tuple(_records(folder, entry, manifest))
    if not records:
        raise UserError(f"{folder}: want Records, got none")
    return Bundle(folder, entry, manifest, records, environment)


def installed_of(path: Path) -> tuple[str, ...]:
    """What an `environment.txt` lists.

    Raises:
        UserError: for what is no `name==version`, twice there or in another order.
    """
    found = tuple(utf8(path.read_bytes(), path).splitlines())
    for one in found:
        if not re.fullmatch(REQUIREMENT, one, re.ASCII):
            raise UserError(f"{path}: want name==version, got {one[:60]!r}")
    if list(found) != sorted(set(found)):
        raise UserError(f"{path}: want each once, in order")
    return found


def files_below(folder: Path) -> dict[str, Path]:
    """All files by their path from the folder, `/` between parts.

    Raises:
        UserError: for a link, a device, a file that is too large, or too much of anything.
    """
    if folder.is_symlink() or not folder.is_dir():
        got = "a link" if folder.is_symlink() else "none"
        raise UserError(f"{folder}: want the folder of a bundle, got {got}")
    found: dict[str, Path] = {}
    try:
        for path, one in _walk(folder, 0):
            if one.is_symlink() or not one.is_file(follow_symlinks=False):
                raise UserError(f"{path}: want regular files alone, and no links")
            if (size := one.stat(follow_symlinks=False).st_size) > LARGEST:
                raise UserError(f"{path}: want at most {LARGEST:_} bytes a file, got {size:_}")
            found[path.relative_to(folder).as_posix()] = path
            if len(found) > FILES:
                raise UserError(f"{folder}: want at most {FILES} files")
    except OSError as error:
        raise UserError(f"{folder}: want readable files, got: {error.strerror}") from error
    return found


def _walk(folder: Path, depth: int) -> Iterator[tuple[Path, os.DirEntry[str]]]:
    if depth > DEEP:
        raise UserError(f"{folder}: want at most {DEEP} folders in one another")
    with os.scandir(folder) as entries:
        for one in sorted(entries, key=lambda one: one.name):
            if one.is_dir(follow_symlinks=False):
                yield from _walk(Path(one.path), depth + 1)
            else:
                yield Path(one.path), one


def _as_listed(folder: Path, manifest: Manifest, found: set[str]) -> None:
    """Refuses whatever differs from the manifest.

    Raises:
        UserError: says which file, and how.
    """
    listed = set(manifest.files)
    for which, said in ((listed - found, "is missing"), (found - listed, "is not in the manifest")):
        if which:
            more = f", and {len(which) - 1} more" if len(which) > 1 else ""
            raise UserError(f"{folder}: {min(which)!r} {said}{more}; submit it again")
    for path, one in manifest.files.items():
        data = (folder / path).read_bytes()
        if (len(data), sha256(data).hexdigest()) != (one.size, one.sha256):
            raise UserError(f"{folder}: {path!r} has changed since the manifest; submit it again")


def _records(folder: Path, entry: Entry, manifest: Manifest) -> Iterator[Record]:
    """The Records, each of the model, of the suite, and where it should stand.

    Raises:
        UserError: for one that is not, or weights that belong to none.
    """
    home = folder / "records"
    weights = {folder / path for path in manifest.files if path.endswith(".safetensors")}
    paths = [folder / path for path in manifest.files if path.startswith("records/")]
    for path in sorted(set(paths) - weights):
        record = load(path)
        if not isinstance(record, Record):
            raise UserError(f"{path}: want Records of training alone; others measure speed")
        if reason := _foreign(record, entry) or inconsistent(record):
            raise UserError(f"{path}: {reason}")
        if path_of(record, home) != path:
            raise UserError(f"{path}: want this Record at {path_of(record, home)}")
        own = weights_beside(path)
        if own in weights:
            weights.remove(own)
            if manifest.files[own.relative_to(folder).as_posix()].sha256 != record.weights:
                raise UserError(f"{own}: want the weights of the Record beside it, got others")
        yield record
    if weights:
        raise UserError(f"{min(weights)}: want a Record beside the weights, got none")


def _foreign(record: Record, entry: Entry) -> str:
    """Why a Record does not belong into the bundle of an entry."""
    if record.model != entry.name:
        return f"want Records of {entry.name!r}, got one of {record.model[:60]!r}"
    if record.suite != entry.suite:
        return f"want Records of the suite {entry.suite!r}, got {record.suite[:60]!r}"
    if record.verified != "self":
        return "want Records as they were made; who verifies them says so in another file"
    return ""
