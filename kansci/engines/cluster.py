"""The other engine: Ray places jobs on the nodes of a cluster, and nothing else.

On a node runs what runs here, `engine.isolated`, with its limits on time and memory; Ray knows no
time limit. This process alone holds what comes of it. A job whose node or process is lost is placed
again; one that is lost each time is `crashed`.

Source: https://docs.ray.io/en/latest/ray-core/fault_tolerance/tasks.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import torch

from kansci.children.assignment import can_travel
from kansci.engines.engine import execute as execute_here
from kansci.engines.membership import LOOK, Head, Need, connect, last_line, leave, load_ray, need
from kansci.engines.node import Reply, order, serve
from kansci.errors import UserError
from kansci.gears.objective import Gear
from kansci.plan import steps_of
from kansci.record import Record, Status
from kansci.runner import Judge, record_key_of
from kansci.suite import MEMORY, Cell
from kansci.together import Job

RETRIES = 2  # placings of a job beyond the first
AHEAD = 2  # jobs that are placed for each that can run: a node is never idle, Ray never flooded


def execute(
    jobs: Iterable[Job],
    *,
    address: str,
    device: torch.device | str = "cpu",
    seconds: float = float("inf"),
    memory: float = MEMORY,
    gear: Gear | None = None,
    gpus: float = 1.0,
    progress: Callable[[Cell, int], None] = lambda cell, steps: None,
    note: Callable[[str], None] = lambda text: None,
) -> Iterator[Record]:
    """Runs jobs on a cluster and yields their Records as soon as they are here, in any order.

    What cannot travel runs in this process, after all others. Ending this generator, or this
    process, ends the jobs that run.

    Args:
        address: host and port of the cluster's head; this machine has to be one of its nodes.
        seconds: time limit of a cell.
        memory: limit in MB of a worker, reserved on its node.
        gpus: share of a GPU that a job reserves, if the device is one.
        progress: hears all evaluations of a cell when it has ended.
        note: hears each text once.

    Raises:
        UserError: as `connect`; if the head is gone, or a node has other versions.
    """
    every = list(jobs)
    wanted = need(device, memory, gpus)
    limits = {"device": device, "seconds": seconds, "memory": memory, "gear": gear}
    told: set[str] = set()
    travelling = [job for job in every if can_travel(job)]
    if travelling:
        connect(address, wanted)
        try:
            orders = ((job, order(job, **limits).model_dump_json()) for job in travelling)
            for job, reply in _placed(orders, address, wanted):
                for text in [text for text in reply.notes if text not in told]:
                    told.add(text)
                    note(text)
                for cell in job.cells:
                    progress(cell, steps_of(cell))
                yield from _records(job, reply)
        finally:
            leave()
    staying = [job for job in every if not can_travel(job)]
    yield from execute_here(staying, **limits, workers=0, progress=progress, note=note)


def _placed(
    orders: Iterator[tuple[Job, str]], address: str, wanted: Need
) -> Iterator[tuple[Job, Reply]]:
    ray, head = load_ray(), Head(address, wanted)
    place = ray.remote(serve).options(
        num_cpus=wanted.cpus,
        num_gpus=wanted.gpus,
        memory=wanted.memory,
        max_retries=RETRIES,
        retry_exceptions=False,  # only what is lost is placed again
    )
    pending: dict[Any, Job] = {}
    left = True
    while left or pending:
        while left and len(pending) < AHEAD * head.room:
            job, text = next(orders, (None, ""))
            left = job is not None
            if job is not None:
                pending[place.remote(text)] = job
        ready, _ = ray.wait(list(pending), num_returns=1, timeout=LOOK) if pending else ([], [])
        for one in ready:
            yield pending.pop(one), _reply(ray, one)
        head.look()


def _reply(ray: Any, one: Any) -> Reply:
    """What a node says, or what Ray says of it.

    Raises:
        UserError: if a node cannot be used at all.
    """
    try:
        reply = Reply.model_validate_json(ray.get(one))
    except ray.exceptions.RayTaskError as error:  # `serve` raises nothing: it was not even loaded
        raise UserError(f"a node of the cluster cannot run kansci: {last_line(error)}") from error
    except ray.exceptions.RayError as error:
        return Reply(problem=f"{type(error).__name__}: placed {RETRIES + 1} times, and lost")
    if reply.refusal:
        raise UserError(f"a node of the cluster cannot be used: {reply.refusal}")
    return reply


def _records(job: Job, reply: Reply) -> list[Record]:
    """A Record for each cell, as it was asked for, whatever has come."""
    if reply.problem:
        return _lost(job, reply.problem)
    records = [Record.model_validate_json(text) for text in reply.records]
    keys = [record_key_of(*cell[:4])[0] for cell in job.cells]
    if sorted(record.key for record in records) != sorted(keys):
        return _lost(job, "its node has another definition of its task or its model")
    return records


def _lost(job: Job, reason: str) -> list[Record]:
    """On whichever machine it was lost, this one writes the Record."""
    status: Status = "out_of_memory" if reason.startswith("OutOfMemoryError") else "crashed"
    return Judge(job).failed(status, reason)
