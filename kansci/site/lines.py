"""Charts as geometry: what a template draws as SVG, without a plotting library."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from kansci.site.scale import MARGIN, Scale, Tick, scale_of
from kansci.statistics.stats import Floats

COLOURS = 7
Limits = tuple[float, float]


class Frame(NamedTuple):
    """The size of a picture and where its axes lie, in units of its own."""

    width: int = 320
    height: int = 190
    left: int = 52
    right: int = 306
    top: int = 8
    bottom: int = 154

    def across(self, share: float) -> float:
        return round(self.left + (self.right - self.left) * _whole(share), 1)

    def up(self, share: float) -> float:
        return round(self.bottom - (self.bottom - self.top) * _whole(share), 1)


LINES = Frame()
MAP = Frame(width=250, height=228, left=44, right=242, top=8, bottom=192)


class Series(NamedTuple):
    """Points of one line; what is not finite is a gap. A style is a class of the style sheet."""

    label: str
    x: ArrayLike
    y: ArrayLike
    style: str = ""


class Drawn(NamedTuple):
    """One line: what a pointer on it is told, a path, and its style."""

    tip: str
    path: str
    style: str


class Box(NamedTuple):
    """A marked region."""

    x: float
    y: float
    width: float
    height: float
    label: str = ""


class Chart(NamedTuple):
    """All that a template needs; places are in the picture's units.

    Attributes:
        image: that fills the axes, from the root of the site; empty for none.
    """

    title: str
    x_label: str
    y_label: str
    lines: tuple[Drawn, ...]
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    frame: Frame = LINES
    image: str = ""
    boxes: tuple[Box, ...] = ()


def chart(
    title: str,
    series: Sequence[Series],
    *,
    labels: tuple[str, str],
    log: tuple[bool, bool] = (False, False),
    limits: Limits | None = None,
    frame: Frame = LINES,
) -> Chart:
    """Lines on axes of their own, linear or logarithmic.

    Args:
        limits: of the values that are shown; lines end where they leave them.
    """
    xs = scale_of(_values(one.x for one in series), log=log[0])
    ys = scale_of(limits or _values(one.y for one in series), log=log[1])
    lines = tuple(
        Drawn(one.label, _path(one, xs, ys, limits, frame), one.style or f"c{number % COLOURS}")
        for number, one in enumerate(series)
    )
    return Chart(title, *labels, lines, *_ticks(xs, ys, frame), frame)


def picture(
    title: str, image: str, *, labels: tuple[str, str], domain: tuple[Limits, Limits]
) -> Chart:
    """An image over two variables."""
    xs, ys = map(scale_of, domain)
    return Chart(title, *labels, (), *_ticks(xs, ys, MAP), MAP, image)


def box(x: Limits, y: Limits, domain: tuple[Limits, Limits], label: str) -> Box:
    """A region of a picture."""
    xs, ys = map(scale_of, domain)
    (left, right), (bottom, top) = map(xs.at, x), map(ys.at, y)
    left, right, top, bottom = MAP.across(left), MAP.across(right), MAP.up(top), MAP.up(bottom)
    return Box(left, top, round(right - left, 1), round(bottom - top, 1), label)


def _ticks(xs: Scale, ys: Scale, frame: Frame) -> tuple[tuple[Tick, ...], tuple[Tick, ...]]:
    return (
        tuple(Tick(frame.across(tick.at), tick.label) for tick in xs.ticks(5)),
        tuple(Tick(frame.up(tick.at), tick.label) for tick in ys.ticks(4)),
    )


def _values(arrays: Iterable[ArrayLike]) -> list[float]:
    return [float(v) for array in arrays for v in np.ravel(np.asarray(array, dtype=float))]


def _path(series: Series, xs: Scale, ys: Scale, limits: Limits | None, frame: Frame) -> str:
    """SVG path commands; the pen is lifted over what cannot be drawn."""
    commands, pen = [], "M"
    values = np.asarray(series.y, float)
    values = values if limits is None else _within(values, limits)
    for x, y in zip(np.asarray(series.x, float), values, strict=True):
        drawn = all(np.isfinite(v) and (v > 0 or not s.log) for v, s in ((x, xs), (y, ys)))
        if drawn:
            commands.append(f"{pen}{frame.across(xs.at(x)):.1f} {frame.up(ys.at(y)):.1f}")
        pen = "L" if drawn else "M"
    return "".join(commands)


def _within(values: Floats, limits: Limits) -> Floats:
    """Values outside as gaps, but for those next to one inside: lines run into the frame."""
    outside = ~((values >= limits[0]) & (values <= limits[1]))
    before, after = np.append(True, outside[:-1]), np.append(outside[1:], True)
    return np.where(outside & before & after, np.nan, np.clip(values, *limits))


def _whole(share: float) -> float:
    """Charts have room of their own around them."""
    return (share - MARGIN) / (1 - 2 * MARGIN)
