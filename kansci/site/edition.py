"""What Records a site is made of: when, where and with which versions they came about."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from kansci.ledger import AnyRecord
from kansci.record import Record
from kansci.site.pages import thousands


class Edition(NamedTuple):
    """Lines of provenance, each a name and what there is of it, the most frequent first.

    Attributes:
        models: that were trained; others have timings or formulas alone.
        budgets: of what was trained, the smallest first, each with its tasks.
    """

    count: int
    first: str
    last: str
    models: int
    budgets: Mapping[int, frozenset[str]]
    lines: tuple[tuple[str, str], ...]

    @property
    def sizes(self) -> str:
        """`at most 250 trainable numbers; on 38 tasks also 1 000`."""
        most = max(map(len, self.budgets.values()))
        whole = [budget for budget, tasks in self.budgets.items() if len(tasks) == most]
        told = set[str]().union(*(self.budgets[budget] for budget in whole))
        rest = [
            f"on {_tasks(tasks)} {'also ' * (tasks <= told)}{thousands(budget)}"
            for budget, tasks in self.budgets.items()
            if budget not in whole
        ]
        numbers = f"at most {' or '.join(map(thousands, whole))} trainable numbers"
        return "; ".join([numbers, *([", ".join(rest)] if rest else [])])

    @property
    def steps(self) -> str:
        """`250 on 50 tasks, 1 000 on 38 tasks`."""
        return ", ".join(f"{thousands(b)} on {_tasks(found)}" for b, found in self.budgets.items())


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
    trained = [one for one in records if isinstance(one, Record)]
    budgets = {
        budget: frozenset(one.task for one in trained if one.budget == budget)
        for budget in sorted({one.budget for one in trained})
    }
    lines = (
        ("suite", _counted(record.suite for record in records)),
        ("machine", _counted(machines)),
        ("versions", _counted(versions)),
        ("commit", _counted(commits)),
        ("verified by", _counted(record.verified for record in records)),
    )
    first, last = (days[0], days[-1]) if days else ("", "")
    models = len({one.model for one in trained})
    return Edition(len(records), first, last, models, budgets, lines)


def _tasks(found: Collection[str]) -> str:
    return f"{len(found)} task{'s' * (len(found) > 1)}"


def _counted(values: Iterable[str]) -> str:
    """`a`, or `a (12), b (3)` where there are several."""
    found = Counter(values)
    ordered = sorted(found.items(), key=lambda item: (-item[1], item[0]))
    if len(ordered) == 1:
        return ordered[0][0]
    return "; ".join(f"{value} ({thousands(count)})" for value, count in ordered)
