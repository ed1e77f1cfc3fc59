"""The local engine: cells of a suite become Records.

Whatever a cell does ends in a Record; one cell never stops the others.
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import NamedTuple

import torch

from kansci.environment import environment
from kansci.errors import OutOfTime, UserError
from kansci.ledger import AnyRecord
from kansci.record import Record, Status
from kansci.runner import evaluations, record_key_of, run, unfinished
from kansci.source import source_of
from kansci.suite import Cell
from kansci.workers import forked

Progress = Callable[[Cell, int], None]


class Plan(NamedTuple):
    """Cells that have their Record already, and those that are to run."""

    done: list[Record]
    todo: list[Cell]


def plan(cells: Iterable[Cell], records: Iterable[AnyRecord], *, fresh: bool = False) -> Plan:
    """A cell is done if a Record has its key, whatever became of it."""
    known = {record.key: record for record in records if isinstance(record, Record)}
    done, todo = [], []
    source = cache(source_of)  # tasks of equal dimensions share it, and a hash builds networks
    for cell in cells:
        known_source = source(cell.model, cell.task.dim_in, cell.task.dim_out, cell.budget)
        key, _ = record_key_of(cell.task, cell.model, cell.budget, cell.recipe, known_source)
        if key in known and not fresh:
            done.append(known[key])
        else:
            todo.append(cell)
    return Plan(done, todo)


def steps_of(cell: Cell) -> int:
    """Evaluations of loss and gradient of a cell, for progress."""
    return evaluations(cell.task, cell.recipe) if cell.model.applies(cell.task.order) else 0


def estimate(cells: Iterable[Cell]) -> float:
    """About how many seconds cells take on one core, from the work that they are.

    A member's evaluation was measured at half a millisecond and one microsecond a point, six
    times that where the loss takes derivatives; it grows with the root of the budget.
    """
    total = 0.0
    for cell in cells:
        recipe = cell.recipe
        points = recipe.points or cell.task.stages[0].points
        each = 0.5e-3 + 1e-6 * points * (6 if cell.task.order else 1)
        members = len(recipe.rates) * len(recipe.tuning_seeds) + len(recipe.evaluation_seeds)
        total += steps_of(cell) / 2 * members * each * (cell.budget / 250) ** 0.5
    return total


def execute(
    cells: Iterable[Cell],
    *,
    device: torch.device | str = "cpu",
    seconds: float = float("inf"),
    progress: Progress = lambda cell, steps: None,
    workers: int = 1,
) -> Iterator[Record]:
    """Runs cells, several at a time if asked to, and yields each Record as soon as it is there.

    Args:
        seconds: time limit of a cell.
        workers: forked processes; 1 runs every cell in this one. The numbers are the same.
    """
    if workers == 1:
        for cell in cells:
            yield attempt(cell, device=device, seconds=seconds, progress=progress)
        return

    def work(cell: Cell, progress: Progress) -> Record:
        return attempt(cell, device=device, seconds=seconds, progress=progress)

    def lost(cell: Cell, status: Status, reason: str) -> Record:
        what = (cell.task, cell.model, cell.budget, cell.recipe)
        record = unfinished(*what, suite=cell.suite, device=device)
        every = (status,) * len(cell.recipe.evaluation_seeds)
        return record.updated(status=status, reason=reason, members=every)

    environment(torch.device(device))  # asks git once, and not in every child
    yield from forked(cells, work, lost, workers=workers, seconds=seconds, progress=progress)


def attempt(
    cell: Cell,
    *,
    device: torch.device | str = "cpu",
    seconds: float = float("inf"),
    progress: Progress = lambda cell, steps: None,
) -> Record:
    """Runs one cell, with the clock and the memory that `runner` does not look at."""
    begun, used = time.monotonic(), time.process_time()

    def watch(steps: int) -> None:
        progress(cell, steps)
        if time.monotonic() - begun > seconds:
            raise OutOfTime(f"wanted at most {seconds:g} seconds for a cell")

    record = run(
        cell.task,
        cell.model,
        cell.budget,
        cell.recipe,
        suite=cell.suite,
        device=device,
        watch=watch,
    )
    spent = time.process_time() - used
    return record.updated(seconds=spent, memory=peak_megabytes())


def peak_megabytes() -> float:
    """The most memory that this process has held so far."""
    unit = 1 if sys.platform == "darwin" else 1_024  # bytes there, kilobytes elsewhere
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def choose_device(name: str) -> torch.device:
    """`auto` takes the GPU where there is one.

    Raises:
        UserError: for a device that is not there, or no device.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if name == "cpu":
        return torch.device("cpu")
    if name == "cuda":
        if not torch.cuda.is_available():
            raise UserError(
                "device 'cuda': this torch sees no GPU; install a CUDA build, or use --device cpu"
            )
        return torch.device("cuda")
    raise UserError(f"unknown device {name!r}: want auto, cpu or cuda")
