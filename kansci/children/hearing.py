"""What a child says, believed in nothing: checked, judged, and passed on.

The parent holds the true answers; what a child sends becomes Records here, or is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from kansci.children.child import RATES
from kansci.children.messages import (
    SIZES,
    Answer,
    Failure,
    Inbox,
    Inputs,
    Message,
    Nonsense,
    Note,
    Partial,
    Points,
    Steps,
)
from kansci.children.parcels import bytes_of, unpacked, written
from kansci.children.tutor import Tutor
from kansci.judging import members_of, shapes
from kansci.record import Record
from kansci.runner import Judge
from kansci.suite import Cell
from kansci.task import Split
from kansci.together import Job
from kansci.training import Learned

WEIGHTS = 1 << 28  # bytes that the networks of a job may take
NOTES = 100  # words for the user that one child may say
Progress = Callable[[Cell, int], None]
Tell = Callable[[str], None]


class Hearing:
    """All that one child says, from its first word to its answer.

    Args:
        say: sends bytes back to the child, which asks for the rates.
        tutor: answers a child that was handed its tasks without their truth.

    Attributes:
        records: of its answer, or of the failure that it reports; `None` until then.
        memory: peak MB of its process, as it says; 0 if it does not.
    """

    def __init__(
        self,
        judge: Judge,
        progress: Progress,
        note: Tell,
        say: Callable[[bytes], None],
        tutor: Tutor | None = None,
    ) -> None:
        self.job: Job = judge.job
        self.records: list[Record] | None = None
        self.memory = 0.0
        self._judge, self._progress, self._note, self._say = judge, progress, note, say
        self._tutor = tutor
        self._keep = judge.weights is not None
        largest = max(self._size("validation"), self._size("test"))
        self._inbox = Inbox(largest + WEIGHTS * self._keep)
        self._steps = self._notes = 0
        self._rates = False  # whether they have been chosen

    def feed(self, piece: bytes) -> None:
        """Takes what came in.

        Raises:
            Nonsense: for what no worker sends.
        """
        for message, arrays in self._inbox.feed(piece):
            self._take(message, arrays)

    def take_back(self) -> None:
        """What is to be done again is not done."""
        if self._steps:
            self._count(-self._steps)

    def _size(self, split: Split) -> int:
        return bytes_of(members_of(self.job, split), shapes(self.job, split))

    def _take(self, message: Message, arrays: bytes) -> None:
        match message:
            case Steps(count=count):
                if self._tutor:
                    self._tutor.steps(count)
                self._count(count)
            case Partial(place=place, curve=curve):
                with _strict():
                    self._judge.keep(place, curve)
            case Note(text=text):
                self._notes += 1
                if self._notes > NOTES:
                    raise Nonsense(f"more than {NOTES} notes")
                self._note(text)
            case Failure(status=status, reason=reason):
                self.records = self._judge.failed(status, reason)
            case Answer(kind="tuned"):
                if self._rates:  # whoever may ask again can find out what the truth is
                    raise Nonsense("asked for the rates twice")
                self._rates = True
                tuned = self._unpacked(message, arrays, "validation", keep=False)
                with _strict():
                    rates = self._judge.choose(tuned)
                if self._tutor:
                    self._tutor.begin("test")
                self._say(RATES.dump_json(rates) + b"\n")
            case Points() | Inputs():
                self._teach(message)
            case Answer():
                learned = self._unpacked(message, arrays, "test", keep=self._keep)
                self.memory = message.memory
                with _strict():
                    self.records = self._judge.judged(learned)

    def _teach(self, question: Points | Inputs) -> None:
        if self._tutor is None:
            raise Nonsense("asked for what it holds")
        payload = written(self._tutor.answer(question))
        self._say(SIZES.pack(0, len(payload)) + payload)

    def _unpacked(
        self, answer: Answer, arrays: bytes, split: Split, *, keep: bool
    ) -> list[Learned]:
        members = members_of(self.job, split)
        with _strict():
            return unpacked(arrays, answer.facts, members, shapes(self.job, split), keep=keep)

    def _count(self, steps: int) -> None:
        self._steps += steps
        for cell in self.job.cells:
            self._progress(cell, steps)


@contextmanager
def _strict() -> Iterator[None]:
    """What no Record takes is nonsense, too."""
    try:
        yield
    except ValueError as problem:
        raise Nonsense(" ".join(str(problem).split())[:200]) from problem
