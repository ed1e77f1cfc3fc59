"""A problem in sympy: equations, conditions, and the truth that is proved to solve them.

One text gives the samples, the residual, the truth, the proof that the truth solves the
equation, and the LaTeX.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sympy

from kansci.ansatz import Ansatz
from kansci.formulas import read
from kansci.residuals import terms

Part = tuple[str, sympy.Expr, sympy.Expr]


@dataclass(frozen=True)
class Condition:
    """An equation that holds where one variable has a value: an edge, or the start.

    Attributes:
        within: a part of that edge, or a corner: other variables from one value to another.
        other: the formula there equals that where the variable has this other value; without it
            the formula is 0.
    """

    variable: str
    at: sympy.Expr
    formula: sympy.Expr
    within: tuple[Part, ...] = ()
    other: sympy.Expr | None = None


@dataclass(frozen=True)
class Statement:
    """A problem in sympy: what proofs, LaTeX and symbolic recovery read.

    Attributes:
        coefficients: names of numbers that are not known, and what they truly are.
    """

    variables: tuple[str, ...]
    unknowns: tuple[str, ...]
    equations: tuple[sympy.Expr, ...]
    conditions: tuple[Condition, ...] = ()
    truth: tuple[sympy.Expr, ...] | None = None
    coefficients: tuple[tuple[str, float], ...] = ()


def on(place: str, formula: str) -> Condition:
    """A condition: `on("x = -1", "u")` says that `u` is 0 where `x` is -1.

    A part of an edge is `on("x = 0, -1 <= y <= 0", "u")`, a corner `on("x = 0, y = 0", "u")`.

    Raises:
        ValueError: unless the place reads `variable = number`, and parts as above.
    """
    (variable, low, high), *within = (_part(part, place) for part in place.split(","))
    if low != high:
        raise ValueError(f"want a place such as 'x = -1', got {place!r}")
    return Condition(variable, low, read(formula), tuple(within))


def periodic(place: str, other: str, formula: str) -> Condition:
    """A condition: `periodic("x = -1", "x = 1", "u_x")` says that `u_x` is the same at both.

    Raises:
        ValueError: unless both read `variable = number`, of one variable.
    """
    one, two = on(place, formula), on(other, formula)
    if one.variable != two.variable or one.within or two.within or one.at == two.at:
        raise ValueError(f"want two values of one variable, got {place!r} and {other!r}")
    return Condition(one.variable, one.at, one.formula, other=two.at)


def _part(text: str, place: str) -> Part:
    """`x = 1` or `0 <= x <= 1`."""
    between = re.fullmatch(r"([^<=]+)<=\s*([^\W\d]\w*)\s*<=([^<=]+)", text)
    equal = re.fullmatch(r"\s*([^\W\d]\w*)\s*=([^<=]+)", text)
    if between:
        variable, low, high = between[2], read(between[1].strip()), read(between[3].strip())
    elif equal:
        variable, low = equal[1], read(equal[2].strip())
        high = low
    else:
        raise ValueError(f"want a place such as 'x = -1', got {place!r}")
    if low.free_symbols or high.free_symbols or low > high:
        raise ValueError(f"want a place such as 'x = -1' or '0 <= y <= 1', got {place!r}")
    return variable, low, high


def remainder(statement: Statement, formula: sympy.Expr) -> sympy.Expr:
    """What is left of an equation when the truth is put in; 0 proves that it is solved."""
    return sympy.simplify(_with_truth(statement, formula))


def unsolved(statement: Statement) -> list[str]:
    """Equations and conditions that the truth does not solve, each with what is left of it."""
    left = [(str(eq), remainder(statement, eq)) for eq in statement.equations]
    left += [(label(one), _rest(statement, one)) for one in statement.conditions]
    return [f"{what}: leaves {rest}" for what, rest in left if rest != 0]


def unmet(statement: Statement, ansatz: Ansatz) -> list[Condition]:
    """Conditions that an ansatz does not meet by itself, whatever the network is."""
    symbols = [_symbol(name) for name in statement.variables]
    networks = [sympy.Function(f"network_{name}")(*symbols) for name in statement.unknowns]
    parts = zip(ansatz.lift, ansatz.multiplier, networks, strict=True)
    answers = tuple(lift + multiplier * network for lift, multiplier, network in parts)
    return [one for one in statement.conditions if _rest(statement, one, answers) != 0]


def label(condition: Condition) -> str:
    """A condition in words."""
    return f"{condition.formula} on {place(condition)}"


def place(condition: Condition) -> str:
    """Where a condition holds, in words."""
    where = f"{condition.variable} = {condition.at}"
    for name, low, high in condition.within:
        where += f", {name} = {low}" if low == high else f", {low} <= {name} <= {high}"
    both = condition.other is not None
    return f"{where} less on {condition.variable} = {condition.other}" if both else where


def _rest(
    statement: Statement, condition: Condition, answers: Sequence[sympy.Expr] | None = None
) -> sympy.Expr:
    whole = _with_truth(statement, condition.formula, answers)
    across = _symbol(condition.variable)
    rest = whole.subs(across, condition.at)
    if condition.other is not None:
        rest -= whole.subs(across, condition.other)
    return sympy.simplify(rest.doit().subs([_signed(*part) for part in condition.within]))


def _signed(name: str, low: sympy.Expr, high: sympy.Expr) -> tuple[sympy.Symbol, sympy.Expr]:
    """What stands for a variable on a part of an edge: its value, or a symbol of one sign."""
    if low == high:
        return _symbol(name), low
    sign = 1 if low >= 0 else -1 if high <= 0 else 0
    return _symbol(name), sign * sympy.Dummy(name, positive=True) if sign else _symbol(name)


def _with_truth(
    statement: Statement, formula: sympy.Expr, answers: Sequence[sympy.Expr] | None = None
) -> sympy.Expr:
    """A formula with the truth put in for unknowns, or other answers, and for coefficients."""
    answers = statement.truth if answers is None else answers
    if answers is None:
        raise ValueError("want a truth that is a formula, got none")
    names = [name for name, _ in statement.coefficients]
    put: dict[Any, Any] = {
        _symbol(name): sympy.nsimplify(value) for name, value in statement.coefficients
    }
    for term in terms(formula, statement.variables, statement.unknowns, names):
        value = _exact(answers[term.unknown])
        for axis in term.axes:
            value = sympy.diff(value, _symbol(statement.variables[axis]))
        put[_symbol(term.symbol)] = value
    return _exact(formula).subs(put)


def _exact(formula: sympy.Expr) -> Any:
    """Decimals as they were written: 0.1 is a tenth, and not the float nearest to it."""
    decimals = formula.atoms(sympy.Float)
    return formula.xreplace({one: sympy.Rational(repr(float(one))) for one in decimals})


def _symbol(name: str) -> sympy.Symbol:
    return sympy.Symbol(name, real=True)
