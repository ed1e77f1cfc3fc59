"""The local engine: jobs become Records.

Whatever a job does ends in a Record for each of its cells; one job never stops the others.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import torch

from kansci.children.assignment import can_travel
from kansci.children.hearing import Progress, Tell
from kansci.children.supervised import Limits, lost_together
from kansci.children.workers import supervise
from kansci.errors import OutOfTime, UserError
from kansci.forkserver import SERVER, megabytes, possible
from kansci.gears.objective import Gear
from kansci.record import Record
from kansci.runner import run_job
from kansci.suite import MEMORY
from kansci.together import Job
from kansci.way import Watch


def warm_up() -> None:
    """Has torch loaded for the children while the caller does something else; returns at once."""
    if possible():
        SERVER.start()


def execute(
    jobs: Iterable[Job],
    *,
    device: torch.device | str = "cpu",
    seconds: float = float("inf"),
    memory: float = MEMORY,
    workers: int = 1,
    gear: Gear | None = None,
    weights: Path | None = None,
    progress: Progress = lambda cell, steps: None,
    note: Tell = lambda text: None,
) -> Iterator[Record]:
    """Runs jobs, each in a child process, and yields their Records as soon as they are there.

    What cannot travel, as its task or model was made by hand and comes from no name or file, runs
    in this process, in turn and after all others.

    Args:
        seconds: time limit of a cell.
        memory: limit in MB of a child; on a GPU there is none.
        weights: folder of Records, beside which trained networks are kept; `None`: they are not.
        workers: children at a time; 0 runs everything in this process. The numbers are the same.
        progress: hears evaluations of a cell as they are done; below 0 if they are to be repeated.
        note: hears each text once.
    """
    limits = Limits(torch.device(device), seconds, memory, gear, weights)
    told = _once(note)
    if not possible():
        workers = 0
    every = list(jobs)
    travelling = [job for job in every if workers and can_travel(job)]
    yield from supervise(travelling, limits, workers=workers, progress=progress, note=told)
    for job in every:
        if not (workers and can_travel(job)):
            yield from attempt(
                job,
                device=device,
                seconds=seconds,
                gear=gear,
                weights=weights,
                progress=progress,
                note=told,
            )


def isolated(
    job: Job,
    *,
    device: torch.device | str = "cpu",
    seconds: float = float("inf"),
    memory: float = MEMORY,
    gear: Gear | None = None,
    weights: Path | None = None,
    progress: Progress = lambda cell, steps: None,
    note: Tell = lambda text: None,
) -> list[Record]:
    """One job in a child, to its end: for engines that place jobs elsewhere.

    Records are in the order of the cells; arguments are those of `execute`.
    """
    limits = {
        "device": device,
        "seconds": seconds,
        "memory": memory,
        "gear": gear,
        "weights": weights,
    }
    return list(execute([job], workers=1, progress=progress, note=note, **limits))


def attempt(
    job: Job,
    *,
    device: torch.device | str = "cpu",
    seconds: float = float("inf"),
    gear: Gear | None = None,
    weights: Path | None = None,
    progress: Progress = lambda cell, steps: None,
    note: Tell = lambda text: None,
) -> list[Record]:
    """Runs one job in this process, with the clock that `runner` does not look at.

    A model that hangs between two evaluations, or kills its process, is not stopped here.
    """
    used, watch = _processor_seconds(), _Clock(job, seconds, progress, note)
    records = run_job(job, device=device, gear=gear, watch=watch, weights=weights)
    if lost_together(job, records):
        watch.take_back()
        limits = {"device": device, "seconds": seconds, "gear": gear, "weights": weights}
        alone = [Job((cell,)) for cell in job.cells]
        again = (attempt(one, progress=progress, note=note, **limits) for one in alone)
        return [record for records in again for record in records]
    share = (_processor_seconds() - used) / len(records)
    peak = megabytes(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    return [record.updated(seconds=share, memory=peak) for record in records]


class _Clock(Watch):
    """Passes on what it hears, and ends a job whose time is over."""

    def __init__(self, job: Job, seconds: float, progress: Progress, note: Tell) -> None:
        self._job, self._progress, self._note = job, progress, note
        self._seconds = seconds * len(job.cells)
        self._begun = time.monotonic()
        self._done = 0

    def steps(self, count: int) -> None:
        self._done += count
        for cell in self._job.cells:
            self._progress(cell, count)
        if time.monotonic() - self._begun > self._seconds:
            raise OutOfTime(f"want at most {self._seconds:g} seconds for a cell")

    def note(self, text: str) -> None:
        self._note(text)

    def take_back(self) -> None:
        for cell in self._job.cells:
            self._progress(cell, -self._done)


def _once(note: Tell) -> Tell:
    told: set[str] = set()

    def tell(text: str) -> None:
        if text not in told:
            told.add(text)
            note(text)

    return tell


def _processor_seconds() -> float:
    """Of this process and those that it has waited for."""
    both = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(used.ru_utime + used.ru_stime for used in both)


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
