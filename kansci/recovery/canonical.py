"""Formulas brought to one form, so that two that mean the same look the same.

Functions that undo each other are taken away, constants are gathered, what cancelled but for
rounding is dropped, the leading coefficient is 1, and the rest is rounded to significant digits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np
import sympy
from numpy.typing import NDArray
from sympy import Expr

from kansci.formulas import NOWHERE
from kansci.symbolic.inverses import undone
from kansci.symbolic.rounding import gathered
from kansci.task import Interval

DIGITS = 3  # of constants, significant
CANCELLED = 1e-6  # share of a sum's largest term below which another is what rounding left
PLACES = (0.21, 0.5, 0.83)  # within the ranges, where terms are weighed
ROUNDS = 4  # of gathering and undoing: a pair that is gone may bring another together
POINTS = 64  # within the ranges, where values are compared


def settled(formula: Expr, ranges: Mapping[str, Interval]) -> Expr:
    r"""Without pairs of functions that undo each other, such as $\tan(1.0 \arctan u + 10^{-17})$.

    All digits are kept: were constants rounded first, those around a pair could not be multiplied
    out any more. What rounding left between the two is cleared, by as much as `remaining` does. So
    that nothing else is, the formula comes back as it was if the NRMSE between both is more than a
    millionth.
    """
    found = formula
    for _ in range(ROUNDS):
        plain = remaining(_halves(constants_gathered(found, expand=False)), ranges)
        if plain.has(*NOWHERE):
            return formula
        simpler = undone(plain, ranges)
        if simpler == found:
            break
        found = simpler
    return found if _agree(formula, found, ranges) else formula


def _halves(formula: Expr) -> Expr:
    """With decimal numbers that are multiples of 1/2 but for rounding exactly these, but for 0."""
    near = {
        number: half
        for number in formula.atoms(sympy.Float)
        if (half := sympy.Rational(round(2 * number), 2)) and abs(number - half) < CANCELLED
    }
    return cast(Expr, formula.xreplace(near))


def _agree(formula: Expr, other: Expr, ranges: Mapping[str, Interval]) -> bool:
    """Whether two formulas have the same values where the first has any."""
    variables = sorted(formula.free_symbols, key=str)
    if not variables:
        return False
    places = np.random.default_rng(0).random((len(variables), POINTS))
    points = _points(variables, places, ranges)
    one, two = (_values(each, variables, points) for each in (formula, other))
    known = np.isfinite(one)
    if not known.any():
        return False
    largest = np.abs(one[known]).max()
    with np.errstate(all="ignore"):  # no square of what is divided by the largest overflows
        apart = np.sqrt(np.square((two - one)[known] / largest).mean())
        return bool(apart <= CANCELLED * (one[known] / largest).std())


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
    variables = sorted(formula.free_symbols, key=str)
    points = _points(variables, np.array(PLACES), ranges)

    def kept(total: Expr) -> Expr:
        terms = cast(tuple[Expr, ...], total.args)
        sizes = np.array([np.abs(_values(term, variables, points)).max() for term in terms])
        # What is no number or infinite somewhere is kept, and nothing is dropped for it.
        limit = CANCELLED * sizes[np.isfinite(sizes)].max(initial=0.0)
        pairs = zip(terms, sizes, strict=True)
        return sympy.Add(*(term for term, size in pairs if not size < limit))

    return cast(Expr, formula.replace(lambda part: part.is_Add, kept))


def _points(
    variables: Sequence[Any], places: NDArray[Any], ranges: Mapping[str, Interval]
) -> NDArray[Any]:
    """Shares of the ranges, `(point,)` or one for each variable, to `(variable, point)`."""
    ends = np.array([ranges.get(str(x), (0.0, 1.0)) for x in variables]).reshape(-1, 2)
    low, high = ends.T[..., None]  # (variable, 1)
    return low + (high - low) * places


def _values(formula: Expr, variables: Sequence[Any], points: NDArray[Any]) -> NDArray[Any]:
    """`(variable, point)` to `(point,)`; no numbers where they are not real."""
    if formula.has(*NOWHERE):
        return np.full(points.shape[1:], np.nan)
    decimal = formula.evalf(17)  # numpy has no integers as large as there may be
    with np.errstate(all="ignore"):
        found = sympy.lambdify(variables, decimal, "numpy")(*points)
    values = np.broadcast_to(found, points.shape[1:])
    return np.where(np.isreal(values), np.real(values), np.nan)


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
