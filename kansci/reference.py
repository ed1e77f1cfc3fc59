"""The frozen reference: what one MLP reached at every budget of a ladder, fixed with a protocol.

A lead over the best model of a board would move with every submission; over this it stays put.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from pydantic import Field, ValidationError

from kansci.errors import UserError
from kansci.record import Frozen, Number, Record, Speed
from kansci.standing import UNSCORED, final
from kansci.stats import Cell, Floats, hierarchical_mean

MODEL = "mlp-silu"


class Rung(Frozen, frozen=True):
    """The reference on one task at one budget; `decades` has one number a member."""

    task: str
    content: str
    family: str
    budget: int
    recipe: str = Field(description="digest: with other work or another dtype it is no reference")
    parameters: int
    decades: tuple[Number, ...]


class Reference(Frozen, frozen=True):
    """All rungs; they hold for the task's content and the recipe they were made with, no other."""

    version: int = 1
    model: str = MODEL
    made: str = ""
    rows: tuple[Rung, ...] = ()

    @classmethod
    def from_records(
        cls, records: Iterable[Record | Speed], *, model: str = MODEL, version: int = 1
    ) -> Reference:
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
        return cls(version=version, model=model, made=made, rows=rows)

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

    def lead(self, records: Sequence[Record]) -> float | None:
        """Mean of decades beyond the reference, over those cells that it has too."""
        rungs = {(row.task, row.content, row.budget, row.recipe): row for row in self.rows}
        cells = [
            Cell(
                record.family,
                record.task,
                record.budget,
                final(record) - np.mean(rungs[_place(record)].decades),
            )
            for record in records
            if _place(record) in rungs
        ]
        return hierarchical_mean(cells) if cells else None

    def envelope(self, task: str, content: str, recipe: str) -> Floats:
        """Points (log10 N, decades) by rising N, the best up to each N, `(point, 2)`."""
        points = sorted(
            (np.log10(row.parameters), np.mean(row.decades))
            for row in self.rows
            if (row.task, row.content, row.recipe) == (task, content, recipe)
        )
        ladder = np.array(points, dtype=float).reshape(-1, 2)
        ladder[:, 1] = np.maximum.accumulate(ladder[:, 1])
        return ladder


def parameters_needed(reached: Floats, envelope: Floats) -> Floats:
    r"""log10 of the numbers with which the reference reaches as many decades, `(*,)` to `(*,)`.

    Linear between two rungs in (log10 N, decades). Beyond the ladder it is the ladder's end:
    below the first rung fewer numbers might do, above the best one more than the last are needed.
    """
    numbers, ladder = envelope.T  # (point,)
    above = np.searchsorted(ladder, reached, side="left")  # the first rung that reaches as many
    upper = np.clip(above, 1, max(1, len(ladder) - 1)).clip(max=len(ladder) - 1)
    lower = np.maximum(upper - 1, 0)
    rise = ladder[upper] - ladder[lower]
    part = np.divide(reached - ladder[lower], rise, out=np.zeros_like(reached), where=rise > 0)
    between = numbers[lower] + part * (numbers[upper] - numbers[lower])
    between = np.where(above == 0, numbers[0], between)
    return np.where(above == len(ladder), numbers[-1], between)


def _place(record: Record) -> tuple[str, str, int, str]:
    return record.task, record.task_content, record.budget, record.recipe.digest


def _rung(record: Record) -> Rung:
    return Rung(
        task=record.task,
        content=record.task_content,
        family=record.family,
        budget=record.budget,
        recipe=record.recipe.digest,
        parameters=record.parameters or record.budget,
        decades=tuple(final(record)),
    )
