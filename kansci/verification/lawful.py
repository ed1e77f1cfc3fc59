"""Which laws of `kansci check` a submitted model breaks: what else would make its Records no match.

A model that declares too few derivatives need not learn the tasks it would be bad at; one whose
answer to a point depends on those beside it learns from the questions; one that holds more numbers
than it counts is another one than its Records say.

The laws are computed in the process that has loaded the file, which could change them: they find
mistakes. Whether it declares too few derivatives is decided here, on answers to points that nobody
could foresee; see `lines`.
"""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as NoBase64
from collections.abc import Iterable, Iterator, Sequence
from functools import partial

from pydantic import BaseModel, ValidationError
from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor

from kansci.discover import Origin, get_task
from kansci.errors import DoesNotFit, UserError
from kansci.record import Record
from kansci.sandbox import describe, errand
from kansci.suite import MEMORY
from kansci.verification import lines
from kansci.verification.reloading import written

CHECK = "kansci.testing:check"
ANSWERS = f"{lines.__name__}:answers"
TOP = 4  # no task takes higher derivatives
FAULTS = (UserError, DoesNotFit, NoBase64, SafetensorError, KeyError, ValueError, RuntimeError)
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
        f"{dims[0]} inputs, {dims[1]} outputs, {budget} numbers: {text}"[:300]
        for dims, budget in sorted(sizes.items())
        for text in (*_of(model, dims, budget), *_denied(model, dims, budget))
    )


def _dims(record: Record) -> tuple[int, int]:
    task = get_task(record.name)
    return task.dim_in, task.dim_out


def _of(model: Origin, dims: Sequence[int], budget: int) -> list[str]:
    how = {**_size(dims, budget), "seconds": SECONDS, "memory": MEMORY, "purpose": "check"}
    try:
        laws = _Report.model_validate(errand(model, CHECK, **how)).laws
    except (UserError, DoesNotFit, ValidationError) as why:  # of this size it has been trained
        return [f"could not be examined: {why}"]
    found = {law.name: law for law in laws}
    if lacking := [name for name in BINDING if name not in found]:
        return [f"its process says nothing of {', '.join(lacking)}"]
    wrong = [found[name] for name in BINDING if found[name].status == "broken"]
    return [f"law {law.name!r}: {law.sentence.rstrip('.')}" for law in wrong]


def _size(dims: Sequence[int], budget: int) -> dict[str, int]:
    dim_in, dim_out = dims
    return {"dim_in": dim_in, "dim_out": dim_out, "parameters": budget}


def _denied(model: Origin, dims: Sequence[int], budget: int) -> Iterator[str]:
    """Derivatives that a file says its networks do not have, and that their answers have."""
    if not model.file:  # of kansci's own models, nothing is a claim
        return
    try:
        declared = describe(model.file).derivatives
        if declared is None or declared >= TOP:
            return
        share = lines.share(partial(_answers, model, dims, budget), dims[0], declared + 1)
    except FAULTS as why:
        yield f"its derivatives could not be examined: {why}"
        return
    if share > lines.SHARE:
        yield (
            f"it declares derivatives={declared}, and on {share:.0%} of short lines its answers "
            f"have one of order {declared + 1}, want at most {lines.SHARE:.0%}"
        )


def _answers(model: Origin, dims: Sequence[int], budget: int, points: Tensor) -> Tensor:
    asked = {**_size(dims, budget), "points": written({"points": points})}
    how = {"seconds": SECONDS, "memory": MEMORY, "purpose": "check"}
    said = errand(model, ANSWERS, **asked, **how)
    return load(b64decode(str(said), validate=True))["answers"]
