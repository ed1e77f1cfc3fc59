"""A task is stages to learn in order and probes to be judged by.

The three families are one shape: five bumps are 5 stages and 5 probes, a regression is one of
each, a PDE one stage whose loss is a residual and one probe that holds the true solution.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property
from inspect import signature
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import torch
from torch import Generator, Tensor

from kansci.fingerprint import fingerprint

if TYPE_CHECKING:
    from kansci.beside import Beside
    from kansci.equations import Ansatz, Statement

Interval = tuple[float, float]
Batch = tuple[Tensor, ...]
Predict = Callable[[Tensor], Tensor]
Sample = Callable[[Generator, int], Batch]
Loss = Callable[..., Tensor]
Split = Literal["validation", "test"]
Family = str
Metric = Literal["nrmse", "relative_l2", "error_rate", "relative_max"]


class Scale:
    """Mean and standard deviation of a regression target, of which NRMSE is measured."""

    def __init__(self, mean: float = 0.0, std: float = 1.0) -> None:
        self._moments: Callable[[], tuple[float, float]] = lambda: (mean, std)

    @classmethod
    def of(cls, values: Callable[[], Tensor]) -> Scale:
        """That of values which are computed when it is first asked for."""

        @cache
        def moments() -> tuple[float, float]:
            found = values()
            return found.mean().item(), found.std().item()

        scale = cls()
        scale._moments = moments
        return scale

    @property
    def mean(self) -> float:
        return self._moments()[0]

    @property
    def std(self) -> float:
        return self._moments()[1]


class Coefficient(NamedTuple):
    """A number in the equations that is not known: trained beside a network, no part of it."""

    name: str
    start: float
    truth: float


@dataclass(frozen=True)
class Stage:
    """One thing to learn.

    Attributes:
        sample: `sample(generator, points)` draws a batch, a tuple of float64 tensors.
        loss: `loss(predict, *batch)`, a scalar, written for ONE network.
        points: the task's own number of points.
        sobol: as `sample`, with points of a scrambled Sobol sequence, where they are collocation
            points; `None` where they are data.
    """

    name: str
    sample: Sample
    loss: Loss
    points: int
    sobol: Sample | None = None


@dataclass(frozen=True, eq=False)
class Probe:
    """Questions and true answers, float64 and in the task's own units.

    What is given as a function is computed when it is first asked for: a listing of all tasks
    draws no points and solves no equation.

    Shape:
        x: `(point, in)`.
        y: `(point, out)`.
    """

    name: str
    questions: Tensor | Callable[[], Tensor]
    answers: Tensor | Predict
    split: Split = "test"

    @cached_property
    def x(self) -> Tensor:
        return self.questions if isinstance(self.questions, Tensor) else self.questions()

    @cached_property
    def y(self) -> Tensor:
        return self.answers if isinstance(self.answers, Tensor) else self.answers(self.x)


@dataclass(frozen=True, eq=False)
class Task:
    """What is to be learned, and how it is judged.

    Attributes:
        domain: an interval for each input; mapped to [-1, 1] by the wrapper of every network.
        scale: of a regression target; the wrapper maps outputs by it.
        order: the highest derivative of the network that a loss takes.
        tuning: another task on which rates are chosen, where this one would give the answer away.
        statement: equations, conditions and truth in sympy, where there are any.
        smallest: the smallest budget that makes sense.
        cluster: what tasks share that are equal up to names and a factor; boards count it once.
        coefficients: numbers that are learned beside the network.
        ansatz: how every network's outputs are made to meet conditions, where they are.
        beside: further questions, whose errors stand beside those of the probes; no board ranks by
            them, and no hash knows of them.
        vary: the same task with other options, `vary(noise=0.01)`; its keyword arguments and
            their defaults are the options that a name may carry.
    """

    name: str
    version: int
    family: Family
    domain: tuple[Interval, ...]
    dim_out: int
    stages: tuple[Stage, ...]
    probes: tuple[Probe, ...]
    source: str
    metric: Metric = "nrmse"
    scale: Scale = Scale()
    order: int = 0
    about: str = ""
    smallest: int = 0
    tuning: Task | None = None
    statement: Statement | None = None
    cluster: str = ""
    vary: Callable[..., Task] | None = None
    coefficients: tuple[Coefficient, ...] = ()
    ansatz: Ansatz | None = None
    beside: tuple[Beside, ...] = ()

    def __post_init__(self) -> None:
        check(self)

    @property
    def dim_in(self) -> int:
        return len(self.domain)

    @property
    def key(self) -> str:
        """`name@version`: numbers of different keys are never compared."""
        return f"{self.name}@{self.version}"

    @property
    def trivial(self) -> float:
        """The error of the trivial predictor: the mean, zero, or a guess among the classes."""
        return 1 - 1 / self.dim_out if self.metric == "error_rate" else 1.0

    @property
    def options(self) -> dict[str, Any]:
        """What may stand in brackets behind its name, with defaults."""
        known = signature(self.vary).parameters if self.vary else {}
        return {name: one.default for name, one in known.items()}

    def judged_by(self, split: Split) -> tuple[Probe, ...]:
        return tuple(probe for probe in self.probes if probe.split == split)

    @cached_property
    def content(self) -> str:
        """Hash of what the task is, not of how its file is worded; see `fingerprint`."""
        for probe in self.probes:
            check_probe(self, probe)
        return fingerprint(self)


def check(task: Task) -> None:
    """Raises a ValueError that names what a task lacks; what is not computed yet is not asked."""
    if not task.stages or not task.judged_by("test"):
        raise ValueError(f"{task.name}: want at least one stage and one test probe")
    for low, high in task.domain:
        if not low < high:
            raise ValueError(f"{task.name}: want an interval with low < high, got {(low, high)}")
    for probe in task.probes:
        if isinstance(probe.questions, Tensor) and isinstance(probe.answers, Tensor):
            check_probe(task, probe)


def check_probe(task: Task, probe: Probe) -> None:
    """Raises a ValueError that names what is wrong with points or true answers."""
    rows = len(probe.x)
    if probe.x.shape != (rows, task.dim_in) or probe.y.shape != (rows, task.dim_out):
        raise ValueError(
            f"{task.name}, probe {probe.name!r}: want x (point, {task.dim_in}) and "
            f"y (point, {task.dim_out}), got {tuple(probe.x.shape)} and {tuple(probe.y.shape)}"
        )
    if probe.x.dtype != torch.double or probe.y.dtype != torch.double:
        raise ValueError(f"{task.name}, probe {probe.name!r}: want float64 points and truths")
    if not (probe.x.isfinite().all() and probe.y.isfinite().all()):
        raise ValueError(f"{task.name}, probe {probe.name!r}: want finite points and truths")
