"""Which runs of a store show a Record, and which are to be done again; no MLflow here.

`kansci.content` says what was logged: a Record that has changed replaces its run.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, NamedTuple

from kansci.ledger import AnyRecord
from kansci.store.view import VERSION


class Survey(NamedTuple):
    """Records without a complete run, and the ids of runs that are to be deleted first."""

    missing: list[AnyRecord]
    outdated: list[str]


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
    newer = run.info.start_time > milliseconds(record.environment.started)
    return newer or run.data.tags.get("kansci.content") == content(record)


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
