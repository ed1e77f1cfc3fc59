"""The frozen reference: what one MLP reached at every budget of a ladder, fixed with a protocol.

A lead over the best model of a board would move with every submission; over this it stays put.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import Field, ValidationError

from kansci.errors import UserError
from kansci.ledger import AnyRecord
from kansci.record import Frozen, Number, Record
from kansci.statistics.standing import UNSCORED, final
from kansci.statistics.stats import Cell, Floats, hierarchical_mean

MODEL = "mlp-silu"
Place = tuple[str, str, int, str]  # task, content, budget and recipe


class Rung(Frozen, frozen=True):
    """The reference on one task at one budget; `decades` has one number a member."""

    task: str
    content: str
    family: str
    budget: int
    recipe: str = Field(description="digest: with other work or another dtype it is no reference")
    parameters: int
    decades: tuple[Number, ...]
    losses: tuple[Number, ...] = Field(
        default=(), description="training losses at the end of a single stage, one a member"
    )


class Reference(Frozen, frozen=True):
    """All rungs; they hold for the task's content and the recipe they were made with, no other."""

    version: int = 1
    model: str = MODEL
    made: str = ""
    rows: tuple[Rung, ...] = ()

    @classmethod
    def from_records(cls, records: Iterable[AnyRecord], *, model: str = MODEL) -> Reference:
        """Freezes the Records of one model; of several for one rung the newest."""
        own = [
            record
            for record in records
            if isinstance(record, Record)
            and record.model == model
            and record.status not in UNSCORED
        ]
        own.sort(key=lambda record: (record.environment.started, record.key))
        rungs = {_place(record): _rung(record) for record in own}
        made = own[-1].environment.started if own else ""
        rows = tuple(rungs[place] for place in sorted(rungs))
        return cls(model=model, made=made, rows=rows)

    @classmethod
    def load(cls, path: str | Path) -> Reference:
        """Raises a UserError, in one line, if there is no reference to be read."""
        try:
            return cls.model_validate_json(Path(path).read_text(encoding="utf-8"))
        except OSError as error:
            raise UserError(f"{path}: want a frozen reference, got: {error}") from error
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(map(str, first["loc"])) or "the whole"
            raise UserError(f"{path}: no frozen reference, {place}: {first['msg']}") from error

    def replacing(self, before: Reference) -> Reference:
        """The next version: these rungs, and those before in places that none of these takes."""
        rungs = {_standing(row): row for row in (*before.rows, *self.rows)}
        rows = tuple(rungs[place] for place in sorted(rungs))
        return self.model_copy(update={"version": before.version + 1, "rows": rows})

    def lead(self, records: Sequence[Record]) -> float | None:
        """Mean of decades beyond the reference; `None` unless it has every one of the cells."""
        if not records or self.lacking(records):
            return None
        rungs = ((record, self.rung(record)) for record in records)
        return hierarchical_mean(
            Cell(
                record.family,
                record.task,
                record.budget,
                final(record) - np.mean(rung.decades),
                record.cluster,
            )
            for record, rung in rungs
            if rung
        )

    def lacking(self, records: Iterable[Record]) -> int:
        """How many of the cells the reference has no rung for."""
        return sum(self.rung(record) is None for record in records)

    def rung(self, record: Record) -> Rung | None:
        """The reference in the place of a Record: same task, content, budget and recipe."""
        return self._rungs.get(_place(record))

    def ladder(self, record: Record) -> Floats:
        """The reference's envelope on a Record's task by its recipe, `(point, 2)`."""
        place = record.task, record.task_content, record.recipe.digest
        return self._ladders.get(place, np.empty((0, 2)))

    @cached_property
    def _rungs(self) -> dict[Place, Rung]:
        return {_standing(row): row for row in self.rows}

    @cached_property
    def _ladders(self) -> dict[tuple[str, str, str], Floats]:
        found = defaultdict[tuple[str, str, str], list[tuple[float, float]]](list)
        for row in self.rows:
            point = row.parameters, float(np.mean(row.decades))
            found[row.task, row.content, row.recipe].append(point)
        return {place: envelope(points) for place, points in found.items()}


def envelope(points: Iterable[tuple[float, float]]) -> Floats:
    """Of (N, decades) the points (log10 N, decades) by rising N, the best up to each, `(point, 2)`.

    >>> envelope([(1000, 2.0), (10, 1.0), (100, 0.5)]).tolist()
    [[1.0, 1.0], [2.0, 1.0], [3.0, 2.0]]
    """
    ladder = np.array(sorted(points), dtype=float).reshape(-1, 2)
    return np.column_stack([np.log10(ladder[:, 0]), np.maximum.accumulate(ladder[:, 1])])


def parameters_needed(
    reached: Floats, envelope: Floats, *, side: Literal["left", "right"] = "left"
) -> Floats:
    r"""log10 of the numbers with which the reference reaches as many decades, `(*,)` to `(*,)`.

    Linear between two rungs in (log10 N, decades). Beyond the ladder it is the ladder's end:
    below the first rung fewer numbers might do, above the best one more than the last are needed.

    Args:
        side: where more numbers made nothing better, the fewest of them, or with `right` the most.
    """
    numbers, ladder = envelope.T.tolist()
    find = bisect_left if side == "left" else bisect_right

    def needed(decades: float) -> float:
        above = find(ladder, decades)  # the first rung that reaches as many
        if above in (0, len(ladder)):
            return numbers[0 if above == 0 else -1]
        part = (decades - ladder[above - 1]) / (ladder[above] - ladder[above - 1])
        return numbers[above - 1] + part * (numbers[above] - numbers[above - 1])

    # One by one, as they are few, and asked for ten thousand times.
    return np.array([needed(decades) for decades in reached.tolist()])


def _place(record: Record) -> Place:
    return record.task, record.task_content, record.budget, record.recipe.digest


def _standing(rung: Rung) -> Place:
    return rung.task, rung.content, rung.budget, rung.recipe


def _rung(record: Record) -> Rung:
    return Rung(
        task=record.task,
        content=record.task_content,
        family=record.family,
        budget=record.budget,
        recipe=record.recipe.digest,
        parameters=record.numbers,
        decades=tuple(final(record)),
        losses=record.curves[0].losses[-1] if len(record.curves) == 1 else (),
    )
