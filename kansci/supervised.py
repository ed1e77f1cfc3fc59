"""A child as its parent sees it: what it says is checked, timed, judged, and believed in nothing.

The parent holds the true answers, the clock and the axe.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from socket import SHUT_WR, socket
from typing import NamedTuple

import torch

from kansci.child import RATES, assignment
from kansci.forkserver import SERVER, Exit, read_exit
from kansci.judging import members_of, shapes
from kansci.messages import (
    Answer,
    Failure,
    Inbox,
    Message,
    Nonsense,
    Note,
    Partial,
    Steps,
    bytes_of,
    unpacked,
)
from kansci.objective import Gear
from kansci.record import FAILED, Record, Status
from kansci.runner import Judge
from kansci.suite import MEMORY, Cell
from kansci.task import Split
from kansci.together import Job
from kansci.training import Learned

Progress = Callable[[Cell, int], None]
Tell = Callable[[str], None]
PATIENCE = 10.0  # seconds for a killed child to be gone
TRIES = 2  # of a job that is killed from outside


class Limits(NamedTuple):
    """What every cell may take, and where.

    Attributes:
        seconds: of the parent's clock, for one cell; a job has as many times that as it has cells.
        memory: MB of one process; kept on the CPU.
    """

    device: torch.device = torch.device("cpu")
    seconds: float = float("inf")
    memory: float = MEMORY
    gear: Gear | None = None


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
        self._progress, self._note = progress, note
        self._seconds = limits.seconds * len(self.job.cells)
        self._judge = judge
        self._inbox = Inbox(max(self._size("validation"), self._size("test")))
        self._steps = 0
        self._records: list[Record] | None = None
        self._memory = 0.0
        self._verdict: tuple[Status, str] | None = None
        self._exit: Exit | None = None
        self._word_said = b""
        self._killed_before = _killed_for_memory()
        self._talk, self._word = SERVER.child()
        self._deaf = False
        given = assignment(self.job, device=limits.device, gear=limits.gear, memory=limits.memory)
        self._say(given.model_dump_json().encode())
        self._talk.setblocking(False)
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

    def look_at_the_clock(self) -> None:
        """Kills what is late."""
        if time.monotonic() > self.deadline and self._verdict is None and not self.over:
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
        if self.number < TRIES and self._killed_from_outside():
            self._take_back()
            return [], [Try(self.job, self.number + 1)]
        if lost_together(self.job, records):
            self._take_back()
            return [], [Try(Job((cell,))) for cell in self.job.cells]
        return records, []

    def _killed_from_outside(self) -> bool:
        ours = self._verdict is not None or self._records is not None
        return not ours and self._exit is not None and self._exit.code == -signal.SIGKILL

    def _judgement(self) -> list[Record]:
        ended, records = self._exit or Exit(0), self._records
        if records is None:
            records = self._judge.failed(*(self._verdict or self._cause()))
        share, peak = ended.seconds / len(records), self._memory or ended.memory
        return [record.updated(seconds=share, memory=peak) for record in records]

    def _cause(self) -> tuple[Status, str]:
        """Of a death that nobody announced."""
        if self._exit is None:
            return "crashed", "the process that forks workers ended before this one had begun"
        code = self._exit.code
        if code >= 0:
            return "crashed", f"its process ended with exit code {code} before it was done"
        if code != -signal.SIGKILL:
            name, about = signal.Signals(-code).name, signal.strsignal(-code)
            return "crashed", f"its process was ended by {name}: {about}"
        if _killed_for_memory() > self._killed_before:
            return "out_of_memory", "the system had no memory left and killed its process"
        return "crashed", "its process was killed from outside, twice"

    def _size(self, split: Split) -> int:
        return bytes_of(members_of(self.job.recipe, split), shapes(self.job, split))

    def _say(self, line: bytes) -> None:
        with suppress(OSError):  # it is gone, and its last word will say so
            self._talk.sendall(line + b"\n")

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
        if self._verdict is None and self._records is None:
            try:
                for message, arrays in self._inbox.feed(piece):
                    self._take(message, arrays)
            except Nonsense as nonsense:
                self.end("crashed", f"sent what no worker sends: {nonsense}")
        return True

    def _take(self, message: Message, arrays: bytes) -> None:
        match message:
            case Steps(count=count):
                self._count(count)
            case Partial(place=place, curve=curve):
                with _strict():
                    self._judge.keep(place, curve)
            case Note(text=text):
                self._note(text)
            case Failure(status=status, reason=reason):
                self._records = self._judge.failed(status, reason)
            case Answer(kind="tuned"):
                tuned = self._unpacked(message, arrays, "validation")
                with _strict():
                    rates = self._judge.choose(tuned)
                self._say(RATES.dump_json(rates))
            case Answer():
                learned = self._unpacked(message, arrays, "test")
                self._memory = message.memory
                with _strict():
                    self._records = self._judge.judged(learned)

    def _unpacked(self, answer: Answer, arrays: bytes, split: Split) -> list[Learned]:
        members = members_of(self.job.recipe, split)
        return unpacked(arrays, answer.facts, members, shapes(self.job, split))

    def _count(self, steps: int) -> None:
        self._steps += steps
        for cell in self.job.cells:
            self._progress(cell, steps)

    def _take_back(self) -> None:
        """What is to be done again is not done."""
        if self._steps:
            self._count(-self._steps)


@contextmanager
def _strict() -> Iterator[None]:
    """What no Record takes is nonsense, too."""
    try:
        yield
    except ValueError as problem:
        raise Nonsense(" ".join(str(problem).split())[:200]) from problem


def lost_together(job: Job, records: list[Record]) -> bool:
    """Whether the cells of a job, lost as a whole, are to be tried each alone."""
    return len(job.cells) > 1 and all(
        record.status in FAILED and not record.errors for record in records
    )


def _killed_for_memory() -> int:
    """How many processes this system has killed as it had no memory left, where it says so."""
    with suppress(OSError):
        for line in Path("/proc/vmstat").read_text(encoding="ascii").splitlines():
            if line.startswith("oom_kill "):
                return int(line.split()[1])
    return 0
