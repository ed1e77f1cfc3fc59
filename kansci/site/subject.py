"""What a task is: its equation, where it is posed, and the truth of one variable."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import torch
from markupsafe import Markup
from torch import Tensor

from kansci.discover import get_task
from kansci.equations import Condition, place
from kansci.errors import UserError
from kansci.site.formula import mathml
from kansci.site.lines import Chart, Series, chart
from kansci.task import Task

if TYPE_CHECKING:
    from sympy import Basic

POINTS = 400  # of a curve
WORD = re.compile("[A-Za-z]{2,}")
LAMBDA = ("lam", "lambd")  # `lambda` is a word of Python


class Subject(NamedTuple):
    """A task that kansci has, for people.

    Attributes:
        current: `name@version` as it is now; numbers of another are those of another task.
        equations, conditions: as MathML; a condition with the place where it holds.
        truth: a formula for each unknown, where there is one.
        names, unknowns: of inputs and outputs.
        curve: the truth of one variable.
    """

    task: Task
    current: str
    equations: tuple[Markup, ...]
    conditions: tuple[tuple[Markup, str], ...]
    truth: tuple[Markup, ...]
    domain: tuple[tuple[str, str], ...]
    names: tuple[str, ...]
    unknowns: tuple[str, ...]
    curve: Chart | None


@cache
def subject(key: str) -> Subject | None:
    """Of `name@version`; `None` for a task of somebody's own, whose file is not here."""
    try:
        task = get_task(key.rpartition("@")[0])
    except UserError:
        return None
    equations, conditions, truth = _stated(task)
    given = task.statement.variables if task.statement else ()
    names = given if len(given) == task.dim_in else tuple(f"x{i + 1}" for i in range(task.dim_in))
    ranges = [f"{low:.4g} to {high:.4g}" for low, high in task.domain]
    if len(set(ranges)) == 1 and task.dim_in > 4:  # pixels, all alike
        domain = ((f"each of {task.dim_in} inputs", ranges[0]),)
    else:
        domain = tuple(zip(names, ranges, strict=True))
    return Subject(
        task=task,
        current=task.key,
        equations=equations,
        conditions=conditions,
        truth=truth,
        domain=domain,
        names=names,
        unknowns=_unknowns(task),
        curve=_curve(task, names) if task.dim_in == 1 else None,
    )


def _stated(
    task: Task,
) -> tuple[tuple[Markup, ...], tuple[tuple[Markup, str], ...], tuple[Markup, ...]]:
    from sympy import Symbol

    statement = task.statement
    if statement is None:
        return (), (), ()
    truths = zip(statement.unknowns, statement.truth or (), strict=False)
    truth = tuple(mathml(f"{_written(Symbol(u))} = {_written(f)}", block=True) for u, f in truths)
    if task.order == 0 and truth:  # the equation says no more
        return (), (), truth
    equations = tuple(mathml(f"{_written(one)} = 0", block=True) for one in statement.equations)
    return equations, tuple(map(_condition, statement.conditions)), truth


def _written(formula: Basic) -> str:
    """As LaTeX; a name of several letters is one sign, not the product of its letters."""
    from sympy import Symbol, latex

    names = {one: latex(one) for one in formula.atoms(Symbol)}
    words = {one: rf"\mathrm{{{name}}}" for one, name in names.items() if WORD.fullmatch(name)}
    greek = {one: r"\lambda" for one, name in names.items() if name in LAMBDA}
    return latex(formula, symbol_names=words | greek)


def _condition(one: Condition) -> tuple[Markup, str]:
    if one.other is None:
        return mathml(f"{_written(one.formula)} = 0"), f"where {place(one)}"
    where = f"where {one.variable} = {one.at} and where {one.variable} = {one.other}"
    return mathml(_written(one.formula)), f"is the same {where}"


def test_points(task: Task) -> tuple[Tensor, Tensor]:
    """Points of one variable and their truths, in order, some of all test probes."""
    probes = task.judged_by("test")
    x = torch.cat([probe.x for probe in probes])
    y = torch.cat([probe.y for probe in probes])
    order = x[:, 0].argsort(stable=True)[:: max(1, len(x) // POINTS)]
    return x[order], y[order]


def _curve(task: Task, names: tuple[str, ...]) -> Chart:
    """Truths on the test points, a line for each output."""
    x, y = test_points(task)
    unknowns = _unknowns(task)
    series = [Series(unknowns[k], x[:, 0], y[:, k]) for k in range(task.dim_out)]
    return chart("The truth on the test points", series, labels=(names[0], ", ".join(unknowns)))


def _unknowns(task: Task) -> tuple[str, ...]:
    given = task.statement.unknowns if task.statement else ()
    many = tuple(f"y{k + 1}" for k in range(task.dim_out))
    return given if len(given) == task.dim_out else many if task.dim_out > 1 else ("y",)
