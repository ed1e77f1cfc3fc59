"""Which runs of a store show a Record, and which are to be done again; no MLflow here.

`kansci.content` says what was logged: a Record that has changed replaces its run, also one that has
another key since its model's source, its task's content or its recipe has changed.
"""

from __future__ import annotations

import os
import platform
import re
import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, NamedTuple

import psutil

from kansci.ledger import AnyRecord
from kansci.store.view import VERSION, cut, name_of, tags_of

NO_SUITE = "custom"
PLACE = ("suite", "task", "recipe", "method", "dtype")  # beside the name
MINUTES = 10  # for which a run that has not ended is another process's, if that may be alive


class Survey(NamedTuple):
    """Records without a complete run, and the ids of runs that are to be deleted first."""

    missing: list[AnyRecord]
    outdated: list[str]


def survey(wanted: Mapping[str, AnyRecord], runs: Iterable[Any]) -> Survey:
    """What is to be done so that each wanted Record, by its key, has one run.

    A run of another key gives way if it has the place of a wanted Record and is not newer. Those of
    no suite have no place: nobody said that they are of one cell.
    """
    missing, outdated = dict(wanted), []
    suited = (record for record in wanted.values() if record.suite != NO_SUITE)
    places = {_place(name_of(one), _cut_tags(one)): one for one in suited}
    for run in runs:
        tags = run.data.tags
        record = wanted.get(tags["kansci.record"])
        if record is None:
            heir = places.get(_place(run.info.run_name, tags))
            if heir and is_whole(run) and not _is_newer(run, heir):
                outdated.append(run.info.run_id)
        elif is_whole(run) and record.key in missing and stands(run, record):
            del missing[record.key]
        elif may_go(run):
            outdated.append(run.info.run_id)
    return Survey(list(missing.values()), outdated)


def _place(name: str, tags: Mapping[str, str]) -> tuple[str | None, ...]:
    """What only one run is to have; the name says model, task, budget and lane."""
    return name, *(tags.get(f"kansci.{one}") or None for one in PLACE)


def _cut_tags(record: AnyRecord) -> dict[str, str]:
    return {key: cut(text) for key, text in tags_of(record).items()}


def newest(records: Iterable[AnyRecord]) -> dict[str, AnyRecord]:
    """The newest Record of each key, in the order in which keys come."""
    found: dict[str, AnyRecord] = {}
    for record in records:
        other = found.setdefault(record.key, record)
        if other.environment.started < record.environment.started:
            found[record.key] = record
    return found


def is_whole(run: Any) -> bool:
    """Whether a run was written to its end."""
    return run.info.status != "RUNNING"


def stands(run: Any, record: AnyRecord) -> bool:
    """Whether a complete run shows the Record, or a newer one of its key."""
    return _is_newer(run, record) or run.data.tags.get("kansci.content") == content(record)


def _is_newer(run: Any, record: AnyRecord) -> bool:
    return run.info.start_time > milliseconds(record.environment.started)


def signature() -> dict[str, str]:
    """A tag that says who writes a run, and when: the times of a run are those of its Record."""
    return {"kansci.writer": f"{os.getpid()} {int(time.time())} {platform.node()}"}


def may_go(run: Any) -> bool:
    """Whether a run may be deleted: no other process is about to end it.

    One that has not ended is left alone for ten minutes, unless its process is this one or is known
    to be gone.
    """
    found = re.fullmatch(r"(\d+) (\d+) (.*)", run.data.tags.get("kansci.writer", ""))
    if is_whole(run) or not found:
        return True
    process, written, machine = int(found[1]), int(found[2]), found[3]
    gone = process == os.getpid() or not psutil.pid_exists(process)
    return (machine == platform.node() and gone) or time.time() - written > 60 * MINUTES


def content(record: AnyRecord) -> str:
    """Changes whenever another run would be logged of a Record."""
    return sha256(f"{VERSION}\0{record.model_dump_json()}".encode()).hexdigest()[:16]


def milliseconds(started: str) -> int:
    """Since 1970, of a time in ISO 8601; of now, if it is none."""
    try:
        moment = datetime.fromisoformat(started)
    except ValueError:
        moment = datetime.now(UTC)
    return int(1000 * moment.timestamp())
