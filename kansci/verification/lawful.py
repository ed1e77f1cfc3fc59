"""Which laws of `kansci check` a submitted model breaks: what else would make its Records no match.

A model that declares too few derivatives need not learn the tasks it would be bad at; one whose
answer to a point depends on those beside it learns from the questions; one that holds more numbers
than it counts is another one than its Records say.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pydantic import BaseModel, ValidationError

from kansci.discover import Origin, get_task
from kansci.errors import DoesNotFit, UserError
from kansci.record import Record
from kansci.sandbox import errand
from kansci.suite import MEMORY

CHECK = "kansci.testing:check"
BINDING = ("runs", "points apart", "derivatives", "counts", "seeded", "saved")
SECONDS = 600.0


class _Law(BaseModel, frozen=True, extra="ignore"):
    name: str
    status: str
    sentence: str


class _Report(BaseModel, frozen=True, extra="ignore"):
    laws: tuple[_Law, ...]


def broken(model: Origin, records: Iterable[Record]) -> tuple[str, ...]:
    """What is wrong with networks of each size that Records are of, in words."""
    sizes = {_dims(record): record.budget for record in records}
    return tuple(
        text for dims, budget in sorted(sizes.items()) for text in _of(model, dims, budget)
    )


def _dims(record: Record) -> tuple[int, int]:
    task = get_task(record.name)
    return task.dim_in, task.dim_out


def _of(model: Origin, dims: Sequence[int], budget: int) -> list[str]:
    size = f"{dims[0]} inputs, {dims[1]} outputs, {budget} numbers"
    dim_in, dim_out = dims
    how = {"dim_in": dim_in, "dim_out": dim_out, "parameters": budget}
    try:
        said = errand(model, CHECK, seconds=SECONDS, memory=MEMORY, purpose="check", **how)
        laws = _Report.model_validate(said).laws
    except (UserError, DoesNotFit, ValidationError) as why:  # of this size it has been trained
        return [f"{size}: could not be examined: {why}"[:300]]
    found = {law.name: law for law in laws}
    if lacking := [name for name in BINDING if name not in found]:
        return [f"{size}: its process says nothing of {', '.join(lacking)}"]
    wrong = [found[name] for name in BINDING if found[name].status == "broken"]
    return [f"{size}: law {law.name!r}: {law.sentence.rstrip('.')}"[:300] for law in wrong]
