"""The page of a task: what it is, the truth, and which models are accurate there."""

from __future__ import annotations

from pathlib import Path

from kansci.site.answers import Answers, Map, curves, maps, plane, truth
from kansci.site.bars import bars
from kansci.site.kept import chosen, network
from kansci.site.pages import write
from kansci.site.results import OUTSIDE, Result
from kansci.site.shared import Shared, Shown, intervals, shown
from kansci.site.subject import Subject, subject
from kansci.statistics.standing import BOUND

MAPS, CURVES = 4, 6  # models whose answers are shown


def write_task(folder: Path, shared: Shared, key: str, **common: object) -> None:
    """One page, with the truth and what networks answer where there are one or two variables."""
    found = shared.by_task[key]
    what = subject(key)
    axis = bars(intervals(found), zero=True)
    budgets: dict[int, list[Shown]] = {}
    for one in sorted(found, key=_order):
        budgets.setdefault(one.place.budget, []).append(shown(one, axis))
    field, answers = _pictures(folder, shared, key, what) if what else (None, None)
    write(
        folder,
        shared.pages.tasks[key],
        "task.html",
        key=key,
        family=found[0].place.family,
        subject=what,
        metric=next(one.metric for one in found if one.record),
        probes=max(len(one.record.probes) for one in found if one.record),
        bounds=any(one.state == BOUND for one in found),
        field=field,
        answers=answers,
        budgets=sorted(budgets.items()),
        weights=shared.weights,
        axis=axis,
        **common,
    )


def _order(one: Result) -> tuple[bool, bool, float, str]:
    """The best first; then what is outside of the grid, as bounds are, then what has no score."""
    return one.decades is None, one.state in OUTSIDE, -(one.decades or 0), one.model


def _pictures(
    folder: Path, shared: Shared, key: str, what: Subject
) -> tuple[Map | None, Answers | None]:
    """The truth of two variables, and what networks say that were kept."""
    stem = Path(shared.pages.tasks[key]).stem
    flat = what.task.dim_in == 2
    kept = shared.pictured.get(key, [])
    always = shared.reference.model if shared.reference else ""
    picks = chosen(kept, MAPS if flat else CURVES, always) if what.current == key else []
    found = [network(one, shared.kept, what.task) for one in picks] if shared.kept else []
    networks = [one for one in found if one]
    if flat:
        over = plane(what)
        return truth(folder, stem, what, over), maps(folder, stem, what, over, networks)
    return None, curves(what, networks) if what.task.dim_in == 1 else None
