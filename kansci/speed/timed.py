"""Timings of the speed lane and of suites, sorted by what may stand in one column."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from kansci.record import FAILED, Speed, Timing
from kansci.statistics.standing import UNSCORED

EQUAL = "equal parameters"
SCORED = ("forward", "forward + backward")
SMALL = 64  # batches below are small: overhead counts there, and throughput above


class Kind(NamedTuple):
    """What is never mixed in one number."""

    gpu: bool
    dtype: str
    gear: str

    @property
    def name(self) -> str:
        """`compiled`, `float64`, `gpu`, `gpu compiled`; empty for what makes the score."""
        words = ["gpu"] * self.gpu + [self.dtype] * (self.dtype != PLAIN.dtype)
        return " ".join(words + [self.gear] * (self.gear != PLAIN.gear))


class Timed(NamedTuple):
    """A timing, where it was taken; without widths at equal parameters or at a suite's width."""

    budget: int
    widths: tuple[int, ...]
    kind: Kind
    timing: Timing

    @property
    def place(self) -> tuple[int, str]:
        return self.budget, f"{self.timing.work}, batch {self.timing.batch}"

    @property
    def scored(self) -> bool:
        """Whether it makes a score: forward, with and without backward, at equal parameters."""
        return self.timing.shape == EQUAL and self.timing.work in SCORED


PLAIN = Kind(gpu=False, dtype="float32", gear="eager")
Places = dict[Kind, set[tuple[int, str]]]


def kind_of(speed: Speed, dtype: str, gear: str) -> Kind:
    return Kind(speed.environment.device != "cpu", dtype, gear)


def counts(speed: Speed) -> bool:
    """Whether the score rests on it: eager, float32, on a CPU, within a budget."""
    return not speed.widths and kind_of(speed, speed.dtype, speed.gear) == PLAIN


def timed(speeds: Sequence[Speed]) -> list[Timed]:
    """The newest timing of each piece of work, of all models at hand, the oldest Record first."""
    found: dict[object, Timed] = {}
    for speed in speeds:
        if speed.status in FAILED or speed.status in UNSCORED:
            continue
        for timing in speed.timings:
            kind = kind_of(speed, timing.dtype, timing.gear)
            one = Timed(speed.budget, speed.widths, kind, timing)
            found[speed.model, one[:3], timing.shape, timing.work, timing.batch] = one
    return list(found.values())


def places(found: Iterable[Timed]) -> Places:
    """What any model was timed at, of what makes a score, by kind."""
    expected: Places = {}
    for one in found:
        if one.scored:
            expected.setdefault(one.kind, set()).add(one.place)
    return expected


def columns(found: Sequence[Timed]) -> dict[str, float | None]:
    """The ratio of each shape and work, geometric mean over batches; CPU ms of forward and
    backward together."""
    plain = [one for one in found if one.kind == PLAIN and not one.widths]
    groups: dict[str, list[float]] = {}
    for one in plain:
        if one.timing.work in SCORED:
            shape = "" if one.timing.shape == EQUAL else "width: "
            groups.setdefault(f"{shape}{one.timing.work}", []).append(one.timing.ratio)
    order = sorted(groups, key=lambda name: ("width" in name, name))
    both = [one for one in plain if one.scored and one.timing.work == "forward + backward"]
    return {name: mean(groups[name]) for name in order} | {
        "cpu ms": mean([one.timing.cpu_ms for one in both])
    }


def further(found: Sequence[Timed], expected: Places) -> dict[str, float | None]:
    """What the speed lane adds: other work, other kinds, given widths, memory."""
    groups: dict[str, list[float]] = {}
    for one in found:
        if one.kind == PLAIN and (name := _column(one)):
            groups.setdefault(name, []).append(one.timing.ratio)
        if one.kind == PLAIN and one.scored and one.timing.kept and one.timing.reference_kept:
            groups.setdefault("kept", []).append(one.timing.kept / one.timing.reference_kept)
    order = sorted(groups, key=lambda name: (name[:1].isdigit(), len(name), name))
    kinds = {kind.name: _other(found, kind, expected[kind]) for kind in sorted(expected)}
    kinds.pop(PLAIN.name, None)
    return {name: mean(groups[name]) for name in order} | {"gpu": None} | kinds


def geometric_mean(found: Sequence[Timed]) -> tuple[float, float, float]:
    """Ratio, low and high.

    On the log scale half-widths of timings at one budget add up, as the same processes took them
    and what moves one moves all; those of several budgets, which are independent, add in squares.
    """
    logs = np.log([[one.timing.ratio, one.timing.low, one.timing.high] for one in found])
    budgets = np.array([one.budget for one in found])
    middle = logs[:, 0].mean()
    halves = np.abs(logs[:, 1:] - logs[:, :1])  # (timing, 2): down and up
    of_budgets = [halves[budgets == budget].sum(0) for budget in np.unique(budgets)]
    down, up = np.sqrt(np.square(of_budgets).sum(0)) / len(logs)
    return math.exp(middle), math.exp(middle - down), math.exp(middle + up)


def waiting(timings: Iterable[Timing]) -> float | None:
    """Wall-clock time over CPU time, the median over timings of a CPU; of none there is none.

    Much above 1 others used the core: their work empties caches, which CPU time does not leave out.
    """
    own = [one for one in timings if one.device_ms is None and one.cpu_ms > 0]
    return float(np.median([one.wall_ms / one.cpu_ms for one in own])) if own else None


def mean(values: Sequence[float]) -> float | None:
    """Geometric; none of nothing."""
    return math.exp(np.log(values).mean()) if values else None


def _column(one: Timed) -> str:
    """The column of a timing that makes no score; empty: it has none."""
    timing = one.timing
    where = f"{'-'.join(map(str, one.widths))} " if one.widths else ""
    if timing.work == "training step":
        return f"{where}small step" if timing.batch < SMALL else f"{where}step"
    if timing.work == "inference":
        return f"{where}infer" if where else f"infer {timing.batch}"
    return ""


def _other(found: Sequence[Timed], kind: Kind, wanted: set[tuple[int, str]]) -> float | None:
    """The score of another kind; none where a timing is missing, as it would be of other work."""
    own = [one for one in found if one.scored and one.kind == kind and not one.widths]
    if {one.place for one in own} != wanted:
        return None
    return mean([one.timing.ratio for one in own])
