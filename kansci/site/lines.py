"""Line charts as geometry: what a template draws as SVG, without a plotting library."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from kansci.site.scale import MARGIN, Scale, Tick, scale_of

WIDTH, HEIGHT = 320, 190  # in the units of the picture
LEFT, RIGHT, TOP, BOTTOM = 44, 14, 8, 36
COLOURS = 7


class Series(NamedTuple):
    """Points of one line; what is not finite is a gap."""

    label: str
    x: ArrayLike
    y: ArrayLike


class Drawn(NamedTuple):
    """One line: what a pointer on it is told, a path, and the number of its colour."""

    tip: str
    path: str
    colour: int


class Chart(NamedTuple):
    """All that a template needs; places are in the picture's units."""

    title: str
    x_label: str
    y_label: str
    lines: tuple[Drawn, ...]
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    top: int = TOP
    bottom: int = HEIGHT - BOTTOM


def chart(
    title: str,
    series: Sequence[Series],
    *,
    labels: tuple[str, str],
    log: tuple[bool, bool] = (False, False),
) -> Chart:
    """Lines on axes of their own, linear or logarithmic."""
    xs = scale_of(_values(one.x for one in series), log=log[0])
    ys = scale_of(_values(one.y for one in series), log=log[1])
    lines = tuple(
        Drawn(one.label, _path(one, xs, ys), number % COLOURS) for number, one in enumerate(series)
    )
    x_ticks = tuple(Tick(_across(tick.at), tick.label) for tick in xs.ticks(5))
    y_ticks = tuple(Tick(_up(tick.at), tick.label) for tick in ys.ticks(4))
    return Chart(title, *labels, lines, x_ticks, y_ticks)


def _values(arrays: Iterable[ArrayLike]) -> list[float]:
    return [float(v) for array in arrays for v in np.ravel(np.asarray(array, dtype=float))]


def _path(series: Series, xs: Scale, ys: Scale) -> str:
    """SVG path commands; the pen is lifted over what cannot be drawn."""
    commands, pen = [], "M"
    for x, y in zip(np.asarray(series.x, float), np.asarray(series.y, float), strict=True):
        drawn = all(np.isfinite(v) and (v > 0 or not s.log) for v, s in ((x, xs), (y, ys)))
        if drawn:
            commands.append(f"{pen}{_across(xs.at(x)):.1f} {_up(ys.at(y)):.1f}")
        pen = "L" if drawn else "M"
    return "".join(commands)


def _across(share: float) -> float:
    return round(LEFT + (WIDTH - LEFT - RIGHT) * _whole(share), 1)


def _up(share: float) -> float:
    return round(HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * _whole(share), 1)


def _whole(share: float) -> float:
    """Charts have room of their own around them."""
    return (share - MARGIN) / (1 - 2 * MARGIN)
