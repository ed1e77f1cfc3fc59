"""What trained networks say on a task: maps of their errors, or curves over the truth."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from kansci.figures.fields import Ground, ground, said
from kansci.figures.look import raster, shades
from kansci.site.kept import Shown
from kansci.site.lines import LINES, Box, Chart, Limits, Series, box, chart, picture
from kansci.site.scale import MARGIN, Tick, scale_of
from kansci.site.subject import Subject, test_points
from kansci.statistics.forgetting import learned
from kansci.statistics.standing import final
from kansci.task import Task

TRUTH, ERROR = "viridis", "magma"
DEEP = 1e-4  # of the largest error that is told apart: smaller ones look alike
ROOM = 0.35  # of the truth's range, above and below it
STRIP = 5  # units of height for each stage


class Legend(NamedTuple):
    """What colours say: the shades from the lowest, and ticks in percent of the width."""

    name: str
    label: str
    shades: tuple[str, ...]
    ticks: tuple[Tick, ...]


class Map(NamedTuple):
    """Something over two variables, with its colours."""

    chart: Chart
    legend: Legend


class Answers(NamedTuple):
    """Networks on one task, a chart each; `legend` where their errors are mapped.

    Attributes:
        cut: models whose answers leave what is shown.
    """

    shown: tuple[Shown, ...]
    charts: tuple[Chart, ...]
    notes: tuple[str, ...]
    legend: Legend | None
    stages: int
    cut: tuple[str, ...] = ()


class Plane(NamedTuple):
    """A task of two variables as pixels."""

    ground: Ground
    labels: tuple[str, str]
    domain: tuple[Limits, Limits]
    boxes: tuple[Box, ...]

    def drawn(self, title: str, image: str) -> Chart:
        found = picture(title, image, labels=self.labels, domain=self.domain)
        return found._replace(boxes=self.boxes)


def plane(what: Subject) -> Plane:
    """The pixels of a task of two variables."""
    first, second = what.task.domain
    boxes = tuple(
        box(x, y, (first, second), ", ".join(map(str, numbers)))
        for numbers, (x, y) in _windows(what.task)
    )
    return Plane(ground(what.task), (what.names[0], what.names[1]), (first, second), boxes)


def truth(folder: Path, stem: str, what: Subject, over: Plane) -> Map:
    """The true field; writes its image."""
    values = over.ground.truth[:, 0].numpy()
    limits = (float(values.min()), float(values.max()))
    limits = limits if limits[0] < limits[1] else (limits[0] - 0.5, limits[1] + 0.5)
    image = _image(folder, f"{stem}.png")
    raster(over.ground.image(values), folder / image, colours=TRUTH, limits=limits)
    name = what.unknowns[0]
    return Map(over.drawn(f"The truth, {name}", image), _legend("truth", name, TRUTH, limits))


def maps(
    folder: Path, stem: str, what: Subject, over: Plane, shown: Sequence[Shown]
) -> Answers | None:
    """Distances from the truth on one logarithmic scale; writes their images.

    It ends where an error is as large as the truth varies: what is beyond is merely wrong.
    """
    right = over.ground.truth[:, 0]
    far = [(said(one.typical.network, over.ground.x)[:, 0] - right).abs().numpy() for one in shown]
    varies = float(right.max() - right.min()) or 1.0
    largest = min(varies, max((float(np.nanmax(values)) for values in far), default=0.0))
    if not largest > 0:
        return None
    lowest = min(float(np.nanquantile(values, 0.02)) for values in far)
    limits = (min(max(lowest, DEEP * largest), 0.1 * largest), largest)
    charts = []
    for number, (one, values) in enumerate(zip(shown, far, strict=True)):
        image = _image(folder, f"{stem}-{number + 1}.png")
        raster(over.ground.image(values), folder / image, colours=ERROR, limits=limits, log=True)
        charts.append(over.drawn(f"Error of {one.result.model}", image))
    label = f"|{what.unknowns[0]} - truth|"
    legend = _legend("error", label, ERROR, limits, log=True)
    return Answers(tuple(shown), tuple(charts), _notes(shown), legend, len(what.task.stages))


def curves(what: Subject, shown: Sequence[Shown]) -> Answers | None:
    """Of one variable: what networks say at the end, over the truth, on one scale."""
    if not shown:
        return None
    x, y = test_points(what.task)
    low, high = float(y[:, 0].min()), float(y[:, 0].max())
    limits = (low - ROOM * (high - low), high + ROOM * (high - low))
    stages = _windows(what.task) if len(what.task.stages) > 1 else []
    rows = sum(len(numbers) for numbers, _ in stages)
    grown = STRIP * rows
    frame = LINES._replace(height=LINES.height + grown, top=LINES.top + grown,
                           bottom=LINES.bottom + grown)  # fmt: skip
    scale = scale_of(x[:, 0].tolist())
    boxes = []
    for numbers, ((left, right), *_) in stages:
        at, end = frame.across(scale.at(left)), frame.across(scale.at(right))
        boxes += [
            Box(at, LINES.top - 4 + STRIP * (k - 1), round(end - at, 1), STRIP - 2) for k in numbers
        ]
    charts, cut = [], []
    for one in shown:
        own = said(one.typical.network, x)[:, 0].numpy()
        if not ((own >= limits[0]) & (own <= limits[1])).all():
            cut.append(one.result.model)
        series = (
            Series("the truth", x[:, 0], y[:, 0], "truth"),
            Series(one.result.model, x[:, 0], own, "c0"),
        )
        labels = (what.names[0], what.unknowns[0])
        drawn = chart(one.result.model, series, labels=labels, limits=limits, frame=frame)
        charts.append(drawn._replace(boxes=tuple(boxes)))
    return Answers(tuple(shown), tuple(charts), _notes(shown), None, rows, tuple(cut))


def _notes(shown: Sequence[Shown]) -> tuple[str, ...]:
    """Below each picture: the seed, its error, and what it forgot."""
    return tuple(map(_note, shown))


def _note(one: Shown) -> str:
    member, record = one.typical.member, one.record
    text = f"seed {one.typical.seed}, {one.result.metric} {one.typical.error:.1e}"
    if len(record.stages) < 2:
        return text
    reached, left = float(learned(record)[member]), float(final(record)[member])
    return f"{text}: {reached:.1f} decades just after each stage, {left:.1f} at the end"


def _windows(task: Task) -> list[tuple[list[int], list[Limits]]]:
    """Where each stage is judged, with the numbers of the stages that are learned there."""
    probes = {probe.name: probe for probe in task.judged_by("test")}
    numbers: dict[str, list[int]] = {}
    for number, stage in enumerate(task.stages, 1):
        if stage.name in probes and len(task.stages) > 1:
            numbers.setdefault(stage.name, []).append(number)
    found = []
    for name, own in numbers.items():
        x = probes[name].x
        ends = zip(x.amin(0).tolist(), x.amax(0).tolist(), strict=True)
        found.append((own, [(low, high) for low, high in ends]))
    return found


def _legend(name: str, label: str, colours: str, limits: Limits, *, log: bool = False) -> Legend:
    scale = scale_of(limits, log=log)
    ticks = [
        Tick(round(100 * (one.at - MARGIN) / (1 - 2 * MARGIN), 1), one.label)
        for one in scale.ticks(4)
    ]
    return Legend(name, label, tuple(shades(colours)), tuple(ticks))


def _image(folder: Path, name: str) -> str:
    (folder / "pictures").mkdir(exist_ok=True)
    return f"pictures/{name}"
