"""A task is stages to learn in order and probes to be judged by.

The three families are one shape: five bumps are 5 stages and 5 probes, a regression is one of
each, a PDE one stage whose loss is a residual and one probe that holds the true solution.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING, Literal, NamedTuple

import torch
from torch import Generator, Tensor

if TYPE_CHECKING:
    from kansci.equations import Statement

Interval = tuple[float, float]
Batch = tuple[Tensor, ...]
Predict = Callable[[Tensor], Tensor]
Sample = Callable[[Generator, int], Batch]
Loss = Callable[..., Tensor]
Split = Literal["validation", "test"]
Family = str
Metric = Literal["nrmse", "relative_l2", "error_rate"]


class Scale(NamedTuple):
    """Mean and standard deviation of a regression target, of which NRMSE is measured."""

    mean: float = 0.0
    std: float = 1.0


@dataclass(frozen=True)
class Stage:
    """One thing to learn.

    Attributes:
        sample: `sample(generator, points)` draws a batch, a tuple of float64 tensors.
        loss: `loss(predict, *batch)`, a scalar, written for ONE network.
        points: the task's own number of points.
    """

    name: str
    sample: Sample
    loss: Loss
    points: int


@dataclass(frozen=True, eq=False)
class Probe:
    """Questions and true answers, float64 and in the task's own units.

    Shape:
        x: `(point, in)`.
        y: `(point, out)`.
    """

    name: str
    x: Tensor
    y: Tensor
    split: Split = "test"


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

    def judged_by(self, split: Split) -> tuple[Probe, ...]:
        return tuple(probe for probe in self.probes if probe.split == split)

    @cached_property
    def content(self) -> str:
        """Hash of what the task is, not of how its file is worded; see `fingerprint`."""
        return fingerprint(self)


def check(task: Task) -> None:
    """Raises a ValueError that names what a task lacks."""
    if not task.stages or not task.judged_by("test"):
        raise ValueError(f"{task.name}: want at least one stage and one test probe")
    for low, high in task.domain:
        if not low < high:
            raise ValueError(f"{task.name}: want an interval with low < high, got {(low, high)}")
    for probe in task.probes:
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


def stream(purpose: str, seed: int = 0) -> Generator:
    """Random numbers for one purpose; streams of two purposes or seeds never share a prefix.

    Members draw from `stream("points", seed)`; test and validation points, tuning streams and
    initial weights have purposes of their own. With plain seeds a probe's first points *were*
    training points, as a generator repeats its prefix.
    """
    digest = sha256(f"{purpose}/{seed}".encode()).digest()
    return Generator().manual_seed(int.from_bytes(digest[:8], "big") >> 1)


def uniform(generator: Generator, points: int, domain: Sequence[Interval]) -> Tensor:
    """Points drawn uniformly from a box, `(point, in)`, float64."""
    low, high = torch.tensor(domain, dtype=torch.double).T
    unit = torch.rand(points, len(domain), generator=generator, dtype=torch.double)
    return low + (high - low) * unit


class Part(NamedTuple):
    """A weighted mean square over points, `weight * mean(residual^2)`: a piece of a loss.

    Attributes:
        residual: `residual(predict, *rows, *given)`, `(row, k)` or `(row,)`; a row of it depends
            on that row of the tensors it takes and on no other.
        takes: which tensors of the batch it is handed row by row.
        given: which it is handed whole.
    """

    residual: Callable[..., Tensor]
    takes: tuple[int, ...]
    weight: float = 1.0
    given: tuple[int, ...] = ()


class MeanSquares:
    r"""A loss that is a sum of mean squares, $\sum_p w_p\,\mathrm{mean}(r_p^2)$.

    Called as any loss; that it has `parts` lets Levenberg-Marquardt see the residuals.
    """

    def __init__(self, *parts: Part) -> None:
        self.parts = parts

    def __call__(self, predict: Predict, *batch: Tensor) -> Tensor:
        total = batch[0].new_zeros(())
        for part in self.parts:
            total = total + part.weight * residuals(part, predict, batch).square().mean()
        return total


def residuals(part: Part, predict: Predict, batch: Batch) -> Tensor:
    """Of one part of a loss on a batch."""
    return part.residual(predict, *(batch[i] for i in (*part.takes, *part.given)))


def _standardised(predict: Predict, x: Tensor, y: Tensor, std: Tensor) -> Tensor:
    return (predict(x) - y) / std


REGRESSION = MeanSquares(Part(_standardised, takes=(0, 1), given=(2,)))


class SquaredError:
    """Mean squared error of a standardised target, for batches `(x, y)`.

    The target's scale is handed to `REGRESSION` as data, so that all regression tasks are one
    program, and those of equal dimensions train together.
    """

    program = REGRESSION

    def __init__(self, scale: Scale) -> None:
        self.numbers = (scale.std,)

    def __call__(self, predict: Predict, x: Tensor, y: Tensor) -> Tensor:
        return self.program(predict, x, y, x.new_tensor(self.numbers))


def squared_error(scale: Scale) -> Loss:
    """Mean squared error of the standardised target, for batches `(x, y)`."""
    return SquaredError(scale)


def program_of(loss: Loss) -> Loss:
    """What a loss computes, apart from its task's own numbers: those of one program train
    together. It is called with the batch, then with one tensor of `numbers_of` it, if any."""
    return getattr(loss, "program", loss)


def numbers_of(loss: Loss) -> tuple[float, ...]:
    """A task's own numbers that its loss takes as data."""
    return getattr(loss, "numbers", ())


def fingerprint(task: Task) -> str:
    """SHA-256 of the definition, of golden samples and of the losses on them.

    Numbers are rounded to a millionth of the largest beside them first: last bits differ between
    machines, and of a sine at a multiple of pi nothing else is left. The losses are taken of a
    fixed smooth function, so that a changed weight or sign shows.
    """
    digest = sha256()

    def add(*parts: object) -> None:
        for part in parts:
            digest.update(_rounded(part) if isinstance(part, Tensor) else repr(part).encode())
            digest.update(b"\0")

    add(task.name, task.version, task.family, task.domain, task.dim_out, task.metric, task.order)
    add(torch.tensor(task.scale, dtype=torch.double))
    golden = _golden(task)
    for stage in task.stages:
        batch = stage.sample(stream("golden"), min(stage.points, 100))
        add(stage.name, stage.points, *batch, stage.loss(golden, *batch).detach())
    for probe in task.probes:
        add(probe.name, probe.split, len(probe.x), probe.x, probe.y)
    if task.tuning is not None:
        add(fingerprint(task.tuning))
    return digest.hexdigest()


def _golden(task: Task) -> Predict:
    """A fixed function with derivatives of every order that are different from each other."""

    def predict(x: Tensor) -> Tensor:
        phase = (x * torch.arange(1, task.dim_in + 1, dtype=x.dtype)).sum(-1, keepdim=True)
        return torch.sin(phase * torch.arange(1, task.dim_out + 1, dtype=x.dtype) / 3 + 0.5)

    return predict


def _rounded(x: Tensor, digits: int = 6) -> bytes:
    x = x.double().flatten().nan_to_num(math.pi, math.pi, -math.pi)
    largest = x.abs().max().item() if len(x) else 0.0
    # A hair more, so that 1 and the number before it have the same exponent.
    exponent = math.floor(math.log10(largest * (1 + 1e-9))) if largest > 0 else 0
    mantissa = torch.round(x * 10.0 ** (digits - exponent)) + 0.0  # no negative zero
    return mantissa.numpy().tobytes() + repr(exponent).encode()
