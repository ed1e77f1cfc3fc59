"""Which files a bundle holds, to the byte: `manifest.json`. Its digest is the bundle's."""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Annotated, Literal

from pydantic import Field, model_validator

from kansci.record import Frozen
from kansci.submission.fields import Digest

LARGEST = 5_000_000  # bytes of a file
ALL = 100_000_000  # of a bundle
FILES = 20_000
PART = r"[A-Za-z0-9_\-\[\]=,][A-Za-z0-9_\-.\[\]=,]*"  # as `ledger.safe` makes names
SINGLE = ("entry.json", "environment.txt", "model.py")
LATER = "verification.json"  # by whoever verifies it; about the bundle, and no part of it
MANIFEST = "manifest.json"


class File(Frozen, frozen=True):
    """One file."""

    sha256: Digest
    size: Annotated[int, Field(ge=0, le=LARGEST, strict=True)]


class Manifest(Frozen, frozen=True):
    """All files of a bundle but this one, by their path.

    Attributes:
        digest: of paths, sizes and hashes, in the order of paths; names the bundle.
    """

    schema_version: Literal[1] = 1
    files: Annotated[dict[str, File], Field(max_length=FILES)]
    digest: Digest

    @model_validator(mode="after")
    def _sound(self) -> Manifest:
        for path in self.files:
            if reason := misplaced(path):
                raise ValueError(f"{path[:80]!a}: {reason}")
        if missing := [name for name in SINGLE if name not in self.files]:
            raise ValueError(f"want {', '.join(SINGLE)}, got none named {missing[0]}")
        if len({path.casefold() for path in self.files}) < len(self.files):
            raise ValueError("want paths that differ in more than case")
        if (total := sum(one.size for one in self.files.values())) > ALL:
            raise ValueError(f"want at most {ALL:_} bytes in all, got {total:_}")
        if self.digest != digest_of(self.files):
            raise ValueError("want the digest of the files listed, got another")
        return self


def manifest_of(contents: Mapping[str, bytes]) -> Manifest:
    """The manifest of files, by their path."""
    files = {
        path: File(sha256=sha256(data).hexdigest(), size=len(data))
        for path, data in sorted(contents.items())
    }
    return Manifest(files=files, digest=digest_of(files))


def digest_of(files: Mapping[str, File]) -> str:
    """SHA-256 over `<sha256> <size> <path>` lines, in the order of paths."""
    lines = (f"{one.sha256} {one.size} {path}\n" for path, one in sorted(files.items()))
    return sha256("".join(lines).encode(errors="surrogatepass")).hexdigest()


def misplaced(path: str) -> str:
    """Why a file may not stand at a path of a bundle, `/` between folders; empty if it may."""
    if path in SINGLE:
        return ""
    parts = path.split("/")
    if len(path) > 250 or not all(re.fullmatch(PART, part, re.ASCII) for part in parts):
        return "want a path of letters, digits and -_.[]=, alone, none hidden"
    if parts[0] != "records" or len(parts) < 3:
        return f"want {', '.join(SINGLE)}, and Records under records/, got a file of no such place"
    if not path.endswith((".json", ".safetensors")):
        return "want Records (.json) and their weights (.safetensors) alone"
    return ""
