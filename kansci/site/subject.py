"""What a task is: its equation, where it is posed, and a picture of the truth."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from markupsafe import Markup

from kansci.discover import get_task
from kansci.equations import Condition, place
from kansci.errors import UserError
from kansci.site.formula import mathml
from kansci.site.lines import Chart, Series, chart
from kansci.task import Task

POINTS = 400  # of a curve
PIXELS = 140  # of a picture's side
FAR = 2.5  # pixels from the nearest point beyond which there is no truth: domains that are cut


class Subject(NamedTuple):
    """A task that kansci has, for people.

    Attributes:
        current: `name@version` as it is now; numbers of another are those of another task.
        equations, conditions: as MathML; a condition with the place where it holds.
        truth: a formula for each unknown, where there is one.
        curve: the truth of one variable.
        picture: writes the truth of two variables as a file.
    """

    task: Task
    current: str
    equations: tuple[Markup, ...]
    conditions: tuple[tuple[Markup, str], ...]
    truth: tuple[Markup, ...]
    domain: tuple[tuple[str, str], ...]
    curve: Chart | None
    picture: Callable[[Path], None] | None


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
        curve=_curve(task, names) if task.dim_in == 1 else None,
        picture=(lambda path: _picture(task, names, path)) if task.dim_in == 2 else None,
    )


def _stated(
    task: Task,
) -> tuple[tuple[Markup, ...], tuple[tuple[Markup, str], ...], tuple[Markup, ...]]:
    from sympy import Symbol, latex

    statement = task.statement
    if statement is None:
        return (), (), ()
    truths = zip(statement.unknowns, statement.truth or (), strict=False)
    truth = tuple(mathml(f"{latex(Symbol(u))} = {latex(f)}", block=True) for u, f in truths)
    if task.order == 0 and truth:  # the equation says no more
        return (), (), truth
    equations = tuple(mathml(f"{latex(one)} = 0", block=True) for one in statement.equations)
    return equations, tuple(map(_condition, statement.conditions)), truth


def _condition(one: Condition) -> tuple[Markup, str]:
    from sympy import latex

    if one.other is None:
        return mathml(f"{latex(one.formula)} = 0"), f"where {place(one)}"
    where = f"where {one.variable} = {one.at} and where {one.variable} = {one.other}"
    return mathml(latex(one.formula)), f"is the same {where}"


def _test_points(task: Task) -> tuple[np.ndarray, np.ndarray]:
    """Points and truths of all test probes, `(point, in)` and `(point, out)`."""
    probes = task.judged_by("test")
    return (
        np.concatenate([probe.x.numpy() for probe in probes]),
        np.concatenate([probe.y.numpy() for probe in probes]),
    )


def _curve(task: Task, names: Sequence[str]) -> Chart:
    """Truths on the test points, in order, a line for each output."""
    x, y = _test_points(task)
    order = np.argsort(x[:, 0], kind="stable")[:: max(1, len(x) // POINTS)]
    unknowns = _unknowns(task)
    series = [Series(unknowns[k], x[order, 0], y[order, k]) for k in range(task.dim_out)]
    return chart("The truth on the test points", series, labels=(names[0], ", ".join(unknowns)))


def _picture(task: Task, names: Sequence[str], path: Path) -> None:
    """Truths of two variables in colours: at each pixel that of the nearest test point."""
    from scipy.spatial import KDTree

    from kansci.look import canvas, save

    x, y = _test_points(task)
    (left, right), (bottom, top) = task.domain
    share = (np.arange(PIXELS) + 0.5) / PIXELS
    pixels = np.stack(np.meshgrid(share, share), -1)  # (row, column, 2)
    unit = (x - [left, bottom]) / [right - left, top - bottom]
    far, nearest = KDTree(unit).query(pixels)
    with canvas(4.2, 3.3) as (figure, axes):
        image = axes.imshow(
            np.where(far * PIXELS < FAR, y[nearest, 0], np.nan),
            origin="lower",
            extent=(left, right, bottom, top),
            aspect="auto",
        )
        axes.set_xlabel(names[0])
        axes.set_ylabel(names[1])
        figure.colorbar(image, ax=axes, label=_unknowns(task)[0])
        save(figure, path)


def _unknowns(task: Task) -> tuple[str, ...]:
    given = task.statement.unknowns if task.statement else ()
    many = tuple(f"y{k + 1}" for k in range(task.dim_out))
    return given if len(given) == task.dim_out else many if task.dim_out > 1 else ("y",)
