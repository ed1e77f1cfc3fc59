"""The page that compares two models: what every member reached, for a browser to subtract."""

from __future__ import annotations

from typing import Any

from kansci.site.results import OUTSIDE
from kansci.site.shared import Shared
from kansci.statistics.student import quantiles


def data(shared: Shared) -> dict[str, Any]:
    """Places, pages of tasks, the group that each counts in, and of every model decades by place.

    Where there are none, `null`.

    Thousandths of a decade are far below what seeds can tell. Which seeds they are is the number
    of a list of seeds, as most Records have the same ones. `student` are quantiles, for intervals.
    """
    used = [one for one in shared.results if one.state not in OUTSIDE]
    places = sorted({one.place for one in used})
    number = {place: index for index, place in enumerate(places)}
    clusters = {one.place: one.record.cluster for one in used if one.record and one.record.cluster}
    scored = [one for one in used if one.record and one.values]
    blank = [None] * len(places)
    cells: dict[str, list[Any]] = {one.model: list(blank) for one in scored}
    sets: dict[str, list[Any]] = {one.model: list(blank) for one in scored}
    seeds: dict[tuple[int, ...], int] = {}
    for one in scored:
        assert one.record is not None
        own = one.record.recipe.evaluation_seeds
        cells[one.model][number[one.place]] = [round(value, 3) for value in one.values]
        sets[one.model][number[one.place]] = seeds.setdefault(own, len(seeds))
    return {
        "places": places,
        "tasks": {task: shared.pages.tasks[task] for _, task, _ in places},
        "groups": [clusters.get(place, place.task) for place in places],
        "seeds": list(seeds),
        "student": [round(one, 4) for one in quantiles(30)],
        "models": [
            {
                "name": name,
                "slug": shared.slugs[name],
                "page": shared.pages.models[name],
                "cells": cells[name],
                "seeds": sets[name],
            }
            for name in cells
        ],
    }
