r"""Functions that undo each other, where they do.

$\tan\arctan u$ or $e^{\log u}$ is $u$ wherever it is anything: sympy sees to such. The other way
round it depends on where $u$ lies: $\sqrt{u^2}$ is $-u$ where $u$ is negative. A pair is taken
away if interval arithmetic proves it right over the ranges of the variables, else it stands.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

from sympy import Abs, Add, Expr, Integer, Mul, Pow, acos, asin, atan, cos, exp, log, pi, sin, tan

from kansci.symbolic.bounds import bounds, half_turn, sign
from kansci.task import Interval

Ranges = Mapping[str, Interval]


def undone(formula: Expr, ranges: Ranges) -> Expr:
    """Without pairs of functions of which one undoes the other over the ranges of the variables.

    Args:
        ranges: of the variables; one that has none may be any number.
    """
    found = formula.replace(
        lambda part: part.func in _RULES, lambda part: _RULES[part.func](part, ranges)
    )
    return cast(Expr, found)


def _abs(part: Expr, ranges: Ranges) -> Expr:
    arg = cast(Expr, part.args[0])
    known = sign(arg, ranges)
    return known * arg if known else part


def _root(part: Expr, ranges: Ranges) -> Expr:
    r"""$(u^{2n} v)^q = |u|^{2nq} v^q$, where $u$ has one sign and $q$ is not whole."""
    base, power = cast(tuple[Expr, Expr], part.args)
    if not power.is_number or power.is_integer:
        return part
    left, out = Integer(1), Integer(1)
    for factor in cast(tuple[Expr, ...], Mul.make_args(base)):
        inner, even = factor.as_base_exp()
        known = sign(inner, ranges) if even.is_even else 0
        if known:
            out *= (known * inner) ** (even * power)
        else:
            left *= factor
    return part if out == 1 else out * left**power


def _log(part: Expr, ranges: Ranges) -> Expr:
    r"""$\log v e^w = \log v + w$."""
    factors = cast(tuple[Expr, ...], Mul.make_args(cast(Expr, part.args[0])))
    powers = [factor for factor in factors if isinstance(factor, exp)]
    rest = log(Mul(*(factor for factor in factors if not isinstance(factor, exp))))
    return Add(rest, *(cast(Expr, power.args[0]) for power in powers)) if powers else part


def _atan(part: Expr, ranges: Ranges) -> Expr:
    arg = part.args[0]
    if not isinstance(arg, tan):
        return part
    angle = cast(Expr, arg.args[0])
    turn = half_turn(bounds(angle, ranges))
    return part if turn is None else angle - turn * pi


def _asin(part: Expr, ranges: Ranges) -> Expr:
    found = _arcsine(cast(Expr, part.args[0]), ranges)
    return part if found is None else found


def _acos(part: Expr, ranges: Ranges) -> Expr:
    found = _arcsine(cast(Expr, part.args[0]), ranges)
    return part if found is None else pi / 2 - found


def _arcsine(arg: Expr, ranges: Ranges) -> Expr | None:
    r"""$\arcsin \sin u = (-1)^n (u - n\pi)$ within $n\pi \pm \pi/2$; so of $-\sin u$, $\cos u$."""
    way, wave = arg.as_coeff_Mul()
    if way not in (1, -1) or not isinstance(wave, sin | cos):
        return None
    angle = cast(Expr, wave.args[0]) + (pi / 2 if isinstance(wave, cos) else 0)
    turn = half_turn(bounds(angle, ranges))
    return None if turn is None else way * (-1) ** turn * (angle - turn * pi)


_RULES: dict[Any, Callable[[Expr, Ranges], Expr]] = {
    Abs: _abs,
    Pow: _root,
    log: _log,
    atan: _atan,
    asin: _asin,
    acos: _acos,
}
