"""Formulas as text: read through a whitelist, kept as sympy, computed with torch."""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import sympy
import torch
from torch import Tensor

NAMES = (
    *("sin", "cos", "tan", "asin", "acos", "atan"),
    *("sinh", "cosh", "tanh", "exp", "log", "sqrt"),
)
# What other programs write: numpy, the original lists of equations, sympy itself.
ALSO = {
    "arcsin": "asin",
    "arccos": "acos",
    "arctan": "atan",
    "ln": "log",
    "abs": "Abs",
    "Abs": "Abs",
}
FUNCTIONS = {name: getattr(sympy, ALSO.get(name, name)) for name in (*NAMES, *ALSO)}
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
        # Whether a formula of variables is real anywhere would take longer to find than its values.
        number = not found.free_symbols
        if found.has(*NOWHERE) or (number and found.is_extended_real is False):
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
    compute = cache(lambda: lambdified(formula, variables))  # when it is first called

    def value(x: Tensor) -> Tensor:
        found = compute()(*(x[..., i] for i in range(len(variables))))
        found = torch.as_tensor(found, dtype=x.dtype, device=x.device)
        return found.expand(x.shape[:-1]).unsqueeze(-1)

    return value


def lambdified(
    formula: sympy.Expr, names: Sequence[str], more: Sequence[sympy.Symbol] = ()
) -> Callable[..., Tensor]:
    """A formula as a function of tensors, one for each name and then for each further symbol."""
    symbols = [sympy.Symbol(name, real=True) for name in names]
    return sympy.lambdify([*symbols, *more], formula, modules=[TORCH], cse=True)


def _check_names(formula: sympy.Expr, known: Sequence[str]) -> None:
    strangers = {str(symbol) for symbol in formula.free_symbols} - set(known)
    if strangers:
        raise ValueError(f"formula {formula}: unknown names {sorted(strangers)}, there are {known}")
