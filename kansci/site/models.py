"""The page of a model: what it is, where it stands, what it is good at, and its Records."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from kansci.boards.board import Board
from kansci.discover import get_task
from kansci.errors import UserError
from kansci.models.zoo import is_control
from kansci.reading import Reading
from kansci.record import Record, Speed
from kansci.site.arms import other_arm
from kansci.site.bars import Bars, bars
from kansci.site.boards import Line
from kansci.site.edges import Multiples, multiples
from kansci.site.kept import Shown, network
from kansci.site.lines import Chart, Series, chart
from kansci.site.pages import thousands, write
from kansci.site.portrait import portrait
from kansci.site.results import OUTSIDE, Result
from kansci.site.shared import Shared, intervals, shown
from kansci.site.subject import subject
from kansci.statistics.standing import BOUND

FEW = 5  # of the best and of the worst tasks


class Learned(NamedTuple):
    """A trained network and the functions on its edges."""

    shown: Shown
    drawn: Multiples


def write_model(folder: Path, shared: Shared, name: str, **common: object) -> None:
    """One page."""
    found = shared.by_model[name]
    by_lead = any(one.lead is not None for one in found)
    ordered = _ordered(found, by_lead=by_lead)
    few = min(FEW, len(ordered) // 2)
    axis = bars(intervals(found), zero=True)
    own = [record for record in shared.records if record.model == name]
    stands = _stands(shared, name)
    speeds = [record for record in own if isinstance(record, Speed)]
    readings = [record for record in own if isinstance(record, Reading)]
    write(
        folder,
        shared.pages.models[name],
        "model.html",
        name=name,
        slug=shared.slugs[name],
        slugs=shared.slugs,
        control=is_control(name) or any(line.control for _, line, _, _ in stands),
        portrait=portrait(name),
        arm=other_arm(shared, name),
        stands=stands,
        best=ordered[:few],
        worst=ordered[::-1][:few],
        by_lead=by_lead,
        learned=_learned(shared, name),
        curves=_curves(found),
        weights=shared.weights,
        cells=[shown(one, axis)[:3] for one in found],
        axis=axis,
        bounds=any(one.state == BOUND for one in found),
        readings=[(reading, shared.urls[id(reading)]) for reading in readings],
        speeds=[(speed.stem, shared.urls[id(speed)]) for speed in speeds],
        **common,
    )


def _stands(shared: Shared, name: str) -> list[tuple[Board, Line, Bars, int]]:
    """Its line on every board, with the board's axis and how many are ranked there."""
    found = []
    for one in shared.boards:
        ranked = sum(line.ranked for line in one.lines)
        found += [(one.board, line, one.axis, ranked) for line in one.lines if line.model == name]
    return found


def _ordered(found: Sequence[Result], *, by_lead: bool) -> list[Result]:
    """Cells of the grid that are scored, the best first."""
    inside = [one for one in found if one.state not in OUTSIDE]
    known = [(one.lead if by_lead else one.decades, one) for one in inside]
    scored = [(value, one) for value, one in known if value is not None]
    return [one for _, one in sorted(scored, key=lambda pair: (-pair[0], pair[1].place))]


def _curves(found: Sequence[Result]) -> list[Chart]:
    """Of the best, the middle and the worst task of each family at its largest budget.

    What is fitted has one loss, and no curve.
    """
    families: dict[str, list[Result]] = defaultdict(list)
    for one in _ordered(found, by_lead=False):
        if one.record and any(len(curve.evaluations) > 1 for curve in one.record.curves):
            families[one.place.family].append(one)
    charts = []
    for own in families.values():
        largest = max(one.place.budget for one in own)
        most = [one for one in own if one.place.budget == largest]
        picked = dict.fromkeys((0, len(most) // 2, len(most) - 1))
        charts += [_curve(most[place].record) for place in picked]
    return charts


def _learned(shared: Shared, name: str) -> Learned | None:
    """Functions on edges after training, on the task of two inputs that most models kept.

    At the smallest budget, where there are the fewest; else on a task of one input.
    """
    if shared.kept is None:
        return None
    for task, found in sorted(shared.pictured.items(), key=lambda item: _inputs(item[0]) != 2):
        own = [one for one in found if one.model == name]
        what = subject(task) if own and _inputs(task) <= 2 else None
        if what is None or what.current != task:
            continue
        one = network(min(own, key=lambda one: one.place.budget), shared.kept, what.task)
        if one:
            drawn = multiples(one.typical.network, what.names, what.unknowns)
            return Learned(one, drawn) if drawn else None
    return None


def _inputs(key: str) -> int:
    """Of a task that kansci has; many of another."""
    try:
        return get_task(key.rpartition("@")[0]).dim_in
    except UserError:
        return 99


def _curve(record: Record | None) -> Chart:
    """Training losses of every member; stages follow one another."""
    assert record is not None
    steps: list[float] = []
    rows: list[tuple[float, ...]] = []
    several, start = len(record.curves) > 1, 0
    for curve in record.curves:
        if several:  # a gap, as the next stage is another loss
            steps.append(start)
            rows.append((float("nan"),) * len(record.members))
        steps += [start + step for step in curve.evaluations]
        rows += curve.losses
        start += curve.evaluations[-1]
    losses = np.array(rows, dtype=float).T  # (member, evaluation)
    seeds = zip(record.recipe.evaluation_seeds, record.members, losses, strict=True)
    series = [
        Series(f"seed {seed}: {own[-1]:.1e} at the end" + f", {fate}" * (fate != "ok"), steps, own)
        for seed, fate, own in seeds
    ]
    title = f"{record.name}, {thousands(record.budget)} numbers"
    labels = ("evaluations of loss and gradient", "training loss")
    return chart(title, series, labels=labels, log=(not several, True))
