"""A progress bar on a terminal, a line for every tenth of the way elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from kansci.plan import steps_of
from kansci.record import FAILED
from kansci.suite import Cell
from kansci.together import Job


class Bar:
    """Counts evaluations, says which cell runs, and prints a line for each that failed.

    Args:
        jobs: that will run; each step of them counts.
        wanted: Records that are to be made, timings among them.
    """

    def __init__(self, console: Console, jobs: Sequence[Job], wanted: int) -> None:
        steps = sum(steps_of(cell) for job in jobs for cell in job.cells)
        self.console = console
        self.wanted, self.finished = wanted, 0
        self._noted: set[str] = set()
        self._begun = time.monotonic()
        self._told = 0
        self._pending = 0
        self._progress = Progress(
            TextColumn("{task.fields[count]}"),
            BarColumn(),
            TaskProgressColumn(),
            TimeRemainingColumn(elapsed_when_finished=True),
            TextColumn("{task.description}", markup=False),
            console=console,
            disable=not console.is_terminal or wanted == 0,
        )
        self._task = self._progress.add_task("", total=max(steps, 1), count=self._count())

    def __enter__(self) -> Bar:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def step(self, cell: Cell, steps: int) -> None:
        """Evaluations of a cell are done; below 0, if they have to be done again."""
        self._pending += steps
        if abs(self._pending) >= 25:  # rich takes a lock each time
            self.say(f"{cell.model.name} on {cell.task.name}, {cell.budget}")

    def say(self, what: str) -> None:
        """What runs now."""
        self._progress.update(self._task, description=what, advance=self._pending)
        self._pending = 0

    def note(self, text: str) -> None:
        """A line of the engine, once."""
        if text not in self._noted:
            self._noted.add(text)
            self.console.print(text, soft_wrap=True)

    def finish(self, what: str, status: str, reason: str) -> None:
        """A cell or a timing has ended."""
        self.finished += 1
        self.say(what)
        self._progress.update(self._task, count=self._count())
        if status in FAILED:
            self.console.print(f"{what}: {status}, {reason}", soft_wrap=True)
        if not self.console.is_terminal and 10 * self.finished // self.wanted > self._told:
            self._told = 10 * self.finished // self.wanted
            spent = time.monotonic() - self._begun
            self.console.print(f"{self._count()} done after {spent:.0f} s")

    def _count(self) -> str:
        return f"{self.finished}/{self.wanted}"


@contextmanager
def resumable(console: Console, folder: Path) -> Iterator[None]:
    """Ctrl-C ends the command with exit code 130 and a line that says how to go on."""
    try:
        yield
    except KeyboardInterrupt:
        console.print(
            f"Interrupted. What is done lies in {folder}; the same command goes on from there.",
            soft_wrap=True,
        )
        raise SystemExit(130) from None
