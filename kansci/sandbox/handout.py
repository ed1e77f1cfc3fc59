"""What is handed of a task to code that must not know its truth: all but its answers, as JSON.

Formulas travel as text, and are read through the whitelist of `formulas`; points and targets to
learn from are drawn by whoever holds the task, when they are asked for. What cannot be written
down so, as a loss that is a function of its file's own, cannot be handed out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Annotated, Literal

import sympy
from pydantic import BaseModel, Field

from kansci.ansatz import Ansatz
from kansci.equations import Condition, Statement, unmet
from kansci.errors import UserError
from kansci.formulas import read
from kansci.losses import SquaredError, cross_entropy
from kansci.pde.loss import Formulas, Observed, ResidualLoss
from kansci.pde.region import Region
from kansci.residuals import Residual
from kansci.task import Coefficient, Interval, Loss, Metric, Scale, Split, Stage, Task


class Written(BaseModel, frozen=True, extra="forbid"):
    """A part of a task as JSON."""


class Squares(Written, frozen=True):
    """The squared error of a regression, by the task's own scale."""

    kind: Literal["squares"] = "squares"


class Classes(Written, frozen=True):
    """The cross entropy of classes."""

    kind: Literal["classes"] = "classes"


class Group(Written, frozen=True):
    """Formulas that are asked on one table of points; see `pde.loss.Formulas`."""

    place: int
    formulas: tuple[str, ...]
    weights: tuple[float, ...]
    shift: tuple[int, float] | None = None


class Equations(Written, frozen=True):
    """Residuals of equations, conditions and data; see `pde.loss.ResidualLoss`."""

    kind: Literal["equations"] = "equations"
    variables: tuple[str, ...]
    unknowns: tuple[str, ...]
    inside: Group
    outer: tuple[Group, ...]
    columns: tuple[int, ...] = ()
    weight: float = 0.0


class Lift(Written, frozen=True):
    """An ansatz."""

    variables: tuple[str, ...]
    lift: tuple[str, ...]
    multiplier: tuple[str, ...]

    def ansatz(self) -> Ansatz:
        return Ansatz(self.variables, _read(self.lift), _read(self.multiplier))


AnyLoss = Annotated[Squares | Classes | Equations, Field(discriminator="kind")]


class Taught(Written, frozen=True):
    """A stage; its points are asked for."""

    name: str
    points: int
    even: bool = Field(description="whether points of a Sobol sequence can be asked for")
    loss: AnyLoss


class Asked(Written, frozen=True):
    """A probe, or what is asked beside; its questions are asked for, its answers nobody's."""

    name: str
    split: Split


class Handed(Written, frozen=True):
    """A task without its truth."""

    name: str
    version: int
    family: str
    domain: tuple[Interval, ...]
    dim_out: int
    mean: float
    std: float
    metric: Metric
    order: int
    smallest: int
    stages: tuple[Taught, ...]
    probes: tuple[Asked, ...]
    beside: tuple[Literal["values", "slopes", "coefficients"], ...]
    coefficients: tuple[tuple[str, float], ...]
    lift: Lift | None
    tuning: Handed | None


@cache
def handed(task: Task) -> Handed:
    """A task without its truth.

    Raises:
        UserError: if it is not written with what can be handed out.
    """
    return Handed(
        name=task.name,
        version=task.version,
        family=task.family,
        domain=task.domain,
        dim_out=task.dim_out,
        mean=task.scale.mean,
        std=task.scale.std,
        metric=task.metric,
        order=task.order,
        smallest=task.smallest,
        stages=tuple(_taught(task, stage) for stage in task.stages),
        probes=tuple(Asked(name=one.name, split=one.split) for one in task.probes),
        beside=tuple(one.asks for one in task.beside),
        coefficients=tuple((one.name, one.start) for one in task.coefficients),
        lift=task.ansatz and _lift(task.ansatz),
        tuning=task.tuning and handed(task.tuning),
    )


def loss_of(given: Handed, stage: Taught) -> Loss:
    """The loss that a stage was handed out with."""
    match stage.loss:
        case Squares():
            return SquaredError(Scale(given.mean, given.std))
        case Classes():
            return cross_entropy
        case Equations() as written:
            return _residual_loss(written, unknown(given))


def unknown(given: Handed) -> tuple[Coefficient, ...]:
    """Coefficients, of which nobody says what they truly are."""
    return tuple(Coefficient(name, start, float("nan")) for name, start in given.coefficients)


def _residual_loss(written: Equations, coefficients: Sequence[Coefficient]) -> ResidualLoss:
    def formulas(group: Group) -> Formulas:
        names = (written.variables, written.unknowns, coefficients)
        every = tuple(Residual(one, *names) for one in _read(group.formulas))
        return Formulas(group.place, every, group.weights, group.shift)

    observed = Observed(written.columns, written.weight) if written.columns else None
    return ResidualLoss(formulas(written.inside), list(map(formulas, written.outer)), observed)


def _taught(task: Task, stage: Stage) -> Taught:
    return Taught(
        name=stage.name, points=stage.points, even=stage.sobol is not None, loss=_loss(task, stage)
    )


def _loss(task: Task, stage: Stage) -> Squares | Classes | Equations:
    loss = stage.loss
    if isinstance(loss, SquaredError) and loss.numbers == (task.scale.std,):
        return Squares()
    if loss is cross_entropy:
        return Classes()
    if isinstance(loss, ResidualLoss) and task.statement is not None:
        return _equations(task, task.statement, loss)
    raise UserError(
        f"task {task.name!r}: want a loss of regression, continual, digits or pde, got a function "
        "of its own, which no sandbox can be handed without the file; set KANSCI_SANDBOX=off, and "
        "--retry not_applicable where there is a Record of this"
    )


def _equations(task: Task, statement: Statement, loss: ResidualLoss) -> Equations:
    inside, outer, observed = loss._inside, loss._outer, loss._observed  # it has no other names
    held = statement.conditions
    if task.ansatz is not None:
        held = unmet(statement, task.ansatz)
    places = [[one.formula for one in each] for each in _by_place(task, statement, held)]
    wanted = [len(one.residuals) for one in outer]
    if [len(each) for each in places] != wanted:
        raise UserError(f"task {task.name!r}: want conditions at {wanted} places, got {places}")
    return Equations(
        variables=statement.variables,
        unknowns=statement.unknowns,
        inside=_group(inside, statement.equations),
        outer=tuple(_group(*pair) for pair in zip(outer, places, strict=True)),
        columns=() if observed is None else observed.columns,
        weight=0.0 if observed is None else observed.weight,
    )


def _by_place(
    task: Task, statement: Statement, held: Iterable[Condition]
) -> Iterable[Sequence[Condition]]:
    """Conditions that are asked on one table of points, in the order of those tables."""
    region = Region(statement.variables, task.domain)
    found: dict[object, list[Condition]] = {}
    for one in held:
        shift = None if one.other is None else (one.variable, float(one.other - one.at))
        found.setdefault((region.place(one), shift), []).append(one)
    return found.values()


def _group(formulas: Formulas, texts: Sequence[sympy.Expr]) -> Group:
    return Group(
        place=formulas.place,
        formulas=_text(texts),
        weights=formulas.weights,
        shift=formulas.shift,
    )


def _lift(ansatz: Ansatz) -> Lift:
    return Lift(
        variables=ansatz.variables, lift=_text(ansatz.lift), multiplier=_text(ansatz.multiplier)
    )


def _text(formulas: Iterable[sympy.Expr]) -> tuple[str, ...]:
    """Formulas as text that is read as the same formulas."""
    found = tuple(formulas)
    texts = tuple(map(str, found))
    if _read(texts) != found:
        raise UserError(f"want formulas that can be written down, got {', '.join(texts)}")
    return texts


def _read(texts: Iterable[str]) -> tuple[sympy.Expr, ...]:
    return tuple(map(read, texts))
