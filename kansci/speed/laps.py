"""What the speed lane measures: laps, their names and keys, and about how long they take.

A lap is one model at a budget or at given widths, in one dtype and gear, on one device.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256
from itertools import pairwise, product
from typing import NamedTuple

import torch

from kansci.models import Model, get_model
from kansci.record import PROTOCOL, Gear, Speed, Work
from kansci.source import source_of
from kansci.speed import clock
from kansci.speed.packages import package_of
from kansci.speed.ratio import ANY_NUMBER, DIMS, REFERENCE, widened

Place = int | tuple[int, ...]
Piece = tuple[Work, int]  # work on a batch of that size

PIECES: tuple[Piece, ...] = (
    ("forward", 1_024),
    ("forward + backward", 1_024),
    ("training step", 32),
    ("training step", 1_024),
    ("inference", 1),
    ("inference", 256),
    ("inference", 4_096),
)
WITH_BACKWARD: tuple[Work, ...] = ("forward + backward", "training step")


class Lap(NamedTuple):
    """What becomes one Record; `place` is a budget, or the widths of both networks."""

    model: Model
    place: Place
    dtype: str
    gear: Gear
    device: torch.device
    pieces: tuple[Piece, ...] = PIECES

    @property
    def name(self) -> str:
        """`784-256-10-float32-eager-cpu`; other pieces than usual add a few signs of a hash."""
        parts = [shown(self.place), self.dtype, self.gear, self.device.type]
        if self.pieces != PIECES:
            parts.append(sha256(repr(self.pieces).encode()).hexdigest()[:6])
        return "-".join(parts)


def shown(place: Place) -> str:
    """`250`, `784-256-10`."""
    return str(place) if isinstance(place, int) else "-".join(map(str, place))


def laps_of(
    models: Sequence[Model],
    places: Sequence[Place],
    dtypes: Sequence[str],
    gears: Sequence[Gear],
    device: torch.device,
    pieces: tuple[Piece, ...] = PIECES,
) -> list[Lap]:
    """Every model at every place; those that take no widths at budgets alone."""
    return [
        Lap(model, place, dtype, gear, device, pieces)
        for place, gear, dtype, model in product(places, gears, dtypes, models)
        if isinstance(place, int) or widened(model, place) is not None
    ]


def pieces_of(works: Iterable[Work], batches: Sequence[int]) -> tuple[Piece, ...]:
    """Some works, in the usual order; at batches of one's own, or at the usual ones."""
    chosen = set(works)
    usual = [piece for piece in PIECES if piece[0] in chosen]
    if not batches:
        return tuple(usual)
    return tuple(product(dict.fromkeys(work for work, _ in usual), dict.fromkeys(batches)))


def lane_key(lap: Lap, precision: float, processes: int = 1) -> str:
    """Names a measurement, so that it is not taken twice; of the machine only the kind of device
    is a part of it. The time limit is none: see `done`."""
    rules = (clock.BLOCKS, clock.BLOCK_SECONDS, precision, *[processes] * (processes > 1))
    what = (lap.place, lap.dtype, lap.gear, lap.device.type, lap.pieces)
    sources = [source(model, lap.place) for model in (lap.model, get_model(REFERENCE))]
    package = [of] if (of := package_of(lap.model)) else []
    parts = (PROTOCOL, "speed lane", lap.model.name, *package, *sources, *what, *rules)
    return sha256(repr(parts).encode()).hexdigest()


def done(record: Speed, seconds: float) -> bool:
    """Whether there is nothing to add: every timing is settled, or had as much time already."""
    unsettled = any(timing.settled is False for timing in record.timings)
    return not unsettled or (record.limit is not None and record.limit >= seconds)


def estimate(lap: Lap, seconds: float, processes: int = 1) -> float:
    """About how many seconds a lap takes, from the work that it is.

    A timing was measured to take a second at a budget; at widths a KAN's weight, of which there is
    one for each weight of the MLP, took half a nanosecond a point, and three times that with the
    backward pass. Compiling takes four seconds a network, and a new process four until it begins.
    """
    weights = 0 if isinstance(lap.place, int) else sum(a * b for a, b in pairwise(lap.place))
    total = 4.0 if processes > 1 else 0.0
    for work, batch in lap.pieces:
        passes = 3 if work in WITH_BACKWARD else 1
        calls = 2 * clock.BLOCKS + 6
        total += min(seconds, max(1.0, calls * batch * weights * 5e-10 * passes))
        total += 8.0 if lap.gear == "compiled" else 0.0
    return total * processes


def source(model: Model, place: Place) -> str:
    """Hash of the code that builds the model's network at a place."""
    if isinstance(place, int):
        return source_of(model, *DIMS, place)
    return source_of(widened(model, place) or model, place[0], place[-1], ANY_NUMBER)
