"""Formulas brought to one form, so that two that mean the same look the same.

Constants are gathered, what cancelled but for rounding is dropped, the leading coefficient is 1,
and the rest is rounded to significant digits.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import sympy
from sympy import Expr

from kansci.symbolic.rounding import gathered
from kansci.task import Interval

DIGITS = 3  # of constants, significant
CANCELLED = 1e-6  # share of a sum's largest term below which another is what rounding left
PLACES = (0.21, 0.5, 0.83)  # within the ranges, where terms are weighed


def constants_gathered(formula: Expr, *, expand: bool) -> Expr:
    """With numbers out of functions, as decimals.

    Args:
        expand: multiply sums out.
    """
    decimal = formula.replace(
        lambda part: part.is_number and not part.is_Rational, lambda part: part.evalf(17)
    )
    return gathered(cast(Expr, decimal), expand=expand)


def remaining(formula: Expr, ranges: Mapping[str, Interval]) -> Expr:
    """Without the terms of sums that are next to nothing beside the largest one.

    What is small depends on where the variables lie: terms are weighed at a few places, each
    variable as far along its range as the others.
    """
    ends = {x: _ends(x, ranges) for x in formula.free_symbols}
    points: list[dict[Any, Any]] = [
        {x: low + place * (high - low) for x, (low, high) in ends.items()} for place in PLACES
    ]

    def weight(term: Expr) -> float:
        return max(_size(term.evalf(15, subs=point)) for point in points)

    def kept(total: Expr) -> Expr:
        terms = cast(tuple[Expr, ...], total.args)
        weights = list(map(weight, terms))
        limit = CANCELLED * max(weights)
        pairs = zip(terms, weights, strict=True)
        return sympy.Add(*(term for term, size in pairs if not size < limit))

    return cast(Expr, formula.replace(lambda part: part.is_Add, kept))


def _ends(variable: Any, ranges: Mapping[str, Interval]) -> Interval:
    low, high = ranges.get(str(variable), (0.0, 1.0))
    return low, high


def _size(number: Any) -> float:
    """Infinite where it is no number, so that nothing is dropped for it."""
    return float(abs(number)) if number.is_number and number.is_finite else float("inf")


def monic(formula: Expr) -> Expr:
    """The multiple of a formula whose leading term has the coefficient 1."""
    terms = [term.as_coeff_Mul() for term in sympy.Add.make_args(formula)]
    moving = [(factor, rest) for factor, rest in terms if rest.free_symbols]
    if not moving:
        return formula
    lead, _ = min(moving, key=lambda term: sympy.default_sort_key(term[1]))
    return sympy.Add(*(factor / lead * rest for factor, rest in terms))


def rounded(formula: Expr, digits: int = DIGITS) -> Expr:
    """With every decimal number the fraction of so many significant digits."""
    near = {
        number: sympy.Rational(f"{float(number):.{digits}g}")
        for number in formula.atoms(sympy.Float)
    }
    return cast(Expr, formula.xreplace(near))
