"""Jobs in child processes: whatever a model does to its process costs its own Record and no other.

A child that is killed from outside is tried once more, and the cells of a job that did not end
well are tried each alone, so that one bad cell costs one Record. Nothing is looped instead of
lifted on that occasion: a loop is slower, and members are evaluated a few at a time anyway, so
that stacking them is not what memory goes to.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Iterator
from multiprocessing.connection import wait

from kansci.children.assignment import withheld
from kansci.children.hearing import Progress, Tell
from kansci.children.supervised import Child, Limits, Try
from kansci.record import Record
from kansci.runner import Judge
from kansci.together import Job


def supervise(
    jobs: Iterable[Job],
    limits: Limits,
    *,
    workers: int,
    progress: Progress = lambda cell, steps: None,
    note: Tell = lambda text: None,
) -> Iterator[Record]:
    """Records in the order in which jobs end; closing it kills what still runs."""
    waiting = deque(Try(job) for job in jobs)
    running: list[Child] = []
    try:
        while waiting or running:
            while waiting and len(running) < workers:
                begun = waiting.popleft()
                secret = withheld(begun.job)
                if secret and len(begun.job.cells) > 1:  # some of them may be handed out
                    waiting.extendleft(Try(Job((one,))) for one in reversed(begun.job.cells))
                    continue
                judge = Judge(begun.job, device=limits.device, threads=1, weights=limits.weights)
                refused = judge.failed("not_applicable", secret) if secret else judge.refused()
                if refused is not None:
                    yield from refused
                else:
                    running.append(Child(begun, judge, limits, progress, note))
            if running:
                _hear(running)
            for child in [one for one in running if one.over]:
                running.remove(child)
                child.close()
                records, again = child.outcome()
                waiting.extendleft(reversed(again))
                paused = time.monotonic()
                yield from records
                paused = time.monotonic() - paused
                for other in running:  # whoever waits for us does not pay for it
                    other.deadline += paused
    finally:
        for child in running:
            child.end("crashed", "nobody waits for it any more")
        for child in running:
            child.await_end()
            child.close()


def _hear(running: list[Child]) -> None:
    ears = {ear: child for child in running for ear in child.ears}
    soonest = min(child.next_look for child in running) - time.monotonic()
    for ear in wait(list(ears), timeout=min(max(soonest, 0.0), 60.0)):
        ears[ear].hear(ear)  # type: ignore[index, arg-type]
    for child in running:
        child.look_at_the_clock()
