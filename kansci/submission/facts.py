"""What a Record has of its cell alone, whoever fills it in: the task's, and the network's size."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Annotated, Any, NamedTuple

from pydantic import Field, TypeAdapter, ValidationError

from kansci.draws import Draws
from kansci.errors import RAISED, UserError
from kansci.hooks import refined_count
from kansci.models import Model, trainable
from kansci.preparing import coarse_budget
from kansci.record import Record
from kansci.sandbox import Foreign
from kansci.sandbox.foreign import answer
from kansci.suite import Cell

COUNTS = "kansci.submission.facts:counted"
SECONDS = 600.0
OF_TASK = (
    *("task", "task_content", "cluster", "family", "metric", "trivial", "scale"),
    *("stages", "probes", "points", "spreads"),
)
RELATIVE = 1e-4  # truths are computed, and machines differ in last digits
HEAVY = 2  # times the numbers that count: the zoo's trained models hold at most so many,
SMALL = 300  # and these beside, of small networks with grids and of the task's units
NUMBER = Annotated[int, Field(strict=True, ge=0, le=10**12)]
NUMBERS: TypeAdapter[list[int | None]] = TypeAdapter(list[NUMBER | None])


def misstated(record: Record, wanted: Record) -> str:
    """What a Record says of its task that another of the same cell does not; empty if nothing."""
    for name in OF_TASK:
        should, says = getattr(wanted, name), getattr(record, name)
        if not _alike(should, says):
            return f"want the {name} of {wanted.name}, {_short(should)}, got {_short(says)}"
    return ""


def _alike(one: Any, other: Any) -> bool:
    if isinstance(one, tuple):
        same = isinstance(other, tuple) and len(one) == len(other)
        return same and all(map(_alike, one, other))
    if isinstance(one, float):
        return math.isclose(one, other, rel_tol=RELATIVE, abs_tol=1e-12)
    return bool(one == other)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


class Size(NamedTuple):
    """What a network's size follows from: two cells of one `Size` have equal networks."""

    dim_in: int
    dim_out: int
    budget: int
    refine: int


def size_of(cell: Cell) -> Size:
    return Size(cell.task.dim_in, cell.task.dim_out, cell.budget, cell.recipe.refine)


def counts(model: Model, sizes: Iterable[Size]) -> dict[Size, int | None]:
    """Trainable numbers of the networks that a model builds; `None` where it builds none.

    Raises:
        UserError: if the file of a submitted model does not answer in its sandbox, or not that.
    """
    every = sorted(set(sizes))
    given = [list(size) for size in every]
    if not isinstance(model, Foreign):
        return dict(zip(every, counted(model, given), strict=True))
    said = answer(model.origin, COUNTS, seconds=SECONDS, sizes=given)
    try:
        found = NUMBERS.validate_python(said)
    except ValidationError:
        found = None
    if found is None or len(found) != len(every):
        wanted = f"want the numbers of {len(every)} networks, whole or null"
        raise UserError(f"{model.origin.file}: {wanted}, got {_short(said)}")
    return dict(zip(every, found, strict=True))


def counted(model: Model, sizes: list[list[int]]) -> list[int | None]:
    """Where the model is: trainable numbers of the network of each size."""
    return [_count(model, Size(*size)) for size in sizes]


def _count(model: Model, size: Size) -> int | None:
    dim_in, dim_out, budget, times = size
    try:
        coarse = budget
        if times > 1:
            coarse = coarse_budget(model, dim_in, dim_out, budget, times)
        with Draws("trial"):
            network = model.build(dim_in, dim_out, coarse)
        return trainable(network) if times == 1 else refined_count(network, times)
    except RAISED:  # it does not fit, or crashes: so does the training, and its Record says it
        return None


def laden(held: int, counted: int) -> str:
    """What a reviewer should ask of a network that holds far more numbers than it counts.

    A fixed grid is alike for all seeds and never changes, and so is a matrix of features that were
    chosen for the tasks, or fitted beforehand.

    Args:
        held: all numbers of one network's state.
        counted: its trainable and adapted ones.
    """
    if held <= HEAVY * counted + SMALL:
        return ""
    return (
        f"holds {held} numbers and counts {counted} of them: what are the others, which are alike "
        "for all seeds and never change?"
    )
