"""What a child that trains says to its parent: JSON, with arrays behind it; see `parcels`.

What a child sends is bounded, and checked as if a stranger had sent it.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveInt,
    TypeAdapter,
    ValidationError,
)

from kansci.record import Curve
from kansci.sandbox.errands import LONGEST, line

SIZES = struct.Struct(">II")  # of a header and of what follows it
HEADER = 1 << 24  # bytes of a header at most
NAME, TENSORS = 500, 50_000  # letters of the name of a tensor, and how many a network may hold


Text = Annotated[str, Field(max_length=LONGEST), AfterValidator(line)]


class Nonsense(ValueError):
    """What no worker sends."""


def _free(name: str) -> str:
    """A name that safetensors can write and read again, and a terminal show."""
    if name == "__metadata__":
        raise ValueError(f"{name} is a name that safetensors keeps for itself")
    if not name.isprintable():
        raise ValueError("want names that can be printed")
    return name


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
    text: Text


class Held(Said, frozen=True):
    """What networks hold under a name, `(member, ...)`."""

    name: Annotated[str, Field(min_length=1, max_length=NAME), AfterValidator(_free)]
    shape: tuple[NonNegativeInt, ...] = Field(max_length=8)
    kind: Literal["f", "i", "u", "b"] = Field(description="of the dtype, as NumPy says it")


class Facts(Said, frozen=True):
    """Of what was learned of one task, all that is no array."""

    curves: tuple[Curve, ...]
    parameters: NonNegativeInt
    adapted: NonNegativeInt
    lifted: bool
    gear: Literal["eager", "compiled"]
    state: tuple[Held, ...] = Field(default=(), max_length=TENSORS)


class Answer(Said, frozen=True):
    """What was learned of every task; the arrays follow."""

    kind: Literal["tuned", "learned"]
    facts: tuple[Facts, ...]
    memory: NonNegativeFloat = Field(allow_inf_nan=False, description="peak resident MB so far")


class Failure(Said, frozen=True):
    """Why there is no answer."""

    kind: Literal["failed"] = "failed"
    status: Literal["crashed", "invalid_output", "out_of_memory", "does_not_fit", "not_applicable"]
    reason: Text


class Points(Said, frozen=True):
    """Asks for a batch of a stage, where whoever trains does not hold the task.

    Attributes:
        place: of the task in the job.
        seed: that its random numbers began with.
        source: which of the sources with that seed is drawn from.
        even: whether points of a Sobol sequence are wanted.
        times: batches to be drawn, one after the other; each array of the answer is `(batch, ...)`.
    """

    kind: Literal["points"] = "points"
    place: NonNegativeInt
    stage: NonNegativeInt
    seed: NonNegativeInt
    source: NonNegativeInt
    points: PositiveInt
    even: bool
    times: PositiveInt = 1


class Inputs(Said, frozen=True):
    """Asks for the questions of a probe, or of what is asked beside."""

    kind: Literal["inputs"] = "inputs"
    place: NonNegativeInt
    of: Literal["validation", "test", "beside"]
    number: NonNegativeInt


Message = Steps | Partial | Note | Answer | Failure | Points | Inputs
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
