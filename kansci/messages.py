"""What a child that trains says to its parent: JSON, and arrays in NumPy's own format.

Nothing is unpickled. The parent knows which arrays it asked for, and refuses anything else; what
a child sends is bounded, and checked as if a stranger had sent it.

Source: `numpy.lib.format`, version 1.0 of the npy format.
"""

from __future__ import annotations

import io
import math
import socket
import struct
from collections.abc import Iterator, Sequence
from typing import Annotated, Literal

import numpy as np
import torch
from numpy.lib import format as npy
from pydantic import (
    BaseModel,
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveInt,
    TypeAdapter,
    ValidationError,
)
from torch import Tensor

from kansci.record import Curve
from kansci.training import Learned

SIZES = struct.Struct(">II")  # of a header and of what follows it
HEADER = 1 << 24  # bytes of a header at most
Shape = tuple[int, ...]


class Nonsense(ValueError):
    """What no worker sends."""


class Said(BaseModel, frozen=True, extra="forbid", ser_json_inf_nan="strings"):
    """A message; `kind` tells which."""


class Steps(Said, frozen=True):
    """Evaluations that are done."""

    kind: Literal["steps"] = "steps"
    count: PositiveInt


class Partial(Said, frozen=True):
    """The curve of a stage, as far as it goes, of the task at a place."""

    kind: Literal["curve"] = "curve"
    place: NonNegativeInt
    curve: Curve


class Note(Said, frozen=True):
    """A word for the user."""

    kind: Literal["note"] = "note"
    text: str = Field(max_length=1_000)


class Held(Said, frozen=True):
    """What networks hold under a name, `(member, ...)`."""

    name: str = Field(pattern=r"^[\w.]{1,200}$")
    shape: tuple[NonNegativeInt, ...] = Field(max_length=8)
    kind: Literal["f", "i", "u", "b"] = Field(description="of the dtype, as NumPy says it")


class Facts(Said, frozen=True):
    """Of what was learned of one task, all that is no array."""

    curves: tuple[Curve, ...]
    parameters: NonNegativeInt
    adapted: NonNegativeInt
    lifted: bool
    gear: Literal["eager", "compiled"]
    state: tuple[Held, ...] = Field(default=(), max_length=1_000)


class Answer(Said, frozen=True):
    """What was learned of every task; the arrays follow."""

    kind: Literal["tuned", "learned"]
    facts: tuple[Facts, ...]
    memory: NonNegativeFloat = Field(allow_inf_nan=False, description="peak resident MB so far")


class Failure(Said, frozen=True):
    """Why there is no answer."""

    kind: Literal["failed"] = "failed"
    status: Literal["crashed", "invalid_output", "out_of_memory", "does_not_fit", "not_applicable"]
    reason: str = Field(max_length=1_000)


Message = Steps | Partial | Note | Answer | Failure
_READER: TypeAdapter[Message] = TypeAdapter(Annotated[Message, Field(discriminator="kind")])


def send(way: socket.socket, message: BaseModel, payload: bytes = b"") -> None:
    header = message.model_dump_json().encode()
    way.sendall(SIZES.pack(len(header), len(payload)) + header + payload)


class Inbox:
    """Puts messages together from the pieces in which they arrive.

    Args:
        largest: bytes of arrays that a message may carry.
    """

    def __init__(self, largest: int) -> None:
        self._largest = largest
        self._bytes = bytearray()

    def feed(self, piece: bytes) -> Iterator[tuple[Message, bytes]]:
        """Messages that are whole now, each with its arrays.

        Raises:
            Nonsense: for what is no message.
        """
        self._bytes += piece
        while len(self._bytes) >= SIZES.size:
            header, payload = SIZES.unpack_from(self._bytes)
            if header > HEADER or payload > self._largest:
                raise Nonsense(f"a message of {header} and {payload} bytes")
            start, end = SIZES.size + header, SIZES.size + header + payload
            if len(self._bytes) < end:
                return
            text, arrays = bytes(self._bytes[SIZES.size : start]), bytes(self._bytes[start:end])
            del self._bytes[:end]
            yield read(text), arrays


def read(text: bytes) -> Message:
    """A message out of its JSON.

    Raises:
        Nonsense: for anything else.
    """
    try:
        return _READER.validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise Nonsense(f"{'.'.join(map(str, first['loc']))}: {first['msg']}"[:200]) from error


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
    file = io.BytesIO()
    for one in learned:
        flat = [answer for row in (one.untrained, *one.predictions, one.beside) for answer in row]
        for tensor in (one.own, one.finite, *flat, *one.state.values()):
            npy.write_array(file, _plain(tensor), version=(1, 0), allow_pickle=False)
    return file.getvalue()


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
    if (version, got, fortran, dtype.kind) != ((1, 0), shape, False, kind) or dtype.itemsize > 8:
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
