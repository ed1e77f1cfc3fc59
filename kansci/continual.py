"""A regression that is learned piece by piece: what a file in tasks/continual has to say of it.

Every piece is a stage, with a probe of its own, on points between those that are learned. Rates
are chosen on another stream, the task's `tuning`: other centres, or another order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Generator, Tensor

from kansci.losses import squared_error
from kansci.sampling import stream, uniform
from kansci.task import Batch, Interval, Predict, Probe, Scale, Split, Stage, Task

Box = tuple[Interval, ...]
Points = Callable[[Generator, int, Box], Tensor]
STEPS = {1: 20_001, 2: 401}  # of an axis on which the scale of a truth is measured


class Piece(NamedTuple):
    """One stage, and the probe that judges it.

    Attributes:
        box: where it is learned and judged.
        truth: what is learned there, `(point, in)` to `(point, 1)`.
        seed: of the probe's points; two pieces of one seed share a probe.
        judged: what its probe takes for true, where that is not what is learned.
    """

    name: str
    box: Box
    truth: Predict
    seed: int
    judged: Predict | None = None


def continual(
    *,
    name: str,
    version: int,
    pieces: Sequence[Piece],
    domain: Box,
    scale: Scale,
    points: int,
    asked: int,
    source: str,
    about: str,
    drawn: Points = uniform,
    probes: str = "",
    tuning: Task | None = None,
    vary: Callable[..., Task] | None = None,
) -> Task:
    """Pieces that are learned in order; the network is judged on all of them after each.

    Args:
        points: to learn from in a stage, as `drawn(generator, points, box)` lays them.
        asked: uniform points of a probe.
        probes: purpose of the streams that they come from; by default the task's name.
    """
    distinct = {piece.name: piece for piece in pieces}  # a piece may come again

    def stage(piece: Piece) -> Stage:
        def sample(generator: Generator, points: int) -> Batch:
            x = drawn(generator, points, piece.box)
            return x, piece.truth(x)

        return Stage(piece.name, sample, squared_error(scale), points)

    def probe(piece: Piece, split: Split) -> Probe:
        def questions() -> Tensor:
            return uniform(stream(f"{probes or name}/{split}", piece.seed), asked, piece.box)

        return Probe(piece.name, questions, piece.judged or piece.truth, split)

    splits: tuple[Split, ...] = ("validation", "test")
    return Task(
        name=name,
        version=version,
        family="continual",
        domain=domain,
        dim_out=1,
        stages=tuple(map(stage, pieces)),
        probes=tuple(probe(piece, split) for split in splits for piece in distinct.values()),
        source=source,
        scale=scale,
        about=about,
        tuning=tuning,
        vary=vary,
    )


def bells(centres: Sequence[Sequence[float]], rate: float) -> Predict:
    r"""$y(x) = \sum_c \exp(-r |x - c|^2)$, `(point, in)` to `(point, 1)`."""

    def values(x: Tensor) -> Tensor:
        away = x.unsqueeze(-2) - torch.tensor(centres, dtype=x.dtype)  # (point, bell, in)
        return torch.exp(-rate * away.square().sum(-1)).sum(-1, keepdim=True)

    return values


def window(centre: Sequence[float], half: float) -> Box:
    """A box around a centre."""
    return tuple((c - half, c + half) for c in centre)


def moved(centres: Sequence[float], by: float, generator: Generator) -> list[float]:
    """Every centre moved by a uniform draw from [-by, by]: where a tuning stream has its bumps."""
    draws = torch.rand(len(centres), generator=generator, dtype=torch.double)
    return [c + s for c, s in zip(centres, (2 * by * draws - by).tolist(), strict=True)]


def even(generator: Generator, points: int, box: Box) -> Tensor:
    """The same even points on an interval for every seed, both ends among them."""
    ((low, high),) = box
    return torch.linspace(low, high, points, dtype=torch.double).unsqueeze(-1)


def scale_of(truth: Predict, domain: Box) -> Scale:
    """Of a truth on an even grid over its domain, of one or two dimensions."""

    def values() -> Tensor:
        axes = [torch.linspace(*side, STEPS[len(domain)], dtype=torch.double) for side in domain]
        return truth(torch.stack(torch.meshgrid(*axes, indexing="ij"), -1).flatten(0, -2))

    return Scale.of(values)
