"""Whether the numbers of one Record fit one another, so that boards can be computed of it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from itertools import chain, pairwise
from typing import Any

from kansci.record import FAILED, Record

ROUNDING = 1e-5  # of six digits, twice


def inconsistent(record: Record, rates: Sequence[float] = ()) -> str:
    """What does not fit, wanted and got; empty if all does.

    Args:
        rates: that were to be tried; by default the recipe's, as of all that is submitted.
    """
    return next(chain(_faults(record), _mistuned(record, rates or record.recipe.rates)), "")


def _faults(record: Record) -> Iterator[str]:
    seeds, stages, probes = len(record.recipe.evaluation_seeds), record.stages, record.probes
    if not re.fullmatch(r"[^@]+@[1-9]\d{0,5}", record.task, re.ASCII):
        yield f"want a task NAME@VERSION, got {record.task[:60]!r}"
    if not 1 <= record.budget <= 10**9:
        yield "want a budget of at least 1"
    if record.parameters is not None and not 0 <= record.parameters <= record.budget:
        yield f"want parameters within the budget of {record.budget}"
    for name in ("trivial", "scale"):
        if not 0 < getattr(record, name) < math.inf:
            yield f"want a {name} above 0, got {getattr(record, name):g}"
    for name in ("seconds", "memory", "adapted"):
        if not 0 <= getattr(record, name) < math.inf:
            yield f"want {name} of at least 0"
    if record.members and len(record.members) != seeds:
        yield f"want {seeds} members, one for each seed, got {len(record.members)}"
    if record.status == "ok" and not (record.errors and record.members):
        yield "want errors and members where the status is ok, got none"
    if record.errors and _shape(record.errors) != (len(stages), len(probes), seeds):
        yield f"want errors of {len(stages)} stages, {len(probes)} probes and {seeds} members"
    else:
        yield from _fates(record)
    if record.untrained and _shape(record.untrained) != (len(probes), seeds):
        yield f"want untrained errors of {len(probes)} probes and {seeds} members"
    for name in ("points", "spreads"):
        if (found := getattr(record, name)) and len(found) != len(probes):
            yield f"want {name} of {len(probes)} probes, got {len(found)}"
    for values in (*record.beside.values(), *record.coefficients.values()):
        if len(values) != seeds:
            yield f"want further numbers of {seeds} members, got {len(values)}"
    if any(count < 1 for count in record.points):
        yield f"want points of at least 1, got {min(record.points)}"
    if not all(0 <= spread < math.inf for spread in record.spreads):
        yield "want spreads of at least 0"
    for curve in record.curves:
        steps = curve.evaluations
        if not steps or steps[0] < 0 or any(a >= b for a, b in pairwise(steps)):
            yield "want evaluations of a curve that rise"
        if _shape(curve.losses) != (len(steps), seeds):
            yield f"want {len(steps)} losses of {seeds} members in a curve"
    for value in _numbers(record.errors):
        if value < 0:
            yield f"want errors of at least 0, got {value:g}"


def _fates(record: Record) -> Iterator[str]:
    """Whether members became what their errors say, as `kansci.judging.judge` has it."""
    members = record.members
    if not record.errors:
        return
    if not members:
        yield "want members where there are errors, got none"
        return
    if odd := [one for one in members if one != "ok" and one not in FAILED]:
        yield f"want members with errors that are ok or failed, got {odd[0]!r}"
    wanted = "ok" if "ok" in members else members[0]
    if record.status != wanted:
        yield f"want the status {wanted!r} of its members, got {record.status!r}"
    columns = zip(*(probe for stage in record.errors for probe in stage), strict=True)
    for one, column in zip(members, columns, strict=False):
        if one == "ok" and not all(map(math.isfinite, column)):
            yield "want errors of members that are ok to be numbers, got NaN or infinity"


def _mistuned(record: Record, rates: Sequence[float]) -> Iterator[str]:
    """Whether the rate is the one that `kansci.judging.chosen` takes: the least mean of scores."""
    rate, seeds = record.rate, record.recipe.tuning_seeds
    if rate is None:
        if record.errors or record.tuning:
            yield "want a rate where networks were trained, got none"
        return
    if rate not in rates:
        yield f"want a rate of {_listed(rates)}, got {rate:g}"
        return
    trials = [(trial.rate, trial.seed) for trial in record.tuning]
    if trials != [(rate, seed) for rate in rates for seed in seeds]:
        yield f"want trials of {_listed(rates)}, each on {len(seeds)} seeds, got {len(trials)}"
        return
    scores = {one: [t.score for t in record.tuning if t.rate == one] for one in rates}
    if any(math.isnan(score) for row in scores.values() for score in row):
        yield "want scores of trials that are numbers, got NaN"
        return
    means = {one: sum(row) / len(row) for one, row in scores.items()}
    best = min(rates, key=means.__getitem__)
    if means[rate] > means[best] + _slack([*scores[rate], *scores[best]]):
        yield f"want the rate whose trials end best, {best:g}, got {rate:g}"


def _slack(scores: Sequence[float]) -> float:
    """By how much two means may seem to differ that were equal before they were rounded."""
    return ROUNDING * max((abs(one) for one in scores if math.isfinite(one)), default=0.0)


def _listed(rates: Sequence[float]) -> str:
    return ", ".join(f"{rate:g}" for rate in rates)


def _shape(rows: Any) -> tuple[int, ...] | None:
    """Of nested tuples, `None` where they are ragged."""
    if not isinstance(rows, Sequence):
        return ()
    shapes = {_shape(row) for row in rows}
    if len(shapes) != 1 or None in shapes:
        return (0,) if not rows else None
    (inner,) = shapes
    return (len(rows), *(inner or ()))


def _numbers(rows: Any) -> Iterator[float]:
    if isinstance(rows, Sequence):
        for row in rows:
            yield from _numbers(row)
    else:
        yield rows
