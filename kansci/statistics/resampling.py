"""Draws of a bootstrap as weights: what is drawn often counts much, what is not drawn counts 0.

A mean of drawn values is a sum of all values with such weights. They depend on how many tasks,
budgets and members there are, and never on a value, so models that have the same cells share
them: that makes comparisons paired, and a board a product of matrices.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
DRAWS = 2_000


class Lot(NamedTuple):
    """A cell without its values: where it stands among others.

    Attributes:
        unit: number within its family of what is drawn as one, a task or a cluster of equal tasks.
        task: number within its unit.
        members: how many values it has.
    """

    family: str
    unit: int
    task: int
    budget: int
    members: int


Lots = tuple[Lot, ...]


@lru_cache(maxsize=64)
def shares(lots: Lots) -> Floats:
    """`(value,)`: what each member counts in the mean of equal weights; they sum to 1.

    Families weigh the same, so do the units of a family, the tasks of a unit, the budgets of a
    task and the members of a cell.
    """
    budgets = Counter(lot[:3] for lot in lots)
    tasks = Counter(task[:2] for task in budgets)
    units = Counter(family for family, _ in tasks)
    parts = [
        len(units) * units[lot.family] * tasks[lot[:2]] * budgets[lot[:3]] * lot.members
        for lot in lots
    ]
    return np.repeat(1 / np.array(parts, dtype=float), [lot.members for lot in lots])


@lru_cache(maxsize=4)  # each as large as draws times values: 32 MB for a hundred tasks
def weights(lots: Lots, *, tasks: bool = True, draws: int = DRAWS) -> Floats:
    """`(draw, value)`: what each member counts in each draw; rows sum to 1.

    In two stages: as many units as a family has are drawn from it, each with its tasks and budgets,
    then for each of those cells as many members as it has. With `tasks=False` the units stay, and
    only members are drawn.
    """
    size = sum(lot.members for lot in lots)
    table = np.zeros((draws, size))
    share, first = shares(lots), np.cumsum([0, *(lot.members for lot in lots)])
    own: dict[str, list[tuple[Lot, int]]] = defaultdict(list)
    for lot, start in zip(lots, first[:-1], strict=True):
        own[lot.family].append((lot, int(start)))
    for family, placed in own.items():
        _draw(table, family, placed, share, tasks)
    table.flags.writeable = False
    return table


def _draw(
    table: Floats, family: str, placed: list[tuple[Lot, int]], share: Floats, resample: bool
) -> None:
    """Adds a family's draws; slot by slot, so that a unit drawn twice has other members."""
    draws, size = table.shape
    flat, row = table.reshape(-1), np.arange(draws) * size
    units = 1 + max(lot.unit for lot, _ in placed)
    kinds: dict[tuple[int, int], list[tuple[Lot, int]]] = defaultdict(list)
    for lot, start in placed:
        kinds[lot.task, lot.budget].append((lot, start))
    for slot in range(units):
        pick = np.full(draws, slot)
        if resample:
            pick = (_stream(family, slot).random(draws) * units).astype(int)
        for (task, budget), cells in sorted(kinds.items()):
            count, start, part = np.zeros((3, units))
            for lot, at in cells:
                count[lot.unit], start[lot.unit], part[lot.unit] = lot.members, at, share[at]
            count = count[pick]  # (draw,)
            purpose = (family, slot, budget, *([task] if task else []))
            u = _stream(*purpose).random((max(lot.members for lot, _ in cells), draws))
            column = (start[pick] + np.floor(u * count)).astype(int)  # (member, draw)
            drawn = np.arange(len(u))[:, None] < count
            np.add.at(flat, (row + column).reshape(-1), (part[pick] * drawn).reshape(-1))


def _stream(*purpose: object) -> np.random.Generator:
    """Random numbers of one purpose; rows of members come in order, so that more change none."""
    return np.random.default_rng(list(sha256(repr(purpose).encode()).digest()))
