"""What an optimizer asks of an ensemble: gradients and losses of all members, in one gear.

The members are evaluated some at a time, as many as measure fastest and fit into memory; the
gears, eager and compiled, differ in last digits only. Both follow from counted work, never from a
clock, so that the same command takes the same way.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterator
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from kansci.gears.capture import captured
from kansci.gears.programs import Program, program
from kansci.gears.tracing import room
from kansci.lifting.ensemble import Ensemble, Lifted
from kansci.losses import MeanSquares, program_of
from kansci.record import Gear
from kansci.task import Batch, Loss

COMPILED_FROM = 3e11  # bytes that a training writes, from which compiling pays
# Bytes that members evaluated together write, in each gear: what measured fastest. A compiled
# program has next to no cost a call, so that what is small enough for caches is best.
AT_ONCE: dict[Gear, float] = {"eager": 4e8, "compiled": 2e7}
PLENTY = 8e9  # on a GPU, which wants more work rather than less
MOST = 1e9  # bytes of one member, beyond which its points are evaluated some at a time


Known = dict[Hashable, Program]


class Objective:
    """Gradients and losses of all members, for one loss.

    Args:
        example: a batch of the shapes that will be asked for.
        ahead: evaluations of one member each that this program will be asked for; times what each
            writes, they choose the gear where none is given.
        known: programs of the same networks at hand, which needs no second trace.
    """

    def __init__(
        self,
        ensemble: Ensemble,
        loss: Loss,
        example: Batch,
        *,
        ahead: int = 0,
        gear: Gear | None = None,
        known: Known | None = None,
    ) -> None:
        self._ensemble = ensemble
        self._loss = program_of(loss)
        self._function = ensemble.gradients(self._loss)
        self.gear: Gear = "eager"
        self.note = ""
        self._last: tuple[Batch, int, list[tuple[Tensor, ...]]] | None = None
        self.weight = self._weigh(example) if ensemble.lifted else 0.0
        self._width = self._fitting(self.weight)
        self._pieces = math.ceil(self.weight / MOST) if isinstance(self._loss, MeanSquares) else 1
        if gear == "compiled" or (gear is None and ahead * self.weight >= COMPILED_FROM):
            self._compile(example, {} if known is None else known)
        elif ensemble.device.type == "cuda" and ensemble.lifted and not ensemble.changes:
            self._function = captured(self._function)

    def __call__(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Gradients `(member, n)` and losses `(member,)`."""
        if self._pieces <= 1 or self.gear == "compiled":
            return self._chunks(self._function, batch)
        assert isinstance(self._loss, MeanSquares)
        answers = [
            self._chunks(self._ensemble.gradients(loss), piece)
            for loss, piece in pieces(self._loss, batch, self._pieces)
        ]
        gradients, losses = zip(*answers, strict=True)
        return torch.stack(gradients).sum(0), torch.stack(losses).sum(0)

    def normal(self, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
        """Of the weighted residuals `r`: `J^T J`, `J^T r` and the losses `|r|^2`.

        Raises:
            ValueError: for a loss that is no sum of squares, or a network of which slopes cannot
                be found point by point.
        """
        if not isinstance(self._loss, MeanSquares):
            raise ValueError(
                "Levenberg-Marquardt wants a loss that is a sum of mean squares, got "
                f"{type(self._loss).__name__}: use another optimizer"
            )
        if self._ensemble.changes:
            raise _no_slopes("changes its own state as it learns, as BatchNorm does")
        if not self._ensemble.lifted:
            raise _no_slopes("cannot be lifted, as with Dropout or control flow on data")
        return self._chunks(self._ensemble.normals(self._loss), batch)

    def at(self, batch: Batch) -> Evaluation:
        """On one batch: what an optimizer calls."""
        return Evaluation(self, batch)

    def _chunks(self, function: Lifted, batch: Batch) -> Any:
        answers = [function(*part) for part in self._parts(batch)]
        if len(answers) == 1:
            return answers[0]
        return tuple(torch.cat(rows) for rows in zip(*answers, strict=True))

    def _parts(self, batch: Batch) -> list[tuple[Tensor, ...]]:
        """Views of weights, state and batch, the same for every evaluation on one batch."""
        if self._last is None or self._last[0] is not batch or self._last[1] != self._width:
            ensemble = self._ensemble
            given = (ensemble.flat, *ensemble.fixed.values(), *batch)
            split = zip(*(one.split(self._width) for one in given), strict=True)
            self._last = (batch, self._width, list(split))
        return self._last[2]

    def _fitting(self, weight: float) -> int:
        members = len(self._ensemble.members)
        if not self._ensemble.lifted or not weight:
            return members
        most = AT_ONCE[self.gear] if self._ensemble.device.type == "cpu" else PLENTY
        together = max(1, min(members, int(most // weight)))
        return math.ceil(members / math.ceil(members / together))  # a last one alone would be dear

    def _compile(self, example: Batch, known: Known) -> None:
        ensemble = self._ensemble
        if not ensemble.lifted:
            self.note = "not compiled: a model that cannot be lifted runs eager"
        elif ensemble.changes:
            self.note = "not compiled: a model that changes its own state runs eager"
        else:
            given = (ensemble.flat, *ensemble.fixed.values(), *example)
            shapes = ((one.dtype, one.shape[1:], room(one, 1).stride()) for one in given)
            shape = (id(self._loss), *shapes)
            if shape not in known:
                known[shape] = program(self._function, given)
            made = known[shape]
            if made.run is None:
                self.note = made.reason
            else:
                self._function, self.gear = made.run, "compiled"
                self._width = self._fitting(self.weight)

    def _weigh(self, example: Batch) -> float:
        """Bytes that one member's evaluation writes, by two evaluations of a few of its points."""
        ensemble = self._ensemble
        fixed = [one[:1].clone() for one in ensemble.fixed.values()]

        def bytes_of(share: float) -> tuple[float, int]:
            rows = [_few(one[:1], share) for one in example]
            with Scales() as scales:
                self._function(ensemble.flat[:1], *fixed, *rows)
            return scales.bytes, sum(map(_points, rows))

        (least, few), (more, many) = bytes_of(1 / 32), bytes_of(1 / 16)
        slope = (more - least) / max(many - few, 1)
        return more + slope * (sum(map(_points, example)) - many)


def _no_slopes(got: str) -> ValueError:
    wanted = "Levenberg-Marquardt wants slopes of a network point by point"
    return ValueError(f"{wanted}, got one that {got}: use another optimizer")


class Evaluation(NamedTuple):
    """An objective on one batch."""

    objective: Objective
    batch: Batch

    def __call__(self) -> tuple[Tensor, Tensor]:
        return self.objective(self.batch)

    def normal(self) -> tuple[Tensor, Tensor, Tensor]:
        return self.objective.normal(self.batch)


class Scales(TorchDispatchMode):
    """Counts the bytes of every tensor that an operation makes."""

    def __init__(self) -> None:
        super().__init__()
        self.bytes = 0.0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        answer = func(*args, **(kwargs or {}))
        known = {
            one.untyped_storage()._cdata for one in tree_leaves(args) if isinstance(one, Tensor)
        }
        for one in tree_leaves(answer):
            if isinstance(one, Tensor) and one.untyped_storage()._cdata not in known:
                self.bytes += one.numel() * one.element_size()
        return answer


def pieces(loss: MeanSquares, batch: Batch, count: int) -> Iterator[tuple[MeanSquares, Batch]]:
    """A batch `(member, ...)` some points at a time, with losses whose sum is the loss."""
    tables = {i for part in loss.parts for i in part.takes}
    split = {i: batch[i].tensor_split(count, 1) for i in tables}
    for number in range(count):
        piece = tuple(split[i][number] if i in split else one for i, one in enumerate(batch))
        shares = [
            piece[part.takes[0]].shape[1] / batch[part.takes[0]].shape[1] for part in loss.parts
        ]
        parts = [
            part._replace(weight=part.weight * share)
            for part, share in zip(loss.parts, shares, strict=True)
            if share
        ]
        yield MeanSquares(*parts), piece


def _points(one: Tensor) -> int:
    """How many a member has of them; what is no table of points has none."""
    return one.shape[1] if one.dim() >= 3 else 0


def _few(one: Tensor, share: float) -> Tensor:
    """The first of a member's points, two at least."""
    return one[:, : max(2, math.ceil(one.shape[1] * share))] if one.dim() >= 3 else one
