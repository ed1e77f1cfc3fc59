"""Equations as text: read through a whitelist, kept as sympy, computed with torch.

One text gives the samples, the residual, the truth, the proof that the truth solves the
equation, and the LaTeX. `u_xx` is the second derivative of the unknown `u` with respect to `x`.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import sympy
import torch
from torch import Tensor

from kansci.calculus import Axes, Sum, derivatives
from kansci.task import Predict

NAMES = (
    *("sin", "cos", "tan", "asin", "acos", "atan"),
    *("sinh", "cosh", "tanh", "exp", "log", "sqrt"),
)
FUNCTIONS = {name: getattr(sympy, name) for name in NAMES}
OPERATORS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
}


def _of_numbers_too(name: str) -> Callable[[Tensor | float], Tensor | float]:
    """A function of torch that also takes the constants of a formula, as in `sqrt(2)`."""
    of_tensors, of_numbers = getattr(torch, name), getattr(math, name)
    return lambda z: of_tensors(z) if isinstance(z, Tensor) else of_numbers(z)


# sympy's own module for torch turns pi**2 into a call that torch refuses for plain numbers.
TORCH: dict[str, Any] = {"Abs": abs, "pi": math.pi} | {n: _of_numbers_too(n) for n in NAMES}
NOWHERE = (sympy.nan, sympy.zoo, sympy.oo, -sympy.oo)
HIGHEST_POWER = 64
MOST_BITS = 2_048  # of a number: of numerator and denominator together, or of a float's exponent


@cache
def read(text: str) -> sympy.Expr:
    """A formula of numbers, names, `+ - * / **`, `pi` and a table of functions.

    The text is never evaluated: it is parsed, and what is not on the list is refused.

    Raises:
        ValueError: shows the piece that is refused.
    """

    def refuse(node: ast.AST, why: str) -> ValueError:
        got = ast.get_source_segment(text, node) or text
        return ValueError(f"formula {text!r}: {why}, got {got!r}")

    def walk(node: ast.AST) -> sympy.Expr:
        found = piece(node)
        if found.has(*NOWHERE) or found.is_extended_real is False:
            raise refuse(node, "want real and finite numbers")
        if _bits(found) > MOST_BITS:
            raise refuse(node, "want smaller numbers")
        return found

    def piece(node: ast.AST) -> sympy.Expr:
        if isinstance(node, ast.Constant) and type(node.value) in (int, float):
            whole = isinstance(node.value, int)
            return sympy.Integer(node.value) if whole else sympy.Float(node.value, 17)
        if isinstance(node, ast.Name):
            return sympy.pi if node.id == "pi" else sympy.Symbol(node.id, real=True)
        if isinstance(node, ast.UnaryOp) and type(node.op) in OPERATORS:
            return OPERATORS[type(node.op)](walk(node.operand))
        if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
            left, right = walk(node.left), walk(node.right)
            if isinstance(node.op, ast.Pow):
                if not (right.is_Number and abs(right) <= HIGHEST_POWER):
                    raise refuse(node, f"want a number up to {HIGHEST_POWER} as the power")
                if _bits(left) * abs(right) > MOST_BITS:
                    raise refuse(node, "want smaller numbers")
            return OPERATORS[type(node.op)](left, right)
        if isinstance(node, ast.Call) and not node.keywords and len(node.args) == 1:
            if isinstance(node.func, ast.Name) and node.func.id in FUNCTIONS:
                return FUNCTIONS[node.func.id](walk(node.args[0]))
            raise refuse(node, f"want one of {', '.join(FUNCTIONS)}")
        raise refuse(node, "want numbers, names, + - * / ** and functions")

    if len(text) > 2_000:
        raise ValueError(f"formula of {len(text)} characters: want at most 2 000")
    try:
        return walk(ast.parse(text, mode="eval").body)
    except (SyntaxError, RecursionError, MemoryError) as error:
        raise ValueError(f"formula {text!r}: does not parse: {error}") from error


def _bits(formula: sympy.Expr) -> int:
    """Of the largest number in a formula; a power of it has so many times the power."""

    def of(number: sympy.Number) -> int:
        if isinstance(number, sympy.Rational):
            return int(number.p).bit_length() + int(number.q).bit_length()
        _, mantissa, exponent, bits = sympy.Float(number)._mpf_
        return abs(exponent + bits) if mantissa else 0

    return max(map(of, formula.atoms(sympy.Number)), default=0)


def function(formula: sympy.Expr, variables: Sequence[str]) -> Callable[[Tensor], Tensor]:
    """A formula of the inputs, `(*, in)` to `(*, 1)`, in the dtype of its points."""
    _check_names(formula, variables)
    compute = _compiled(formula, variables)

    def value(x: Tensor) -> Tensor:
        found = compute(*(x[..., i] for i in range(len(variables))))
        found = torch.as_tensor(found, dtype=x.dtype, device=x.device)
        return found.expand(x.shape[:-1]).unsqueeze(-1)

    return value


def _compiled(
    formula: sympy.Expr, names: Sequence[str], more: Sequence[sympy.Symbol] = ()
) -> Callable[..., Tensor]:
    symbols = [sympy.Symbol(name, real=True) for name in names]
    return sympy.lambdify([*symbols, *more], formula, modules=[TORCH], cse=True)


def _check_names(formula: sympy.Expr, known: Sequence[str]) -> None:
    strangers = {str(symbol) for symbol in formula.free_symbols} - set(known)
    if strangers:
        raise ValueError(f"formula {formula}: unknown names {sorted(strangers)}, there are {known}")


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
        self._compute = _compiled(rest, names, [one.symbol for one in self.sums])

    def __call__(self, predict: Predict, x: Tensor) -> Tensor:
        found = dict(zip(self.wanted, derivatives(predict, x, self.wanted), strict=True))
        values = (found[what][..., unknown] for what, unknown in self._read)
        return self._compute(*x.unbind(-1), *values)


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
