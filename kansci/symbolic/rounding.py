"""Formulas as people write them: constants gathered, digits rounded, and compared so."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, cast

import sympy
from sympy import (
    Abs,
    Add,
    Expr,
    Float,
    Integer,
    Mul,
    Pow,
    Rational,
    atan,
    cos,
    exp,
    log,
    sin,
    tan,
    tanh,
)

HIGHEST = 6  # power of a sum that is multiplied out
DIGITS = 17


def rounded(expr: Expr, to: float = 1e-3) -> Expr:
    """The formula with constants gathered and rounded to multiples of `to`; the shorter of the
    forms with and without sums multiplied out."""
    forms = [round_numbers(gathered(expr, expand=expand), to) for expand in (False, True)]
    return min(forms, key=lambda form: int(sympy.count_ops(form)))


def agree(one: Expr, other: Expr, to: float = 1e-3) -> bool:
    """Whether two formulas are the same, with sums multiplied out and constants rounded."""
    forms = [round_numbers(gathered(expr, expand=True), to) for expr in (one, other)]
    return forms[0] == forms[1]


def round_numbers(expr: Expr, to: float) -> Expr:
    """With every decimal number the nearest multiple of `to`; whole ones are integers."""
    known = {number: _nearest(number, to) for number in expr.atoms(Float)}
    if all(number == nearest for number, nearest in known.items()):
        return expr
    # Again: terms that vanish leave new constants behind.
    return round_numbers(cast(Expr, expr.xreplace(known)), to)


def _nearest(number: Float, to: float) -> Expr:
    value = float(number)
    if not math.isfinite(value):
        return number
    value = round(value / to) * to
    whole = abs(value - round(value)) < 1e-3 * to
    return Integer(round(value)) if whole else Float(f"{value:.12g}")


def gathered(expr: Expr, *, expand: bool) -> Expr:
    r"""Constants out of functions: $e^{k+u} = e^k e^u$, $\log ku = \log k + \log u$, phases
    within $\pi/4$, and the first coefficient in a function that can be odd positive.

    Args:
        expand: multiply sums out.
    """
    if not expr.args:
        return _decimal(expr) if expr.is_number else expr
    if isinstance(expr, Pow) and expr.exp.is_Rational:
        return _power(gathered(expr.base, expand=expand), cast(Rational, expr.exp), expand=expand)
    args = [gathered(cast(Expr, arg), expand=expand) for arg in expr.args]
    if isinstance(expr, Mul):
        return _spread(Mul(*args), expand=expand)
    rule = _RULES.get(expr.func)
    return expr.func(*args) if rule is None else rule(args[0])


def _exp(arg: Expr) -> Expr:
    constant, rest = arg.as_coeff_Add()
    return _decimal(exp(constant)) * exp(rest)


def _log(arg: Expr) -> Expr:
    scale, rest = _scaled(arg)
    return _decimal(log(abs(scale))) + log(rest if scale > 0 else -rest)


def _abs(arg: Expr) -> Expr:
    scale, rest = _scaled(arg)
    return abs(scale) * Abs(rest)


def _sin(arg: Expr) -> Expr:
    return _wave(arg, 0)


def _cos(arg: Expr) -> Expr:
    return _wave(arg, 1)


def _wave(arg: Expr, quarters: int) -> Expr:
    """The sine of `arg` and so many quarters of a turn."""
    sign = 1
    if _scaled(arg)[0] < 0:  # sin(-u) = -sin(u), cos(-u) = cos(u)
        arg, sign = -arg, 1 if quarters else -1
    constant, rest = arg.as_coeff_Add()
    turned = round(float(constant) / (math.pi / 2))
    arg = _decimal(constant - turned * math.pi / 2) + rest
    quarters = (quarters + turned) % 4
    function = cos if quarters % 2 else sin
    return (sign if quarters < 2 else -sign) * function(arg)


def _odd(function: type[Expr]) -> Callable[[Expr], Expr]:
    def rule(arg: Expr) -> Expr:
        return function(arg) if _scaled(arg)[0] > 0 else -function(-arg)

    return rule


_RULES: dict[Any, Callable[[Expr], Expr]] = {
    exp: _exp,
    log: _log,
    Abs: _abs,
    sin: _sin,
    cos: _cos,
    **{function: _odd(function) for function in (tan, tanh, atan)},
}


def _power(base: Expr, power: Rational, *, expand: bool) -> Expr:
    if power.is_Integer and power > 0 and base.is_Add and expand:
        return _expanded(base**power) if power <= HIGHEST else base**power
    scale, rest = _scaled(base)
    if power.is_Integer:
        return _decimal(scale**power) * rest**power
    return _decimal(abs(scale) ** power) * (rest if scale > 0 else -rest) ** power


def _spread(product: Expr, *, expand: bool) -> Expr:
    """A number over the terms of a sum; or everything over everything."""
    if expand:
        return _expanded(product)
    number, rest = product.as_coeff_Mul()
    return Add(*(number * term for term in rest.args)) if rest.is_Add else product


def _expanded(expr: Expr) -> Expr:
    return sympy.expand(expr, deep=False, power_exp=False, power_base=False, log=False)


def _scaled(expr: Expr) -> tuple[Expr, Expr]:
    """The first coefficient, and what is left when it is taken out."""
    terms = [term.as_coeff_Mul() for term in Add.make_args(expr)]
    moving = [(number, rest) for number, rest in terms if rest != 1]
    if not moving:
        return Integer(1), expr
    scale = min(moving, key=lambda pair: sympy.default_sort_key(pair[1]))[0]
    return scale, Add(*(_decimal(number / scale) * rest for number, rest in terms))


def _decimal(number: Expr) -> Expr:
    return number if number.is_Integer else number.evalf(DIGITS)
