"""What a benchmark finds: rows of ratios, and figures, in one JSON file that runs add to."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import torch

from kansci.environment import environment


class Row(NamedTuple):
    """One comparison: theirs over ours, so that more is better.

    Attributes:
        gear: of ours, `eager` or `compiled`.
        state: `cold`: no program is there yet; `cached`: those of an earlier run are.
        against: `loop` or `pykan`.
        ratio: of processor time, compiling included, for the whole cell.
        low, high: of single turns, within which 95 % of them lie; steps alone.
        wall: the ratio by the wall clock.
        error: ours over theirs, the median of the same members; `None` where a share was trained.
        ours, theirs: processor seconds of a cell.
        tasks: that train together.
        measured: what was measured, and what follows from it.
    """

    family: str
    model: str
    dtype: str
    gear: str
    state: str
    against: str
    ratio: float
    low: float
    high: float
    wall: float
    error: float | None
    ours: float
    theirs: float
    tasks: int
    measured: str

    @property
    def name(self) -> tuple[str, ...]:
        """A later row of that name takes its place."""
        return self[:6]


def empty() -> dict[str, Any]:
    """A document without results."""
    return {"rows": [], "figures": {}, "machine": {}}


def read(path: Path | None) -> dict[str, Any]:
    """The document of earlier runs, if there is one."""
    if path is None or not path.exists():
        return empty()
    return empty() | json.loads(path.read_text(encoding="utf-8"))


def add(document: dict[str, Any], rows: list[Row], figures: dict[str, Any]) -> None:
    """Puts in what is new, in place of what it renews."""
    known = {Row(**one).name: one for one in document["rows"]}
    known |= {row.name: row._asdict() for row in rows}
    document["rows"] = list(known.values())
    document["figures"] |= figures
    document["machine"] = machine()


def write(document: dict[str, Any], path: Path) -> None:
    """As JSON that a person can read."""
    path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def machine() -> dict[str, str]:
    """Where and when."""
    here = environment(torch.device("cpu"))
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "processor": f"{here.processor}, {here.cores} cores, one thread",
        "versions": f"Python {here.python}, torch {here.torch}, kansci {here.kansci}",
        "commit": f"{(here.commit or 'unknown')[:12]}{' and changes' if here.dirty else ''}",
    }
