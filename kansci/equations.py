"""A problem in sympy: equations, conditions, and the truth that is proved to solve them.

One text gives the samples, the residual, the truth, the proof that the truth solves the
equation, and the LaTeX.
"""

from __future__ import annotations

from dataclasses import dataclass

import sympy

from kansci.formulas import read
from kansci.residuals import terms


@dataclass(frozen=True)
class Condition:
    """An equation that holds where one variable has a value: an edge, or the start."""

    variable: str
    at: sympy.Expr
    formula: sympy.Expr


@dataclass(frozen=True)
class Statement:
    """A problem in sympy: what proofs, LaTeX and symbolic recovery read."""

    variables: tuple[str, ...]
    unknowns: tuple[str, ...]
    equations: tuple[sympy.Expr, ...]
    conditions: tuple[Condition, ...] = ()
    truth: tuple[sympy.Expr, ...] | None = None


def on(place: str, formula: str) -> Condition:
    """A condition: `on("x = -1", "u")` says that `u` is 0 where `x` is -1.

    Raises:
        ValueError: unless the place reads `variable = number`.
    """
    variable, equals, value = (part.strip() for part in place.partition("="))
    at = read(value) if equals and variable.isidentifier() else None
    if at is None or at.free_symbols:
        raise ValueError(f"want a place such as 'x = -1', got {place!r}")
    return Condition(variable, at, read(formula))


def remainder(statement: Statement, formula: sympy.Expr) -> sympy.Expr:
    """What is left of an equation when the truth is put in; 0 proves that it is solved."""
    if statement.truth is None:
        raise ValueError("want a truth that is a formula, got none")
    truth = dict(zip(statement.unknowns, statement.truth, strict=True))
    put = {}
    for term in terms(formula, statement.variables, statement.unknowns):
        value = truth[statement.unknowns[term.unknown]]
        for axis in term.axes:
            value = sympy.diff(value, sympy.Symbol(statement.variables[axis], real=True))
        put[sympy.Symbol(term.symbol, real=True)] = value
    return sympy.simplify(formula.subs(put))


def unsolved(statement: Statement) -> list[str]:
    """Equations and conditions that the truth does not solve, each with what is left of it."""
    left = [(str(eq), remainder(statement, eq)) for eq in statement.equations]
    for condition in statement.conditions:
        place = sympy.Symbol(condition.variable, real=True)
        rest = remainder(statement, condition.formula).subs(place, condition.at)
        label = f"{condition.formula} on {condition.variable} = {condition.at}"
        left.append((label, sympy.simplify(rest)))
    return [f"{label}: leaves {rest}" for label, rest in left if rest != 0]
