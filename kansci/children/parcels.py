"""Arrays between processes, in NumPy's own format; nothing is unpickled.

A parent knows which arrays it asked for, and refuses anything else; one that claims to be larger
is never made.

Source: `numpy.lib.format`, version 1.0 of the npy format.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterable, Sequence
from typing import Literal

import numpy as np
import torch
from numpy.lib import format as npy
from torch import Tensor

from kansci.children.messages import Facts, Held, Nonsense
from kansci.training import Learned

Shape = tuple[int, ...]


def facts_of(learned: Learned, *, curves: bool = True) -> Facts:
    """Of one task."""
    return Facts(
        curves=learned.curves if curves else (),
        parameters=learned.parameters,
        adapted=learned.adapted,
        lifted=learned.lifted,
        gear=learned.gear,
        state=tuple(
            Held.model_validate({"name": name, "shape": one.shape, "kind": one.dtype.kind})
            for name, one in ((name, _plain(one)) for name, one in learned.state.items())
        ),
    )


def packed(learned: Sequence[Learned]) -> bytes:
    """The arrays of all tasks: own losses, whether they are finite, predictions, the answers
    beside them, and what networks hold, if that is kept."""
    flat = (
        (*(answer for row in (one.untrained, *one.predictions, one.beside) for answer in row),)
        for one in learned
    )
    return written(
        tensor
        for one, answers in zip(learned, flat, strict=True)
        for tensor in (one.own, one.finite, *answers, *one.state.values())
    )


def written(tensors: Iterable[Tensor]) -> bytes:
    """One array behind the other."""
    file = io.BytesIO()
    for tensor in tensors:
        npy.write_array(file, _plain(tensor), version=(1, 0), allow_pickle=False)
    return file.getvalue()


def read_all(payload: bytes) -> tuple[Tensor, ...]:
    """What was `written`, from whom one believes."""
    file, found = io.BytesIO(payload), []
    while file.tell() < len(payload):
        found.append(torch.from_numpy(npy.read_array(file, allow_pickle=False)))
    return tuple(found)


def _plain(tensor: Tensor) -> np.ndarray:
    tensor = tensor.detach().cpu().contiguous()
    return (tensor.float() if tensor.dtype == torch.bfloat16 else tensor).numpy()


def unpacked(
    payload: bytes,
    facts: Sequence[Facts],
    members: int,
    shapes: Sequence[Sequence[Sequence[Shape]]],
    *,
    keep: bool = False,
) -> list[Learned]:
    """What `packed` packed.

    Args:
        shapes: of the predictions that were asked for, `[task][stage][probe]`; for each task, a
            first row is of the untrained networks and a last one of what was asked beside its
            probes.
        keep: whether what networks hold was asked for.

    Raises:
        Nonsense: for arrays of another number, shape or type.
    """
    if len(facts) != len(shapes):
        raise Nonsense(f"want answers for {len(shapes)} tasks, got {len(facts)}")
    file = io.BytesIO(payload)
    found = []
    for fact, stages in zip(facts, shapes, strict=True):
        own, finite = _array(file, (members,), "f"), _array(file, (members,), "b")
        rows = ([_array(file, shape, "f") for shape in row] for row in stages)
        untrained, *predictions, beside = rows
        arrays = {"untrained": untrained, "predictions": predictions, "beside": beside}
        state = _state(file, fact.state, members, keep=keep)
        found.append(Learned(own=own, finite=finite, **{**dict(fact), **arrays, "state": state}))
    if file.read(1):
        raise Nonsense("more arrays than were asked for")
    return found


def _state(
    file: io.BytesIO, every: Sequence[Held], members: int, *, keep: bool
) -> dict[str, Tensor]:
    """Its shapes are the network's own: the parent knows how many members there are, no more."""
    names = {one.name for one in every}
    if len(names) != (len(every) if keep else 0):
        raise Nonsense(f"want {'names once each' if keep else 'no weights'}, got {len(every)}")
    if any(one.shape[:1] != (members,) for one in every):
        raise Nonsense(f"want weights of {members} members")
    return {one.name: _array(file, one.shape, one.kind) for one in every}


def _array(file: io.BytesIO, shape: Shape, kind: Literal["f", "i", "u", "b"]) -> Tensor:
    """The next array, whose shape is known: one that claims to be larger is never made."""
    try:
        version = npy.read_magic(file)
        got, fortran, dtype = npy.read_array_header_1_0(file)
    except Exception as error:
        raise Nonsense(f"want an array {shape}, got none: {error}"[:200]) from error
    known = dtype.isnative and dtype.itemsize <= 8
    if (version, got, fortran, dtype.kind) != ((1, 0), shape, False, kind) or not known:
        raise Nonsense(f"want an array {shape} of kind {kind!r}, got {got} of {dtype}")
    data = file.read(math.prod(shape) * dtype.itemsize)
    if len(data) != math.prod(shape) * dtype.itemsize:
        raise Nonsense(f"want an array {shape}, got a part of it")
    return torch.from_numpy(np.frombuffer(data, dtype).reshape(shape).copy())


def bytes_of(members: int, shapes: Sequence[Sequence[Sequence[Shape]]]) -> int:
    """The most that arrays of these shapes take when packed, in float64."""
    arrays = [shape for stages in shapes for probes in stages for shape in probes]
    arrays += [(members,)] * (2 * len(shapes))
    return sum(8 * math.prod(shape) + 256 for shape in arrays)
