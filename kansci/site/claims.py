"""What the page of claims shows of each claim; whoever keeps them fills it in."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from shutil import copyfile
from typing import NamedTuple

from kansci.record import Environment


class ClaimText(NamedTuple):
    """A published claim, and what came of it.

    Attributes:
        word, sentence: the verdict and its reason.
        where: `on a CPU`, if that measured what is claimed of a GPU.
        measured: names of quantities and their values with intervals.
        made: when and where it was measured; empty if it was not.
        stale: whether other code than there is now measured it.
    """

    id: str
    title: str
    claim: str
    source: str
    setting: str
    ours: str
    command: str
    bibtex: str
    word: str
    sentence: str
    measured: tuple[tuple[str, str], ...] = ()
    remarks: tuple[str, ...] = ()
    made: str = ""
    stale: bool = False
    where: str = ""


class Measured(NamedTuple):
    """The file of a measurement, and what it says of how it was made.

    Attributes:
        url: from the root of the site.
    """

    url: str
    about: str


def measurements(claims: Iterable[ClaimText], results: Path, folder: Path) -> dict[str, Measured]:
    """Copies the files of claims that were measured into the site; by the claim's id.

    Args:
        results: where they lie, `<id>.json`.
    """
    found = {}
    for claim in claims:
        path = results / f"{claim.id}.json"
        if path.is_file():
            url = f"claims/{path.name}"
            (folder / "claims").mkdir(exist_ok=True)
            copyfile(path, folder / url)
            found[claim.id] = Measured(url, _about(path))
    return found


def _about(path: Path) -> str:
    """The load of the machine, the commit and the time, as in `docs/claims.md`."""
    found = json.loads(path.read_text(encoding="utf-8"))
    where = Environment.model_validate(found["environment"])
    commit = f"commit {where.commit[:7]}" if where.commit else "no commit"
    changed = " with changes of its own" if where.dirty else ""
    said = (
        f"load {float(found['load']):.3g} on {where.cores} cores, torch {where.torch}, "
        f"Python {where.python}, {commit}{changed}; {float(found['seconds']):,.0f} CPU seconds."
    )
    timed = any(one["over"] in ("blocks", "processes") for one in found["quantities"])
    busy = timed and float(found["load"]) > where.cores
    return said + " The machine was busy, which moves ratios of times." * busy
