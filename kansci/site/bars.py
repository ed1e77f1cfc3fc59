"""Interval bars: a line of dots and whiskers in every row of a table, on one axis."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from kansci.site.scale import Scale, Tick, scale_of


class Interval(NamedTuple):
    """A number with one or two intervals; `inner` is the narrower one."""

    value: float
    outer: tuple[float, float] | None = None
    inner: tuple[float, float] | None = None


class Bar(NamedTuple):
    """Places in percent of the width, and what a pointer on the bar is told."""

    value: float
    outer: tuple[float, float] | None
    inner: tuple[float, float] | None
    tip: str


class Bars(NamedTuple):
    """The axis of a column of bars; `origin` is where nothing is gained, if it is in sight."""

    scale: Scale
    ticks: tuple[Tick, ...]
    origin: float | None

    def bar(self, one: Interval, tip: str) -> Bar:
        return Bar(self._percent(one.value), self._both(one.outer), self._both(one.inner), tip)

    def _both(self, ends: tuple[float, float] | None) -> tuple[float, float] | None:
        return ends and (self._percent(ends[0]), self._percent(ends[1]))

    def _percent(self, value: float) -> float:
        return round(100 * self.scale.at(value), 2)


def bars(found: Iterable[Interval], *, log: bool = False, zero: bool = False) -> Bars:
    """An axis that holds all of them; `zero` makes it hold 0 as well."""
    values = [0.0] if zero else []
    for one in found:
        values += [one.value, *(one.outer or ()), *(one.inner or ())]
    scale = scale_of(values, log=log)
    nothing = 1.0 if log else 0.0
    inside = scale.low <= nothing <= scale.high
    ticks = tuple(Tick(round(100 * tick.at, 2), tick.label) for tick in scale.ticks(4))
    return Bars(scale, ticks, round(100 * scale.at(nothing), 2) if inside else None)
