"""Where the values of a formula lie while its variables run over their ranges.

Interval arithmetic: every part is taken by itself, so an interval may be wider than the values
are, and is never narrower but for rounding. Where a part is not real, its values are left out.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, cast

import numpy as np
import sympy
from sympy import Expr

from kansci.task import Interval

EVERYWHERE: Interval = (-math.inf, math.inf)
ROUNDING = 1e-9  # share of the largest value by which an interval may pass an end


def bounds(formula: Expr, ranges: Mapping[str, Interval]) -> Interval:
    """The least and the largest value, or beyond; a variable without a range is any number."""
    with np.errstate(all="ignore"):
        low, high = _bounds(formula, ranges)
    return (low, high) if low <= high else EVERYWHERE  # not so where one is no number


def within(inner: Interval, outer: Interval) -> bool:
    """Whether one interval lies in another, but for rounding."""
    low, high = inner
    slack = ROUNDING * max(abs(low), abs(high)) if math.isfinite(high - low) else 0.0
    return outer[0] - slack <= low and high <= outer[1] + slack


def sign(formula: Expr, ranges: Mapping[str, Interval]) -> int:
    """1 where a formula is nowhere negative, -1 where nowhere positive, 0 where neither is sure."""
    found = bounds(formula, ranges)
    if within(found, (0.0, math.inf)):
        return 1
    return -1 if within(found, (-math.inf, 0.0)) else 0


def _bounds(formula: Expr, ranges: Mapping[str, Interval]) -> Interval:
    if formula.is_Symbol:
        return ranges.get(str(formula), EVERYWHERE)
    if formula.is_number:
        value = complex(formula)
        return EVERYWHERE if value.imag else (value.real, value.real)
    parts = [bounds(cast(Expr, part), ranges) for part in formula.args]
    if formula.is_Add:
        return sum(low for low, _ in parts), sum(high for _, high in parts)
    if formula.is_Mul:
        found = parts[0]
        for part in parts[1:]:
            found = _product(found, part)
        return found
    if isinstance(formula, sympy.Pow):
        return _power(parts[0], float(formula.exp)) if formula.exp.is_number else EVERYWHERE
    if formula.func in _INCREASING:
        function, (least, largest) = _INCREASING[formula.func]
        low, high = (float(function(np.clip(end, least, largest))) for end in parts[0])
        return low, high
    rule = _RULES.get(formula.func)
    return EVERYWHERE if rule is None else rule(parts[0])


def _product(one: Interval, other: Interval) -> Interval:
    corners = [a * b if a and b else 0.0 for a in one for b in other]  # 0 times infinity is 0
    return min(corners), max(corners)


def _power(base: Interval, power: float) -> Interval:
    if power < 0:
        return _inverse(_power(base, -power))
    if power % 2 == 0:
        base = _absolute(base)
    if not power.is_integer():
        base = max(base[0], 0.0), max(base[1], 0.0)
    low, high = (float(np.float64(end) ** power) for end in base)
    return low, high


def _inverse(values: Interval) -> Interval:
    low, high = values
    if low < 0 < high:
        return EVERYWHERE
    if high <= 0 and low < 0:
        least, largest = _inverse((-high, -low))
        return -largest, -least
    return 1 / high if high else math.inf, 1 / low if low else math.inf


def _absolute(values: Interval) -> Interval:
    ends = sorted(map(abs, values))
    return 0.0 if values[0] < 0 < values[1] else ends[0], ends[1]


def _sin(values: Interval) -> Interval:
    low, high = values
    if not high - low < 2 * math.pi:
        return -1.0, 1.0

    def passes(phase: float) -> bool:
        turn = 2 * math.pi
        return phase + turn * math.ceil((low - phase) / turn) <= high

    ends = math.sin(low), math.sin(high)
    least = -1.0 if passes(-math.pi / 2) else min(ends)
    return least, 1.0 if passes(math.pi / 2) else max(ends)


def _cos(values: Interval) -> Interval:
    return _sin((values[0] + math.pi / 2, values[1] + math.pi / 2))


def _tan(values: Interval) -> Interval:
    low, high = values
    branch = half_turn(values)
    return EVERYWHERE if branch is None else (math.tan(low), math.tan(high))


def half_turn(values: Interval) -> int | None:
    r"""The $n$ for which all angles lie within $n\pi \pm \pi/2$, but for rounding."""
    low, high = values
    if not math.isfinite(high - low):
        return None
    middle = round((low + high) / 2 / math.pi)
    inside = within(values, ((middle - 0.5) * math.pi, (middle + 0.5) * math.pi))
    return middle if inside else None


def _acos(values: Interval) -> Interval:
    low, high = (math.acos(min(max(end, -1.0), 1.0)) for end in reversed(values))
    return low, high


def _cosh(values: Interval) -> Interval:
    low, high = (float(np.cosh(end)) for end in _absolute(values))
    return low, high


_INCREASING: dict[Any, tuple[Callable[[Any], Any], Interval]] = {
    sympy.exp: (np.exp, EVERYWHERE),
    sympy.log: (np.log, (0.0, math.inf)),
    sympy.atan: (np.arctan, EVERYWHERE),
    sympy.tanh: (np.tanh, EVERYWHERE),
    sympy.sinh: (np.sinh, EVERYWHERE),
    sympy.asin: (np.arcsin, (-1.0, 1.0)),
}
_RULES: dict[Any, Callable[[Interval], Interval]] = {
    sympy.Abs: _absolute,
    sympy.sin: _sin,
    sympy.cos: _cos,
    sympy.tan: _tan,
    sympy.acos: _acos,
    sympy.cosh: _cosh,
}
