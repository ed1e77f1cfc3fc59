"""Where the points of a problem lie: in a box, of which another may be cut out, or on edges."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Generator, Tensor

from kansci.equations import Condition, place
from kansci.task import Interval

Draw = Callable[[Generator, int, Sequence[Interval]], Tensor]
Box = tuple[Interval, ...]


class Region(NamedTuple):
    """A box without the inside of another.

    Attributes:
        variables: names of the axes.
        box: an interval for each.
        cut: the box that is cut out; `None`: nothing.
    """

    variables: tuple[str, ...]
    box: Box
    cut: Box | None = None

    def draw(self, draw: Draw, generator: Generator, points: int) -> Tensor:
        """Points that `draw` spreads over the box, those in the cut left out, `(point, in)`."""
        if self.cut is None:
            return draw(generator, points, self.box)
        more = math.ceil(points / (1 - _volume(self.cut) / _volume(self.box)))
        found = torch.empty(0, len(self.box), dtype=torch.double)
        while len(found) < points:
            found = torch.cat([found, self.within(draw(generator, more, self.box))])
        return found[:points]

    def lattice(self, grid: Sequence[int]) -> Tensor:
        """An even grid with both ends, `(point, in)`, float64; edges of the cut belong to it."""
        axes = [
            torch.linspace(low, high, steps, dtype=torch.double)
            for (low, high), steps in zip(self.box, grid, strict=True)
        ]
        return self.within(torch.stack(torch.meshgrid(*axes, indexing="ij"), -1).flatten(0, -2))

    def within(self, x: Tensor) -> Tensor:
        """Those of some points of the box that are not in the cut."""
        if self.cut is None:
            return x
        low, high = torch.tensor(self.cut, dtype=torch.double).T
        return x[~((x > low) & (x < high)).all(-1)]

    def place(self, condition: Condition) -> Box:
        """Where a condition holds: an interval for each axis, of no length where it is fixed.

        Raises:
            ValueError: if that is outside of the box.
        """
        at, other = condition.at, condition.other
        where = {condition.variable: (at, at)} | {v: (a, b) for v, a, b in condition.within}
        ends = [*where.items(), *([(condition.variable, (other, other))] if other else [])]
        for variable, (low, high) in ends:
            least, most = dict(zip(self.variables, self.box, strict=True)).get(variable, (1, 0))
            if not least <= float(low) <= float(high) <= most:
                raise ValueError(
                    f"want a condition on an edge or inside of {self._said()}, "
                    f"got {place(condition)!r}"
                )
        known = {name: (float(low), float(high)) for name, (low, high) in where.items()}
        return tuple(
            known.get(name, whole) for name, whole in zip(self.variables, self.box, strict=True)
        )

    def _said(self) -> dict[str, Interval]:
        return dict(zip(self.variables, self.box, strict=True))


def _volume(box: Box) -> float:
    return math.prod(high - low for low, high in box)
