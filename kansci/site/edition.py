"""What Records a site is made of: when, where and with which versions they came about."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from kansci.ledger import AnyRecord
from kansci.record import Record


class Edition(NamedTuple):
    """Lines of provenance, each a name and what there is of it, the most frequent first.

    Attributes:
        budgets: of what was trained, the smallest first, each with the number of its tasks.
    """

    count: int
    first: str
    last: str
    budgets: Mapping[int, int]
    lines: tuple[tuple[str, str], ...]

    @property
    def sizes(self) -> str:
        """`250 trainable numbers`, `250 and 1,000 (27 tasks) trainable numbers`."""
        all_of_them = max(self.budgets.values())
        *most, last = (
            f"{budget:,}"
            if tasks == all_of_them
            else f"{budget:,} ({tasks} task{'s' * (tasks > 1)})"
            for budget, tasks in self.budgets.items()
        )
        return f"{' and '.join(filter(None, (', '.join(most), last)))} trainable numbers"


def edition(records: Sequence[AnyRecord]) -> Edition:
    """Says of every suite, machine, version and commit how many Records have it."""
    places = [record.environment for record in records]
    days = sorted(place.started[:10] for place in places)
    versions = [
        f"kansci {p.kansci}, torch {p.torch}, numpy {p.numpy}, Python {p.python}" for p in places
    ]
    machines = [f"{p.processor} ({p.cores} cores, {p.device}, {p.system})" for p in places]
    commits = [
        f"{(place.commit or 'unknown')[:10]}{' with changes' if place.dirty else ''}"
        for place in places
    ]
    trained = {(one.budget, one.task) for one in records if isinstance(one, Record)}
    budgets = Counter(budget for budget, _ in sorted(trained))
    lines = (
        ("suite", _counted(record.suite for record in records)),
        ("machine", _counted(machines)),
        ("versions", _counted(versions)),
        ("commit", _counted(commits)),
        ("verified by", _counted(record.verified for record in records)),
    )
    first, last = (days[0], days[-1]) if days else ("", "")
    return Edition(len(records), first, last, budgets, lines)


def _counted(values: Iterable[str]) -> str:
    """`a`, or `a (12), b (3)` where there are several."""
    found = Counter(values)
    ordered = sorted(found.items(), key=lambda item: (-item[1], item[0]))
    if len(ordered) == 1:
        return ordered[0][0]
    return "; ".join(f"{value} ({count:,})" for value, count in ordered)
