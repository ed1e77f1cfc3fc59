"""Where claims, their sources and what was measured for them lie."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable, Sequence
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from pydantic import ValidationError

from kansci.claims.claim import Claim
from kansci.claims.measurement import Measurement
from kansci.claims.verdict import JUDGED, Verdict
from kansci.discover import home, load
from kansci.errors import UnknownName, UserError
from kansci.ledger import write_atomically
from kansci.models.model import code
from kansci.submission.ledger import LEDGERS

SAYING = {"claim", "verdict"}  # of a claim's file: what is said, and not what is measured
WORDS = {"kansci.claims", "kansci.claims.rules", "kansci.claims.verdict"}  # no number is from here
ENTRY = re.compile(r"^@\w+\{(?P<key>[^,\s]+),.*?^\}", re.MULTILINE | re.DOTALL)


class Entry(NamedTuple):
    """A claim and what was measured for it, if anything was.

    Attributes:
        stale: whether it was measured by another version of the claim's file, or of other Records
            than there are now; then it is shown, and not judged.
    """

    claim: Claim
    found: Measurement | None
    stale: bool = False

    @property
    def verdict(self) -> Verdict:
        return self.claim.judged(None if self.stale else self.found)

    @property
    def where(self) -> str:
        """`on a CPU`, if that measured what is claimed of a GPU; else empty."""
        if not self.claim.hardware or self.found is None or self.verdict.word not in JUDGED:
            return ""
        return "on a CPU" if self.found.environment.device == "cpu" else ""


def folder() -> Path:
    """Of the claims."""
    return home("leaderboards") / "claims"


@cache
def list_claims() -> tuple[Claim, ...]:
    """All claims, by number.

    Raises:
        UserError: for a file that defines none, or one that another file has already.
    """
    found: dict[str, Claim] = {}
    for path in sorted(folder().glob("c*.py")):
        claim = getattr(load(path), "claim", None)
        if not isinstance(claim, Claim):
            raise UserError(f"{path}: want `claim = Claim(...)`, got {claim!r}")
        if claim.id in found or not path.stem.startswith(f"c{claim.number:02}_"):
            raise UserError(f"{path}: want a claim of its own, c{claim.number:02}_..., {claim.id}")
        if unknown := set(claim.cited) - set(sources()):
            raise UserError(f"{path}: want sources of sources.bib, got {sorted(unknown)}")
        found[claim.id] = claim
        content(claim)  # now: the file may change while the claim is measured
    return tuple(sorted(found.values(), key=lambda claim: claim.number))


def file_of(claim: Claim) -> Path:
    """That defines it."""
    return next(folder().glob(f"c{claim.number:02}_*.py"))


def get_claims(ids: Iterable[str]) -> list[Claim]:
    """Those claims, or all if none is named; `c5` is C5.

    Raises:
        UnknownName: says which ids come close.
    """
    known = {claim.id: claim for claim in list_claims()}
    chosen = list(dict.fromkeys(one.upper() for one in ids)) or list(known)
    for one in chosen:
        if one not in known:
            raise UnknownName("claim", one, known)
    return [known[one] for one in chosen]


@cache
def sources() -> dict[str, str]:
    """BibTeX entries by key."""
    text = (folder() / "sources.bib").read_text(encoding="utf-8")
    return {match["key"]: match[0] for match in ENTRY.finditer(text)}


@cache
def content(claim: Claim) -> str:
    """Hash of the file that measures a claim, as it was when the claim was loaded."""
    return digest(file_of(claim))


def digest(path: Path) -> str:
    """Hash of a claim's file without what is said of the claim."""
    tree = ast.parse(code(path.read_text(encoding="utf-8")))
    tree.body = [node for node in tree.body if not _names(node) & SAYING]
    return sha256(ast.unparse(tree).encode()).hexdigest()[:16]


def _names(node: ast.stmt) -> set[str]:
    if isinstance(node, ast.Assign):
        return {target.id for target in node.targets if isinstance(target, ast.Name)}
    if isinstance(node, ast.ImportFrom) and node.module in WORDS:
        return SAYING
    return {node.name} if isinstance(node, ast.FunctionDef) else set()


def ledger() -> str:
    """Hash of the Records of training that are committed; empty where there are none."""
    every = (home("leaderboards") / folder for folder in LEDGERS)
    found = (one for folder in every for one in sorted(folder.rglob("*.json")))
    own = [one for one in found if not one.name.startswith(("speed-", "recovery-"))]
    hashes = [sha256(one.read_bytes()).hexdigest() for one in own]
    return sha256("\n".join(hashes).encode()).hexdigest()[:16] if own else ""


def results() -> Path:
    """The folder of what is committed."""
    return folder() / "results"


def path_of(claim: str, where: Path) -> Path:
    return where / f"{claim}.json"


def save(found: Measurement, where: Path) -> Path:
    """Writes what was measured: whole or not at all."""
    path = path_of(found.claim, where)
    write_atomically(path, json.dumps(json.loads(found.model_dump_json()), indent=1) + "\n")
    return path


def read(path: Path) -> Measurement:
    """What was measured for one claim.

    Raises:
        UserError: in one line, for a file that is no measurement.
    """
    try:
        return Measurement.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, ValidationError) as error:
        reason = str(error).replace("\n", " ")[:200]
        raise UserError(f"{path}: want a measurement of a claim, got: {reason}") from error


def entries(claims: Sequence[Claim], *places: Path) -> list[Entry]:
    """Each claim with its measurement from the last of the folders that has one."""
    return [_entry(claim, places) for claim in claims]


def _entry(claim: Claim, places: Sequence[Path]) -> Entry:
    found = None
    for place in places:
        if (path := path_of(claim.id, place)).is_file():
            found = read(path)
    return Entry(claim, found, found is not None and _stale(claim, found))


def _stale(claim: Claim, found: Measurement) -> bool:
    """An installation without the ledger has nothing to compare with."""
    if found.content != content(claim):
        return True
    return bool(found.ledger) and ledger() not in ("", found.ledger)
