"""A child as its parent sees it: begun, heard, timed, killed, and tried again.

The parent holds the clock and the axe.
"""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path
from socket import SHUT_WR, socket
from typing import NamedTuple

import torch

from kansci.children.assignment import assignment
from kansci.children.death import cause, killed_for_memory, was_killed
from kansci.children.hearing import Hearing, Progress, Tell
from kansci.children.messages import Nonsense
from kansci.children.tutor import Tutor
from kansci.forkserver import SERVER, Exit, read_exit
from kansci.record import FAILED, Gear, Record, Status
from kansci.runner import Judge
from kansci.sandbox import Foreign
from kansci.sandbox.servers import server_of
from kansci.suite import MEMORY
from kansci.together import Job

PATIENCE = 10.0  # seconds for a killed child to be gone
TRIES = 2  # of a job that is killed from outside


class Limits(NamedTuple):
    """What every cell may take, and where.

    Attributes:
        seconds: of the parent's clock, for one cell; a job has as many times that as it has cells.
        memory: MB of one process; kept on the CPU.
        weights: folder of Records, beside which trained networks are kept; `None`: they are not.
    """

    device: torch.device = torch.device("cpu")
    seconds: float = float("inf")
    memory: float = MEMORY
    gear: Gear | None = None
    weights: Path | None = None


class Try(NamedTuple):
    """A job, and how often it was begun."""

    job: Job
    number: int = 1


class Child:
    """One job in a process of its own, as the parent sees it."""

    def __init__(
        self, begun: Try, judge: Judge, limits: Limits, progress: Progress, note: Tell
    ) -> None:
        self.job, self.number = begun
        self._seconds = limits.seconds * len(self.job.cells)
        self._judge = judge
        model = self.job.model
        tutor = Tutor(self.job) if isinstance(model, Foreign) else None
        self._server = server_of(*model.origin[1:]) if isinstance(model, Foreign) else SERVER
        self._hearing = Hearing(judge, progress, note, self._say, tutor)
        self._verdict: tuple[Status, str] | None = None
        self._exit: Exit | None = None
        self._word_said = b""
        self._killed_before = killed_for_memory()
        given = assignment(
            self.job,
            device=limits.device,
            gear=limits.gear,
            memory=limits.memory,
            keep=limits.weights is not None,
        )
        self._talk, self._word = self._server.child()
        self._deaf = False
        self._say(given.model_dump_json().encode() + b"\n")
        self.deadline = float("inf")  # until it has begun: the forkserver may load torch first
        self.over = False

    @property
    def ears(self) -> list[socket]:
        """What there is to wait for."""
        return [self._word] if self._deaf else [self._talk, self._word]

    def hear(self, ear: socket) -> None:
        """Something has come in."""
        if ear is self._talk:
            self._listen()
            return
        piece = self._word.recv(4_096)
        if not self._word_said:
            self.deadline = time.monotonic() + self._seconds
        self._word_said += piece
        if not piece or self._word_said.count(b"\n") > 1:
            while self._listen():  # what it said last
                pass
            self._exit, self.over = read_exit(self._word_said), True

    @property
    def next_look(self) -> float:
        """When the clock has something to say of it: as it is late, or does not end when told."""
        return self.deadline if self._verdict is None else self.deadline + PATIENCE

    def look_at_the_clock(self) -> None:
        """Kills what is late."""
        late = time.monotonic() - self.deadline
        if late > PATIENCE and self._verdict is not None and not self.over:
            self._server.kill()  # the child has made it deaf, or stopped it
        elif late > 0 and self._verdict is None and not self.over:
            many = len(self.job.cells)
            what = "a cell" if many == 1 else f"{many} cells that train together"
            self.end("timeout", f"want at most {self._seconds:g} seconds for {what}")

    def end(self, status: Status, reason: str) -> None:
        """Has the child killed, with all that it started."""
        if self._verdict is None:
            self._verdict = (status, reason)
        with suppress(OSError):
            self._word.shutdown(SHUT_WR)  # its last word is still heard

    def await_end(self) -> None:
        """Until it is gone."""
        self._word.settimeout(PATIENCE)
        with suppress(OSError):
            while self._word.recv(4_096):
                pass

    def close(self) -> None:
        self._talk.close()
        self._word.close()

    def outcome(self) -> tuple[list[Record], list[Try]]:
        """The Records, or what is to be tried instead."""
        records = self._judgement()
        announced = self._verdict is not None or self._hearing.records is not None
        announced = announced or bool(self._exit and self._exit.reason)
        if self.number < TRIES and not announced and was_killed(self._exit):
            self._hearing.take_back()
            return [], [Try(self.job, self.number + 1)]
        if lost_together(self.job, records):
            self._hearing.take_back()
            return [], [Try(Job((cell,))) for cell in self.job.cells]
        return records, []

    def _judgement(self) -> list[Record]:
        ended, records = self._exit or Exit(0), self._hearing.records
        if records is None:
            records = self._judge.failed(*(self._verdict or self._cause()))
        share, peak = ended.seconds / len(records), self._hearing.memory or ended.memory
        return [record.updated(seconds=share, memory=peak) for record in records]

    def _cause(self) -> tuple[Status, str]:
        if self._exit is not None and self._exit.reason:
            return "crashed", self._exit.reason
        return cause(self._exit, for_memory=killed_for_memory() > self._killed_before)

    def _say(self, said: bytes) -> None:
        self._talk.settimeout(PATIENCE)
        try:
            self._talk.sendall(said)
        except TimeoutError:
            self.end("crashed", "asked, and did not listen to the answer")
        except OSError:  # it is gone, and its last word will say so
            pass
        self._talk.setblocking(False)

    def _listen(self) -> bool:
        """Whether there was anything."""
        try:
            piece = self._talk.recv(1 << 20)
        except BlockingIOError:
            return False
        except OSError:
            piece = b""
        if not piece:
            self._deaf = True
            return False
        if self._verdict is None and self._hearing.records is None:
            try:
                self._hearing.feed(piece)
            except Nonsense as nonsense:
                self.end("crashed", f"sent what no worker sends: {nonsense}")
        return True


def lost_together(job: Job, records: list[Record]) -> bool:
    """Whether the cells of a job, lost as a whole, are to be tried each alone."""
    return len(job.cells) > 1 and all(
        record.status in FAILED and not record.errors for record in records
    )
