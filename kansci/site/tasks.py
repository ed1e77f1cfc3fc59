"""The page of a task: what it is, the truth, and which models are accurate there."""

from __future__ import annotations

from pathlib import Path

from kansci.site.bars import bars
from kansci.site.pages import write
from kansci.site.shared import Shared, Shown, intervals, shown
from kansci.site.subject import subject


def write_task(folder: Path, shared: Shared, key: str, **common: object) -> None:
    """One page, and a picture where the truth has two variables."""
    found = shared.by_task[key]
    what = subject(key)
    page = shared.pages.tasks[key]
    picture = ""
    if what and what.picture:
        picture = f"pictures/{Path(page).stem}.png"
        (folder / picture).parent.mkdir(exist_ok=True)
        what.picture(folder / picture)
    axis = bars(intervals(found), zero=True)
    budgets: dict[int, list[Shown]] = {}
    for one in sorted(found, key=lambda one: (one.decades is None, -(one.decades or 0), one.model)):
        budgets.setdefault(one.place.budget, []).append(shown(one, axis))
    write(
        folder,
        page,
        "task.html",
        key=key,
        family=found[0].place.family,
        subject=what,
        metric=next(one.metric for one in found if one.record),
        picture=picture,
        budgets=sorted(budgets.items()),
        axis=axis,
        **common,
    )
