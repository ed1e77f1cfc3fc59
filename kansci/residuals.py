"""Residuals of equations: a formula of unknowns and their derivatives, asked of a network.

`u_xx` is the second derivative of the unknown `u` with respect to `x`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sympy
from torch import Tensor

from kansci.calculus import Axes, Sum, derivatives
from kansci.formulas import lambdified
from kansci.task import Predict


@dataclass(frozen=True)
class Term:
    """A derivative of an unknown, as it stands in an equation: `u_xt`."""

    symbol: str
    unknown: int
    axes: Axes


def terms(
    formula: sympy.Expr, variables: Sequence[str], unknowns: Sequence[str]
) -> tuple[Term, ...]:
    """Unknowns and their derivatives in a formula.

    Raises:
        ValueError: for a name that is neither a variable nor a derivative of an unknown.
    """
    found = []
    for symbol in sorted(map(str, formula.free_symbols)):
        if symbol in variables:
            continue
        unknown, _, axes = symbol.partition("_")
        if unknown not in unknowns or any(axis not in variables for axis in axes):
            raise ValueError(
                f"formula {formula}: {symbol!r} is no variable of {tuple(variables)} "
                f"and no derivative of {tuple(unknowns)}"
            )
        found.append(Term(symbol, unknowns.index(unknown), tuple(map(variables.index, axes))))
    return tuple(found)


@dataclass(frozen=True)
class Collapsed:
    """A sum of second derivatives of an unknown that a formula asks for as a whole.

    Attributes:
        symbol: stands in the formula for the sum.
        sum: scaled so that the first weight is 1.
    """

    symbol: sympy.Symbol
    unknown: int
    sum: Sum


def collapse(
    formula: sympy.Expr, found: Sequence[Term]
) -> tuple[sympy.Expr, tuple[Term, ...], tuple[Collapsed, ...]]:
    """A formula where $c_1 u_{xx} + c_2 u_{yy}$ of constant $c$ is one symbol for each unknown.

    Returns:
        The formula, the terms that are left, and the sums; as they came, if that saves nothing.
    """
    rest, left, sums = formula, tuple(found), []
    for unknown in {term.unknown: None for term in found}:
        weights = {term: _weight(formula, term) for term in found if term.unknown == unknown}
        pairs = {term: weight for term, weight in weights.items() if weight is not None}
        if len(pairs) < 2:
            continue
        symbol, unit = sympy.Dummy("sum", real=True), next(iter(pairs.values()))
        rest = rest.xreplace({_symbol(term): sympy.Integer(0) for term in pairs}) + unit * symbol
        whole = Sum(tuple((float(weight / unit), term.axes) for term, weight in pairs.items()))
        sums.append(Collapsed(symbol, unknown, whole))
        left = tuple(term for term in left if term not in pairs)
    before = {term.axes for term in found if len(term.axes) == 2}
    after = {term.axes for term in left if len(term.axes) == 2} | {one.sum for one in sums}
    return (rest, left, tuple(sums)) if len(after) < len(before) else (formula, tuple(found), ())


def _weight(formula: sympy.Expr, term: Term) -> sympy.Expr | None:
    """The constant by which a formula takes a second derivative, if that is all it does."""
    if len(term.axes) != 2:
        return None
    slope = formula.diff(_symbol(term))
    return None if slope.free_symbols or float(slope) == 0 else slope


def _symbol(term: Term) -> sympy.Symbol:
    return sympy.Symbol(term.symbol, real=True)


class Residual:
    """A formula of variables, unknowns and their derivatives, as a function of a network.

    All derivatives are asked for in one call, and a weighted sum of second ones, such as a
    Laplacian, as one. Written for one network: `(point, in)` to `(point,)`.
    """

    def __init__(
        self, formula: sympy.Expr, variables: Sequence[str], unknowns: Sequence[str]
    ) -> None:
        self.terms = terms(formula, variables, unknowns)
        self.order = max((len(term.axes) for term in self.terms), default=0)
        rest, left, self.sums = collapse(formula, self.terms)
        self._read = [(term.axes, term.unknown) for term in left]
        self._read += [(one.sum, one.unknown) for one in self.sums]
        self.wanted = list(dict.fromkeys(what for what, _ in self._read))
        names = [*variables, *(term.symbol for term in left)]
        self._compute = lambdified(rest, names, [one.symbol for one in self.sums])

    def __call__(self, predict: Predict, x: Tensor) -> Tensor:
        found = dict(zip(self.wanted, derivatives(predict, x, self.wanted), strict=True))
        values = (found[what][..., unknown] for what, unknown in self._read)
        return self._compute(*x.unbind(-1), *values)
