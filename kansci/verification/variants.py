r"""Tasks like the public ones that nobody has seen: what only knows the public truths fails them.

Data are learned on a domain whose intervals are bent, $x' = g(x)$ with $g(z) = z +
\frac{\delta}{\pi}(\sin(\pi z + \varphi) + \sin\varphi)$ on [-1, 1] for each input, and shifted,
with targets $y' = a y + c$: bumps have other centres, formulas other coefficients. Equations get
sources, as `sources` says. All numbers come from a seed.

We differ: not $a f(b x) + c$ alone. Networks see inputs mapped to [-1, 1] and standardised targets,
so that a factor of the inputs, of which the domain follows, would change nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple

import torch
from torch import Generator, Tensor

from kansci.discover import get_task
from kansci.losses import SquaredError, squared_error
from kansci.sampling import stream
from kansci.task import Batch, Probe, Scale, Stage, Task
from kansci.verification.sources import moved, solvable

PREFIX = "variant-"
BEND = (0.2, 0.4)  # of delta, either sign: bumps of deviation 0.04 move by up to 0.25
FACTOR = (0.5, 2.0)  # of a for data, either sign, and of a for truths
STRETCH = (0.85, 1.15)  # of b
SHIFT = 0.15  # of s and of domains, at most, in half widths

Points = Callable[[Tensor], Tensor]


class Draw(NamedTuple):
    """Numbers of one variant; `bend`, `phase` and `shift` are `(in,)`, `shift` in half widths."""

    bend: Tensor
    phase: Tensor
    shift: Tensor
    stretch: Tensor
    factor: float
    offset: float


def variants(names: Iterable[str], seed: int) -> tuple[Task, ...]:
    """Of tasks that have any, in their order."""
    found = (variant(get_task(name), seed) for name in names)
    return tuple(one for one in found if one is not None)


def variant(task: Task, seed: int) -> Task | None:
    """Like a task, with other coefficients and another domain; `None` where there is no such.

    Images have none, nor have equations whose truth is no formula: a network cannot hold it in
    fewer numbers than the reference itself.
    """
    drawn = _draw(task, seed)
    if _of_squared_errors(task):
        return _of_data(task, drawn)
    if solvable(task):
        name = f"{PREFIX}{task.name}"
        numbers = (drawn.factor, drawn.stretch.tolist(), drawn.shift.tolist())
        return moved(task, name, *numbers)
    return None


def has_variant(name: str) -> bool:
    """Whether there is a variant of the task of that name."""
    task = get_task(name)
    return _of_squared_errors(task) or solvable(task)


def public_name(name: str) -> str:
    """Of the task that a variant is like."""
    return name.removeprefix(PREFIX)


def file_of(names: Sequence[str], seed: int) -> str:
    """Python that defines the variants of tasks, for other processes to find them in."""
    return (
        '"""Variants of tasks that a verification has drawn."""\n\n'
        "from kansci.verification.variants import variants\n\n"
        f"tasks = variants({tuple(names)!r}, seed={seed})\n"
    )


def _of_squared_errors(task: Task) -> bool:
    return all(isinstance(stage.loss, SquaredError) for stage in task.stages)


def _draw(task: Task, seed: int) -> Draw:
    generator = stream(f"{task.key}/variant", seed)

    def between(low: float, high: float, *shape: int) -> Tensor:
        return low + (high - low) * torch.rand(shape, generator=generator, dtype=torch.double)

    def sign(*shape: int) -> Tensor:
        return 2.0 * torch.randint(2, shape, generator=generator).double() - 1.0

    many = task.dim_in
    return Draw(
        bend=sign(many) * between(*BEND, many),
        phase=between(-math.pi, math.pi, many),
        shift=between(-SHIFT, SHIFT, many),
        stretch=between(*STRETCH, many),
        factor=(sign() * between(*FACTOR)).item(),
        offset=between(-1.0, 1.0).item(),
    )


def _of_data(task: Task, drawn: Draw) -> Task:
    low, high = torch.tensor(task.domain, dtype=torch.double).T
    middle, half = (low + high) / 2, (high - low) / 2
    scale = Scale.of(lambda: seen(_moments(task.scale)))

    def bent(x: Tensor) -> Tensor:
        z = (x - middle) / half
        wave = torch.sin(math.pi * z + drawn.phase) + torch.sin(drawn.phase)
        return middle + half * (z + drawn.bend / math.pi * wave + drawn.shift)

    def seen(y: Tensor) -> Tensor:
        return drawn.factor * y + drawn.offset * task.scale.std

    def stage(one: Stage) -> Stage:
        def sample(generator: Generator, points: int) -> Batch:
            x, y = one.sample(generator, points)
            return bent(x), seen(y)

        return Stage(one.name, sample, squared_error(scale), one.points)

    def probe(one: Probe) -> Probe:
        return Probe(one.name, lambda: bent(one.x), lambda _: seen(one.y), one.split)

    ends = (low + half * drawn.shift, high + half * drawn.shift)
    return replace(
        task,
        name=f"{PREFIX}{task.name}",
        domain=tuple(zip(*(end.tolist() for end in ends), strict=True)),
        stages=tuple(map(stage, task.stages)),
        probes=tuple(map(probe, task.probes)),
        scale=scale,
        tuning=task.tuning and _of_data(task.tuning, drawn),
        cluster="",
        statement=None,
        vary=None,
    )


def _moments(scale: Scale) -> Tensor:
    """Two numbers that have the mean and the standard deviation of a scale."""
    return torch.tensor([-1.0, 1.0], dtype=torch.double) * scale.std / math.sqrt(2) + scale.mean
