"""Whether the numbers of one Record fit one another, so that boards can be computed of it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

from kansci.record import Record


def inconsistent(record: Record) -> str:
    """What does not fit, wanted and got; empty if all does."""
    return next(_faults(record), "")


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
