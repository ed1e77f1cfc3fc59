"""Axes: where a value lies, and round numbers to mark."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

MARGIN = 0.03  # of the width on either side, so that dots at the ends are whole


class Tick(NamedTuple):
    """A mark at a share of the width, from 0 to 1."""

    at: float
    label: str


class Scale(NamedTuple):
    """From values to shares of the width, linear or logarithmic."""

    low: float
    high: float
    log: bool = False

    def at(self, value: float) -> float:
        """A share from 0 to 1; what lies outside is put at the end."""
        low, high, value = (self._flat(v) for v in (self.low, self.high, value))
        share = (value - low) / (high - low) if high > low else 0.5
        return MARGIN + (1 - 2 * MARGIN) * min(1.0, max(0.0, share))

    def ticks(self, most: int = 5) -> list[Tick]:
        """At most so many round numbers within."""
        values = _powers(self.low, self.high, most) if self.log else _steps(self, most)
        return [Tick(self.at(value), _label(value)) for value in values]

    def _flat(self, value: float) -> float:
        return math.log10(max(value, 1e-300)) if self.log else value


def scale_of(values: Iterable[float], *, log: bool = False) -> Scale:
    """The scale that holds all finite values; of a logarithmic one, those above zero."""
    known = [v for v in values if math.isfinite(v) and (v > 0 or not log)]
    low, high = (min(known), max(known)) if known else (0.0, 1.0)
    if low == high:
        low, high = (low / 2, high * 2) if log and low else (low - 0.5, high + 0.5)
    return Scale(low, high, log and bool(known))


def _steps(scale: Scale, most: int) -> list[float]:
    """Multiples of 1, 2 or 5 times a power of ten."""
    rough = (scale.high - scale.low) / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * part for part in (1, 2, 5, 10) if power * part >= rough * (1 - 1e-9))
    first, last = math.ceil(scale.low / step - 1e-9), math.floor(scale.high / step + 1e-9)
    return [step * number for number in range(first, last + 1)]


def _powers(low: float, high: float, most: int) -> list[float]:
    """Powers of ten, as many apart as needed; with 2 and 5 times them where there are few."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    parts = (1, 2, 5) if last - first <= 2 else (1,)
    every = max(1, math.ceil((last - first) / most))
    values = [part * 10.0**power for power in range(first, last + 1, every) for part in parts]
    return [value for value in values if low * (1 - 1e-9) <= value <= high * (1 + 1e-9)]


def _label(value: float) -> str:
    if value and not 1e-3 <= abs(value) < 1e4:
        return f"{value:.0e}".replace("e-0", "e-").replace("e+0", "e")
    return f"{value:g}" if abs(value) > 1e-12 else "0"
