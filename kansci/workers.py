"""Cells in forked processes, one each: a cell that dies costs one Record and no other.

A child inherits the task and the model, trains, and sends its Record back as JSON; the parent
alone writes. A fork costs some milliseconds, where a new interpreter takes seconds to import
torch. There is no fork to rely on with a GPU or outside of Linux: there cells run in turn.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import time
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import NamedTuple

import psutil
import torch

from kansci.record import Record, Status
from kansci.suite import Cell

Progress = Callable[[Cell, int], None]
Work = Callable[[Cell, Progress], Record]
Obituary = Callable[[Cell, Status, str], Record]
STEPS = 25  # evaluations between two words of a child
GRACE = 60.0  # seconds beyond its limit, after which a child that hangs is killed


class Child(NamedTuple):
    """A cell on its way."""

    cell: Cell
    process: BaseProcess
    deadline: float


def most_workers(device: torch.device) -> int:
    """As many as there are cores to use, where processes can be forked; else 1."""
    if device.type != "cpu" or sys.platform != "linux":
        return 1
    return len(psutil.Process().cpu_affinity() or [0])


def forked(
    cells: Iterable[Cell],
    work: Work,
    lost: Obituary,
    *,
    workers: int,
    seconds: float,
    progress: Progress,
) -> Iterator[Record]:
    """Records in the order in which cells end.

    Args:
        work: what a child does with a cell.
        lost: the Record of a cell whose child died or hung, from status and reason.
        seconds: the limit that `work` keeps by itself.
    """
    waiting = deque(cells)
    running: dict[Connection, Child] = {}
    try:
        while waiting or running:
            while waiting and len(running) < workers:
                ours, child = _start(waiting.popleft(), work, seconds)
                running[ours] = child
            for ready in wait(list(running), timeout=1.0):
                assert isinstance(ready, Connection)
                record = _heard(ready, running[ready], lost, progress)
                if record is not None:
                    _end(ready, running)
                    yield record
            for late in [c for c, child in running.items() if time.monotonic() > child.deadline]:
                cell = running[late].cell
                _end(late, running)
                yield lost(
                    cell, "timeout", f"hung, and was killed {GRACE:g} s beyond its time limit"
                )
    finally:
        for connection in list(running):
            _end(connection, running)


def _start(cell: Cell, work: Work, seconds: float) -> tuple[Connection, Child]:
    ours, theirs = multiprocessing.Pipe(duplex=False)
    fork = multiprocessing.get_context("fork")
    process = fork.Process(target=_train, args=(cell, work, theirs), daemon=True)
    with warnings.catch_warnings():
        # That threads do not survive a fork is known: none of them is needed in a child.
        warnings.simplefilter("ignore", DeprecationWarning)
        process.start()
    theirs.close()
    return ours, Child(cell, process, time.monotonic() + seconds + GRACE)


def _train(cell: Cell, work: Work, pipe: Connection) -> None:
    """The child: says how far it is, then sends its Record."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to answer
    torch.set_num_threads(1)
    pending = 0

    def progress(_: Cell, steps: int) -> None:
        nonlocal pending
        pending += steps
        if pending >= STEPS:
            pipe.send_bytes(b"%d" % pending)
            pending = 0

    try:
        pipe.send_bytes(work(cell, progress).model_dump_json().encode())
    except BrokenPipeError:  # the parent is gone
        os._exit(1)


def _heard(pipe: Connection, child: Child, lost: Obituary, progress: Progress) -> Record | None:
    try:
        message = pipe.recv_bytes()
    except (EOFError, OSError):
        child.process.join(GRACE)
        code = child.process.exitcode
        return lost(child.cell, "crashed", f"its process ended with exit code {code}")
    if message.isdigit():
        progress(child.cell, int(message))
        return None
    return Record.model_validate_json(message)


def _end(pipe: Connection, running: dict[Connection, Child]) -> None:
    child = running.pop(pipe)
    pipe.close()
    child.process.join(0.5 if child.process.is_alive() else None)
    if child.process.is_alive():
        child.process.kill()
        child.process.join()
