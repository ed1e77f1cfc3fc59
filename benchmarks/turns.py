"""Two sides in one process that take turns, each with a clock that stands while the other works.

A machine whose speed drifts, or that others use as well, slows both sides alike, so that their
ratio needs no quiet moment.
"""

from __future__ import annotations

import resource
import threading
import time
from collections.abc import Callable
from typing import NamedTuple, TypeVar

import torch

Ours = TypeVar("Ours")
Theirs = TypeVar("Theirs")
TURN = 0.5  # seconds


class Spent(NamedTuple):
    """Seconds: of the processor, with processes that were waited for, and by the wall."""

    cpu: float = 0.0
    wall: float = 0.0

    def plus(self, other: Spent) -> Spent:
        return Spent(self.cpu + other.cpu, self.wall + other.wall)

    def minus(self, other: Spent) -> Spent:
        return Spent(self.cpu - other.cpu, self.wall - other.wall)

    def times(self, factor: float) -> Spent:
        return Spent(self.cpu * factor, self.wall * factor)


def now() -> Spent:
    """Of this process, all threads, and its children."""
    both = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return Spent(sum(used.ru_utime + used.ru_stime for used in both), time.perf_counter())


class Stopped(Exception):
    """The other side has failed."""


class Side:
    """One side's clock.

    Attributes:
        setup: all that is no evaluation after the first of a training.
        steps: the evaluations after the first of a training.
        turns: processor seconds of one unit of work, for each turn.
    """

    def __init__(self, table: _Table, number: int, seconds: float) -> None:
        self._table, self._number, self._seconds = table, number, seconds
        self.setup = self.steps = Spent()
        self.turns: list[float] = []
        self._last = self._begun = Spent()
        self._in_turn, self._units = Spent(), 0.0

    def step(self, *, units: float = 1.0, first: bool = False) -> None:
        """One evaluation is done; may let the other side work before it returns.

        Args:
            units: how much work it was, for `turns`.
            first: whether it is the first of a training, and so came with all that goes before.
        """
        spent = self._mark()
        if first:
            self.setup = self.setup.plus(spent)
        else:
            self.steps = self.steps.plus(spent)
            self._in_turn = self._in_turn.plus(spent)
            self._units += units
        if self._last.wall - self._begun.wall > self._seconds:
            self._give()

    def outside(self, call: Callable[[], Ours]) -> Ours:
        """Something that is nobody's cost."""
        self.setup = self.setup.plus(self._mark())
        answer = call()
        self._mark()
        return answer

    def wait_for(self, ready: Callable[[], bool]) -> None:
        """Lets the other side work until it has done something."""
        self.setup = self.setup.plus(self._mark())
        while not ready():
            if self._table.alone():
                raise Stopped("the other side ended without it")
            self._give()

    def begin(self) -> None:
        """Waits for the first turn."""
        self._table.take(self._number)
        self._last = self._begun = now()

    def end(self) -> None:
        """The rest is the other side's."""
        self.setup = self.setup.plus(self._mark())
        self._note_turn()
        self._table.leave(self._number)

    @property
    def spent(self) -> Spent:
        return self.setup.plus(self.steps)

    def _mark(self) -> Spent:
        last, self._last = self._last, now()
        return self._last.minus(last)

    def _note_turn(self) -> None:
        if self._units:
            self.turns.append(self._in_turn.cpu / self._units)
        self._in_turn, self._units = Spent(), 0.0

    def _give(self) -> None:
        self._note_turn()
        self._table.give(self._number)
        self._last = self._begun = now()


class _Table:
    """Who may work: one at a time."""

    def __init__(self) -> None:
        self._change = threading.Condition()
        self._turn = 0
        self._there = {0, 1}
        self.failed = False

    def alone(self) -> bool:
        return len(self._there) < 2

    def take(self, number: int) -> None:
        with self._change:
            self._change.wait_for(lambda: self._turn == number or self.failed)
        if self.failed:
            raise Stopped("the other side has failed")

    def give(self, number: int) -> None:
        if self.alone():
            return
        with self._change:
            self._turn = 1 - number
            self._change.notify_all()
        self.take(number)

    def leave(self, number: int) -> None:
        with self._change:
            self._there.discard(number)
            self._turn = 1 - number
            self._change.notify_all()

    def fail(self) -> None:
        with self._change:
            self.failed = True
            self._change.notify_all()


class Outcome(NamedTuple):
    """What the clocks say of both sides."""

    ours: Side
    theirs: Side


def in_turns(
    ours: Callable[[Side], Ours],
    theirs: Callable[[Side], Theirs],
    *,
    seconds: tuple[float, float] = (TURN, TURN),
) -> tuple[Outcome, Ours, Theirs]:
    """Runs both, in turns of so many seconds each, on one thread of the processor.

    Raises whatever a side raises.
    """
    table = _Table()
    sides = Outcome(Side(table, 0, seconds[0]), Side(table, 1, seconds[1]))
    answers: list[Theirs] = []
    problems: list[BaseException] = []

    def other() -> None:
        torch.set_num_threads(1)  # what a thread may use is its own
        try:
            sides.theirs.begin()
            answers.append(theirs(sides.theirs))
            sides.theirs.end()
        except BaseException as problem:
            problems.append(problem)
            table.fail()

    thread = threading.Thread(target=other)
    thread.start()
    try:
        sides.ours.begin()
        answer = ours(sides.ours)
        sides.ours.end()
    except BaseException as problem:
        table.fail()
        thread.join()
        if isinstance(problem, Stopped) and problems:
            raise problems[0] from problem
        raise
    thread.join()
    if problems:
        raise problems[0]
    return sides, answer, answers[0]
