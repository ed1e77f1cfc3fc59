"""Several processes that log at once: MLflow takes 40 ms of a processor for a run.

Each has a client of its own and asks for a piece when it has logged the last. What a process that
is ended leaves half-written is done again by the next push, so ending them is always safe.
"""

from __future__ import annotations

import multiprocessing
import signal
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection, wait
from typing import Any

from kansci.environment import cores
from kansci.ledger import AnyRecord
from kansci.store.place import sqlite_file
from kansci.store.speech import StoreError

MOST = 4  # processes: a server has others to serve
PIECE = 10  # Records that are handed out at once; at the end, one process waits for as many
WAIT = 5  # seconds that a process has to end

Log = Callable[[AnyRecord], object]


def processes_for(uri: str) -> int:
    """One for SQLite, whose writers wait for one another; four for a server, which they wait for.

    Other databases leave the work to this machine: as many as processors, four at most.
    """
    if sqlite_file(uri) is not None:
        return 1
    return MOST if uri.startswith("http") else min(cores(), MOST)


def push(
    records: Sequence[AnyRecord],
    opened: Callable[[], Log],
    processes: int,
    *,
    beside: Iterator[object],
    progress: Callable[[int], object],
) -> None:
    """Logs Records in processes of their own, and others in this one meanwhile.

    Args:
        opened: makes, in a process, what logs a Record; it is pickled.
        beside: logs one more Record, in this process, at each step.
        progress: called with the Records that all of them have logged.

    Raises:
        StoreError: in one line, as soon as a process fails or is killed; all are ended then.
    """
    left = deque(records[at : at + PIECE] for at in range(0, len(records), PIECE))
    with _crew(opened, min(processes, len(left))) as busy:
        done, own = 0, True
        while busy or own:
            for talk in wait(busy, timeout=0 if own else None) if busy else ():
                assert isinstance(talk, Connection)
                piece = left.popleft() if left else ()
                done += _served(talk, piece)
                progress(done)
                if not piece:
                    busy.remove(talk)
            own = next(beside, beside) is not beside
            if own:
                done += 1
                progress(done)


def _served(talk: Connection, piece: Sequence[AnyRecord]) -> int:
    """Hands a piece to a process, and tells how many Records it has logged since the last."""
    try:
        said: int | str = talk.recv()
        if isinstance(said, str):
            raise StoreError(said)
        talk.send(piece)
    except (EOFError, ConnectionError):
        raise StoreError(
            "a process that logs Records was ended from outside, or could not begin; the same "
            "command goes on with what is missing"
        ) from None
    return said


@contextmanager
def _crew(opened: Callable[[], Log], processes: int) -> Iterator[list[Connection]]:
    """Processes, as the lines to them; none outlives this."""
    context = multiprocessing.get_context("spawn")  # a fork would share connections
    crew: list[Any] = []
    lines: list[Connection] = []
    try:
        for _ in range(processes):
            ours, theirs = context.Pipe()
            lines.append(ours)
            with theirs, _deaf():  # closed here, so that the line breaks when the process ends
                one = context.Process(target=_work, args=(theirs, opened), daemon=True)
                one.start()
            crew.append(one)
        yield list(lines)
        for one in crew:
            one.join(WAIT)
    finally:
        for one in crew:
            one.terminate()
        for one in crew:
            one.join(WAIT)
            one.kill()
            one.join()
        for line in lines:
            line.close()


@contextmanager
def _deaf() -> Iterator[None]:
    """What is started now never hears Ctrl-C, which is for the process that started it."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _work(talk: Connection, opened: Callable[[], Log]) -> None:
    """One process, until it is handed nothing more, or its parent is gone."""
    with suppress(EOFError, ConnectionError):
        try:
            log = opened()
            talk.send(0)
            while piece := talk.recv():
                for record in piece:
                    log(record)
                talk.send(len(piece))
        except StoreError as error:
            talk.send(str(error))
