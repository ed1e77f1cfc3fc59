r"""The same equations with sources, such that another function solves them: manufactured solutions.

Of $F[u] = 0$ with the truth $u$ there becomes $F[v] - F[\tilde u] = 0$, and of every condition the
same, where $\tilde u(x) = a\,u(b_1 x_1 + s_1, \ldots)$.

Source: Roache 2002, "Code verification by the method of manufactured solutions", J. Fluids
Engineering 124.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import prod
from typing import Any

import sympy

from kansci.equations import Condition, Statement
from kansci.formulas import read
from kansci.losses import MeanSquares, Part
from kansci.pde import Weights, pde
from kansci.residuals import terms
from kansci.task import Task

TIME = "t"
READINGS = 5
STEPS = 64  # numbers are multiples of 1/64: they stay exact where formulas become text


def solvable(task: Task) -> bool:
    """Whether equations of a task are solved by a formula, on a whole box and with nothing hidden.

    Those with unknown coefficients, an ansatz or a hole are left out.
    """
    known = task.statement is not None and task.statement.truth is not None
    plain = not task.coefficients and task.ansatz is None
    squares = all(isinstance(stage.loss, MeanSquares) for stage in task.stages)
    return known and plain and squares and prod(_grid(task)) == len(task.probes[0].x)


def moved(
    task: Task, name: str, factor: float, stretch: Sequence[float], shift: Sequence[float]
) -> Task:
    """A task whose truth is stretched about the middle of the domain, shifted and scaled.

    Args:
        shift: of each input, in half widths of the domain.
    """
    statement, loss = task.statement, task.stages[0].loss
    assert statement is not None
    assert statement.truth is not None
    assert isinstance(loss, MeanSquares)
    inner: dict[Any, Any] = {}
    for variable, (low, high), b, s in zip(
        statement.variables, task.domain, stretch, shift, strict=True
    ):
        symbol, times = _symbol(variable), _exact(b)
        start = _exact((low + high) / 2 * (1 - float(times)) + (high - low) / 2 * s)
        inner[symbol] = times * symbol + start
    truth = tuple(_written(_exact(factor) * one.xreplace(inner)) for one in statement.truth)

    def less(formula: sympy.Expr) -> sympy.Expr:
        return _written(formula - _of(formula, statement, truth))

    conditions = [replace(one, formula=less(one.formula)) for one in statement.conditions]
    made = pde(
        name=name,
        version=task.version,
        variables=dict(zip(statement.variables, task.domain, strict=True)),
        unknowns=statement.unknowns,
        equations=[str(less(equation)) for equation in statement.equations],
        conditions=conditions,
        truth=[str(one) for one in truth],
        weights=_weights(statement, loss.parts),
        points=task.stages[0].points,
        grid=_grid(task),
        source=task.source,
        about=f"as {task.name}, with sources, and another truth",
    )
    return replace(made, vary=None, beside=())


def _of(formula: sympy.Expr, statement: Statement, truth: Sequence[sympy.Expr]) -> sympy.Expr:
    """A formula with a function put in for unknowns and their derivatives."""
    put: dict[Any, Any] = {}
    for term in terms(formula, statement.variables, statement.unknowns):
        axes = [_symbol(statement.variables[axis]) for axis in term.axes]
        put[_symbol(term.symbol)] = truth[term.unknown].diff(*axes) if axes else truth[term.unknown]
    return formula.xreplace(put)  # type: ignore[return-value]


def _written(formula: sympy.Expr) -> sympy.Expr:
    """A formula as it is read again from its text, which may order and simplify it anew."""
    found = read(str(formula))
    for _ in range(READINGS):
        before, found = found, read(str(found))
        if before == found:
            break
    return found


def _weights(statement: Statement, parts: Sequence[Part]) -> Weights:
    """What a task was weighted with: its parts are equations, then conditions place by place."""
    places: dict[object, list[Condition]] = {}
    for one in statement.conditions:
        places.setdefault((one.variable, one.at, one.within, one.other), []).append(one)
    held = [one for group in places.values() for one in group]
    pairs = list(zip(held, parts[len(statement.equations) :], strict=True))
    initial = [part.weight for one, part in pairs if one.variable == TIME]
    boundary = [part.weight for one, part in pairs if one.variable != TIME]
    return Weights(parts[0].weight, sum(boundary) or 1.0, sum(initial) or 1.0)


def _grid(task: Task) -> tuple[int, ...]:
    """Points of the test probe along each input."""
    return tuple(len(axis.unique()) for axis in task.judged_by("test")[0].x.unbind(-1))


def _exact(number: float) -> Any:
    return sympy.Rational(round(STEPS * number), STEPS)


def _symbol(name: str) -> sympy.Symbol:
    return sympy.Symbol(name, real=True)
