"""Folders of Records become one: what shards or machines computed apart."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from kansci.ledger import AnyRecord, path_of
from kansci.record import FAILED, Record


class Merged(NamedTuple):
    """What is left when Records are joined.

    Attributes:
        records: one for each place in a folder, in the order of places.
        same: Records left out, as one with the same key has the same numbers; seconds, memory and
            environment may differ.
        conflicts: Records left out, as one with the same key has other numbers.
        superseded: Records left out, as a newer one with another key, of another task content,
            model source or recipe, has the same place.
    """

    records: list[AnyRecord]
    same: list[AnyRecord]
    conflicts: list[AnyRecord]
    superseded: list[AnyRecord]


def merge(records: Iterable[AnyRecord]) -> Merged:
    """One Record for each place; the order in which they come decides nothing.

    Of Records with one key that differ, one that did not fail stands before one that did, then
    the older: the numbers that were there first. Of keys with one place the newest stands, as if
    the Records had been computed in one folder. Suites are apart: one Record may be of two.
    """
    by_key: dict[tuple[str, str], dict[str, AnyRecord]] = defaultdict(dict)
    same: list[AnyRecord] = []
    for record in sorted(records, key=_merit):
        versions, numbers = by_key[record.key, record.suite], _numbers(record)
        if numbers in versions:
            same.append(record)
        versions.setdefault(numbers, record)
    conflicts: list[AnyRecord] = []
    superseded: list[AnyRecord] = []
    places: dict[Path, list[AnyRecord]] = defaultdict(list)
    for versions in by_key.values():
        first, *others = versions.values()
        conflicts += others
        places[path_of(first, Path())].append(first)
    kept = []
    for _, rivals in sorted(places.items()):
        *older, newest = sorted(rivals, key=_age)
        superseded += older
        kept.append(newest)
    return Merged(kept, same, conflicts, superseded)


def _numbers(record: AnyRecord) -> str:
    apart = {"seconds", "memory", "environment"} if isinstance(record, Record) else set()
    return record.model_dump_json(exclude=apart)


def _merit(record: AnyRecord) -> tuple[bool, str, str]:
    return record.status in FAILED, record.environment.started, record.model_dump_json()


def _age(record: AnyRecord) -> tuple[str, str]:
    return record.environment.started, record.key
