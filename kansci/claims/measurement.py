"""What was measured for a claim: quantities with intervals, and where they come from."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from pydantic import Field

from kansci.record import Environment, Frozen, Number
from kansci.statistics import middle
from kansci.statistics.middle import LEVEL

Over = Literal["seeds", "blocks", "processes", "records", "tasks", "nothing"]
OF_LEDGER = {"records", "tasks"}
OF_CLOCK = {"blocks", "processes"}
LEFT_OUT = "is left out, as it"  # a remark that says so is the reason why a quantity is missing


class NotMeasured(LookupError):
    """A rule asks for what was not measured, or is no number."""


class Quantity(Frozen, frozen=True):
    """A number and its 95 % interval.

    Attributes:
        over: what the interval is over: seeds, blocks of a timing in one process, processes of a
            timing in several, Records or tasks of the ledger; nothing for what is computed and not
            measured.
    """

    name: str
    value: Number
    low: Number
    high: Number
    unit: str = ""
    over: Over = "nothing"
    count: int = Field(default=1, description="seeds, blocks, processes, Records or tasks")

    def __str__(self) -> str:
        if self.over == "nothing":
            return _joined(short(self.value), self.unit)
        return _joined(f"{short(self.value)} [{short(self.low)}, {short(self.high)}]", self.unit)


class Measurement(Frozen, frozen=True):
    """All that was measured for one claim in one go: one JSON file.

    Attributes:
        content: hash of the claim's own file without what it says of the claim, so that what is
            stale can be told.
        ledger: hash of the Records that it was made of; empty for what needs none.
        load: load average of the machine, the larger of before and after.
    """

    schema_version: Literal[1] = 1
    claim: str
    content: str
    quantities: tuple[Quantity, ...]
    remarks: tuple[str, ...] = ()
    ledger: str = ""
    seconds: Number = Field(description="CPU seconds")
    load: Number
    environment: Environment

    def __getitem__(self, name: str) -> Quantity:
        """The quantity of that name.

        Raises:
            NotMeasured: if there is none, or it is NaN.
        """
        for one in self.quantities:
            if one.name == name:
                return _known(one)
        raise NotMeasured(f"No quantity {name!r} was measured")

    def __contains__(self, name: object) -> bool:
        return any(one.name == name for one in self.quantities)

    def starting(self, words: str, *, needed: bool = True) -> list[Quantity]:
        """The quantities whose names begin so.

        Args:
            needed: whether there is one on every machine, whatever is installed.

        Raises:
            NotMeasured: if one is NaN, or a needed one is missing.
        """
        found = [_known(one) for one in self.quantities if one.name.startswith(words)]
        if needed and not found:
            raise NotMeasured(f"No quantity {words!r}... was measured")
        return found


def _known(one: Quantity) -> Quantity:
    if any(map(math.isnan, (one.value, one.low, one.high))):
        raise NotMeasured(f"The quantity {one.name!r} is {one}")
    return one


def exactly(name: str, value: float, unit: str = "") -> Quantity:
    """What is computed, or counted: another run gives the same."""
    return Quantity(name=name, value=value, low=value, high=value, unit=unit)


def mean(name: str, values: ArrayLike, unit: str = "", *, over: Over = "seeds") -> Quantity:
    """The mean over seeds, or over Records, `(n,)`, with Student's interval."""
    return _quantity(name, _student(values), unit, over)


def geometric_mean(name: str, values: ArrayLike, unit: str = "") -> Quantity:
    """Of positive numbers over seeds, `(seed,)`, with Student's interval of their logarithms."""
    found = np.maximum(np.asarray(values, dtype=float), 1e-300)
    *logs, count = _student(np.log(found))
    value, low, high = map(_exp, logs)
    return _quantity(name, (value, low, high, count), unit, "seeds")


def ratio(name: str, above: ArrayLike, below: ArrayLike, unit: str = "times") -> Quantity:
    """The geometric mean of what is above over what is below, seed by seed, `(seed,)` each."""
    return geometric_mean(name, np.asarray(above, float) / np.asarray(below, float), unit)


def median(name: str, values: ArrayLike, unit: str = "") -> Quantity:
    """The median over processes, `(process,)`, with an interval for any distribution.

    Raises:
        ValueError: for fewer than six, whose range falls short of 95 %.
    """
    found = middle.median(values)
    return _quantity(name, (*found, np.size(values)), unit, "processes")


def share(name: str, hits: Sequence[bool]) -> Quantity:
    """The share of seeds of which something is true, with Wilson's interval."""
    from scipy.stats import binomtest

    found = binomtest(sum(hits), len(hits)).proportion_ci(LEVEL, method="wilson")
    return _quantity(name, (sum(hits) / len(hits), found.low, found.high, len(hits)), "", "seeds")


def _quantity(name: str, found: tuple[float, float, float, int], unit: str, over: Over) -> Quantity:
    value, low, high, count = found
    return Quantity(name=name, value=value, low=low, high=high, unit=unit, over=over, count=count)


def _student(values: ArrayLike) -> tuple[float, float, float, int]:
    r"""$\bar v \pm t\,s/\sqrt n$ with $t$ the 97.5 % quantile of $n - 1$ degrees of freedom.

    Raises:
        ValueError: for fewer than two seeds, which have no interval.
    """
    from scipy.stats import t

    found = np.asarray(values, dtype=float)
    if found.ndim != 1 or len(found) < 2:
        raise ValueError(f"want the values of two seeds or more, got shape {found.shape}")
    half = t.ppf((1 + LEVEL) / 2, len(found) - 1) * found.std(ddof=1) / math.sqrt(len(found))
    centre = float(found.mean())
    return centre, centre - float(half), centre + float(half), len(found)


def _exp(value: float) -> float:
    return math.exp(value) if value < 700 else math.inf


def short(value: float) -> str:
    """Three digits: `0.0431`, `3.4`, `1 230`, `1.5e-07`.

    >>> [short(one) for one in (0.04309, 3.4, 1234.0, 1.52e-7, 0.0)]
    ['0.0431', '3.4', '1 230', '1.52e-07', '0']
    """
    if not math.isfinite(value) or value == 0:
        return f"{value:g}"
    if 1e-3 <= abs(value) < 1e7:
        digits = 2 - math.floor(math.log10(abs(value)))
        rounded = round(value, digits)
        return f"{rounded:,.0f}".replace(",", " ") if abs(rounded) >= 100 else f"{rounded:g}"
    return f"{value:.3g}"


def _joined(*words: str) -> str:
    return " ".join(word for word in words if word)


def listed(quantities: Sequence[Quantity]) -> str:
    """In a line."""
    return "; ".join(f"{one.name}: {one}" for one in quantities)
