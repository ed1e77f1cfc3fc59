"""What is asked about a submitted file beside its training: a function of kansci, run in there.

Its answer is JSON, of bounded size, and believed in nothing: whoever asked checks it.
"""

from __future__ import annotations

import socket
import struct
import time
from contextlib import suppress
from importlib import import_module
from typing import Any, Literal

from pydantic import BaseModel, ValidationError

from kansci.discover import Origin, model_from
from kansci.errors import RAISED, DoesNotFit, UserError
from kansci.forkserver import BEGUN
from kansci.sandbox.servers import server_of
from kansci.suite import MEMORY

SECONDS = 60.0
STARTING = 120.0  # seconds for a server to load torch, ten times what a slow machine takes
ADVICE = "does it stop or hold up other processes?"
SIZE = struct.Struct(">I")
MOST = 1 << 26  # bytes of an answer
LONGEST = 1_000  # letters of what a stranger gives for a reason


class Errand(BaseModel, frozen=True, extra="forbid"):
    """A function of kansci, of a model, by name.

    Attributes:
        function: `kansci.module:function`; it is called with the model, then what is given.
        memory: limit in MB.
    """

    kind: Literal["errand"] = "errand"
    function: str
    model: Origin
    given: dict[str, Any]
    memory: float = MEMORY


class Answer(BaseModel, frozen=True, extra="forbid"):
    """What came of it: a value, or a problem in one line and the kind of error that it was."""

    value: Any = None
    problem: str = ""
    unfit: bool = False


def errand(
    origin: Origin,
    function: str,
    *,
    seconds: float = SECONDS,
    memory: float = MEMORY,
    purpose: str = "",
    **given: Any,
) -> Any:
    """Calls a function of kansci with the model of a file, in that file's sandbox.

    Args:
        function: `kansci.module:function`; what it returns is JSON.
        seconds: after which it is ended.
        purpose: asks another sandbox than that in which the file is trained.
        given: its other arguments, JSON too.

    Raises:
        UserError: in one line, if it raises, takes too long, or says nothing sensible.
        DoesNotFit: if it raises that.
    """
    asked = Errand(function=function, model=origin, given=given, memory=memory)
    server = server_of(origin.file, origin.digest, purpose)
    talk, word = server.child()
    with talk, word:
        try:
            _begun(talk, word, asked.model_dump_json().encode() + b"\n")
        except TimeoutError:  # a file may have stopped the server, which then ends no child
            server.kill()
            raise UserError(f"{origin.file}: its sandbox does not answer: {ADVICE}") from None
        said = _heard(talk, word, seconds, origin.file)
    try:
        answer = Answer.model_validate_json(said)
    except ValidationError:
        raise UserError(f"{origin.file}: its process said nothing sensible of itself") from None
    if answer.unfit:
        raise DoesNotFit(line(answer.problem))
    if answer.problem:
        raise UserError(line(answer.problem))
    return answer.value


def _begun(talk: socket.socket, word: socket.socket, asked: bytes) -> None:
    """Hands a process its errand, and waits for it to begin.

    Raises:
        TimeoutError: if it does neither.
    """
    for one in (talk, word):
        one.settimeout(STARTING)
    try:
        talk.sendall(asked)
    except TimeoutError:
        raise
    except OSError:  # it is gone, and says nothing
        pass
    word.recv(len(BEGUN))  # the server may load torch first


def _heard(talk: socket.socket, word: socket.socket, seconds: float, file: str) -> bytes:
    """Its answer; the process is ended then, if it has not done so itself."""
    deadline = time.monotonic() + seconds
    try:
        size = _exactly(talk, SIZE.size, deadline)
        return _exactly(talk, min(SIZE.unpack(size)[0], MOST), deadline)
    except TimeoutError:
        raise UserError(f"{file}: want an answer within {seconds:g} s, got none") from None
    except EOFError:
        raise UserError(f"{file}: its process ended before it had answered") from None
    finally:
        with suppress(OSError):
            word.shutdown(socket.SHUT_WR)


def _exactly(talk: socket.socket, size: int, deadline: float) -> bytes:
    said = bytearray()
    while len(said) < size:
        talk.settimeout(max(deadline - time.monotonic(), 1e-3))
        try:
            piece = talk.recv(size - len(said))
        except ConnectionError:
            piece = b""
        if not piece:
            raise EOFError
        said += piece
    return bytes(said)


def run(asked: Errand, talk: socket.socket) -> None:
    """In there: calls the function and sends what came of it."""
    module, _, name = asked.function.partition(":")
    try:
        if not module.startswith("kansci."):
            raise UserError(f"want a function of kansci, got {asked.function!r}")
        value = getattr(import_module(module), name)(model_from(asked.model), **asked.given)
        said = Answer(value=value).model_dump_json()
    except RAISED as problem:
        text = str(problem) if isinstance(problem, UserError | DoesNotFit) else _named(problem)
        said = Answer(problem=line(text), unfit=isinstance(problem, DoesNotFit)).model_dump_json()
    whole = said.encode()
    talk.sendall(SIZE.pack(len(whole)) + whole)


def _named(problem: BaseException) -> str:
    return f"{type(problem).__name__}: {problem}"


def printable(text: str) -> str:
    """In one line that a terminal may show."""
    return "".join(c if c.isprintable() else " " for c in text)


def line(text: str) -> str:
    """Why something is not as it should be."""
    return printable(text)[:LONGEST] or "no reason given"
