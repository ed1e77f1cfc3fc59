"""Residuals of equations: a formula of unknowns and their derivatives, asked of a network.

`u_xx` is the second derivative of the unknown `u` with respect to `x`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sympy
from torch import Tensor, nn

from kansci.calculus import Axes, Network, Sum, derivatives
from kansci.formulas import lambdified
from kansci.task import Coefficient, Predict


@dataclass(frozen=True)
class Term:
    """A derivative of an unknown, as it stands in an equation: `u_xt`."""

    symbol: str
    unknown: int
    axes: Axes


def terms(
    formula: sympy.Expr,
    variables: Sequence[str],
    unknowns: Sequence[str],
    coefficients: Sequence[str] = (),
) -> tuple[Term, ...]:
    """Unknowns and their derivatives in a formula, that may name coefficients, too.

    Raises:
        ValueError: for a name that is neither a variable nor a derivative of an unknown.
    """
    found = []
    for symbol in sorted(map(str, formula.free_symbols)):
        if symbol in variables or symbol in coefficients:
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

    So are fourth derivatives that are such a sum of such a sum, as in the biharmonic equation.

    Returns:
        The formula, the terms that are left, and the sums; as they came, if that saves nothing.
    """
    formula, found, high = _squares(formula, found)
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
    saved = len(after) < len(before)
    return (rest, left, (*sums, *high)) if saved else (formula, tuple(found), high)


def _squares(
    formula: sympy.Expr, found: Sequence[Term]
) -> tuple[sympy.Expr, tuple[Term, ...], tuple[Collapsed, ...]]:
    """A formula where two or more fourth derivatives are one symbol, if their sum factors."""
    left, sums = tuple(found), []
    for unknown in {term.unknown: None for term in found}:
        weights = {term: _weight(formula, term, 4) for term in found if term.unknown == unknown}
        fours = {term: weight for term, weight in weights.items() if weight is not None}
        factor, whole = _factors(fours) if len(fours) > 1 else (0, None)
        if whole is None:
            continue
        symbol = sympy.Dummy("sum", real=True)
        zeros = {_symbol(term): sympy.Integer(0) for term in fours}
        formula = formula.xreplace(zeros) + factor * symbol
        sums.append(Collapsed(symbol, unknown, whole))
        left = tuple(term for term in left if term not in fours)
    return formula, left, tuple(sums)


def _factors(weights: Mapping[Term, sympy.Expr]) -> tuple[sympy.Expr, Sum | None]:
    """Weighted fourth derivatives as a number times a sum of a sum of second ones, if they are."""
    axes = sorted({axis for term in weights for axis in term.axes})
    way = {axis: sympy.Symbol(f"d{axis}") for axis in axes}
    unit = next(iter(weights.values()))
    whole = sum(
        sympy.simplify(weight / unit) * sympy.prod(way[axis] for axis in term.axes)
        for term, weight in weights.items()
    )
    number, parts = sympy.factor_list(whole, *way.values())[:2]
    each = [sympy.Poly(part, *way.values()) for part, times in parts for _ in range(times)]
    if [part.total_degree() for part in each] != [2, 2]:
        return unit, None

    def sum_of(part: sympy.Poly) -> tuple[tuple[float, Axes], ...]:
        powers = (
            (weight, [axis for axis, power in zip(axes, powers, strict=True) for _ in range(power)])
            for powers, weight in part.terms()
        )
        return tuple((float(weight), tuple(pair)) for weight, pair in powers)

    return unit * number, Sum(sum_of(each[0]), Sum(sum_of(each[1])))


def _weight(formula: sympy.Expr, term: Term, order: int = 2) -> sympy.Expr | None:
    """The constant by which a formula takes a derivative of an order, if that is all it does."""
    if len(term.axes) != order:
        return None
    slope = formula.diff(_symbol(term))
    return None if slope.free_symbols or float(slope) == 0 else slope


def _symbol(term: Term) -> sympy.Symbol:
    return sympy.Symbol(term.symbol, real=True)


class Residual:
    """A formula of variables, unknowns and their derivatives, as a function of a network.

    All derivatives are asked for in one call, and a weighted sum of second ones, such as a
    Laplacian, as one. Written for one network: `(point, in)` to `(point,)`.

    Args:
        coefficients: numbers that the formula names and every network has of its own. A function
            that is no network has none: the true ones stand in.
    """

    def __init__(
        self,
        formula: sympy.Expr,
        variables: Sequence[str],
        unknowns: Sequence[str],
        coefficients: Sequence[Coefficient] = (),
    ) -> None:
        known = [one.name for one in coefficients]
        self.terms = terms(formula, variables, unknowns, known)
        free = {str(symbol) for symbol in formula.free_symbols}
        self.coefficients = tuple(coefficients) if free & set(known) else ()
        named = [one.name for one in self.coefficients]
        self.order = max((len(term.axes) for term in self.terms), default=0)
        rest, left, self.sums = collapse(formula, self.terms)
        self._read = [(term.axes, term.unknown) for term in left]
        self._read += [(one.sum, one.unknown) for one in self.sums]
        self.wanted = list(dict.fromkeys(what for what, _ in self._read))
        names = [*variables, *named, *(term.symbol for term in left)]
        self._compute = lambdified(rest, names, [one.symbol for one in self.sums])

    def __call__(self, predict: Predict, x: Tensor) -> Tensor:
        return residuals([self], predict, x)[0]

    def of(self, found: Mapping[Axes | Sum, Tensor], x: Tensor, given: Sequence[Tensor]) -> Tensor:
        """From derivatives that are known, and the values of coefficients."""
        values = (found[what][..., unknown] for what, unknown in self._read)
        return self._compute(*x.unbind(-1), *given, *values)


def residuals(many: Sequence[Residual], predict: Predict, x: Tensor) -> list[Tensor]:
    """Of several formulas on the same points: what they have in common is derived once."""
    wanted = list(dict.fromkeys(what for one in many for what in one.wanted))
    found = dict(zip(wanted, derivatives(predict, x, wanted), strict=True))
    return [one.of(found, x, _values(predict, one.coefficients, x)) for one in many]


def _values(predict: Predict, coefficients: Sequence[Coefficient], x: Tensor) -> Sequence[Tensor]:
    if not coefficients:
        return ()
    if isinstance(predict, Network):
        return predict.ask(coefficients_of).unbind(-1)
    return x.new_tensor([one.truth for one in coefficients]).unbind(-1)


def coefficients_of(network: nn.Module) -> Tensor:
    """The coefficients that a network has beside its weights, in the order of its task, `(k,)`."""
    coefficients = network.coefficients  # lifted, it is a tensor and no parameter
    assert isinstance(coefficients, Tensor)
    return coefficients
