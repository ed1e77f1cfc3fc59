"""What a parent asks of a child: to train a job, found by names or handed over; JSON throughout."""

from __future__ import annotations

import os
import sys
from typing import Literal

import torch
from pydantic import BaseModel

from kansci.discover import Origin, origin_of
from kansci.errors import UserError
from kansci.forkserver import ONE_THREAD
from kansci.gears.objective import Gear
from kansci.recipe import Recipe
from kansci.sandbox import Foreign, Kind, available
from kansci.sandbox.handout import Handed, handed
from kansci.together import Job


class Here(BaseModel, frozen=True, extra="forbid"):
    """Where a parent stands.

    Attributes:
        folder: for files that the user's code opens.
        path: for modules that the user's code imports.
    """

    folder: str
    path: tuple[str, ...]
    variables: dict[str, str]


class Assignment(BaseModel, frozen=True, extra="forbid"):
    """What a parent asks for.

    Attributes:
        handed: the tasks without their truth, in place of where they are found.
        memory: limit in MB.
        keep: whether the numbers of the trained networks are wanted.
        here: where the parent stands, if the child is to stand there, too.
    """

    kind: Literal["training"] = "training"
    tasks: tuple[Origin, ...] = ()
    handed: tuple[Handed, ...] = ()
    model: Origin
    budget: int
    recipe: Recipe
    device: str
    gear: Gear | None
    memory: float
    keep: bool
    here: Here | None


def assignment(
    job: Job, *, device: torch.device, gear: Gear | None, memory: float, keep: bool = False
) -> Assignment:
    """Of a job that can travel, and of which nothing is `withheld`."""
    apart = isinstance(job.model, Foreign) and not _open(job)
    tasks, model = [origin_of(task) for task in job.tasks], origin_of(job.model)
    assert model is not None
    return Assignment(
        tasks=() if apart else tuple(one for one in tasks if one is not None),
        handed=tuple(map(handed, job.tasks)) if apart else (),
        model=model,
        budget=job.budget,
        recipe=job.recipe,
        device=str(device),
        gear=gear,
        memory=memory,
        keep=keep,
        here=_here() if not apart or available() is Kind.OFF else None,
    )


def withheld(job: Job) -> str:
    """Why the tasks of a job cannot be handed to its model; empty if they can, or need not be."""
    return _unwritable(job) if isinstance(job.model, Foreign) and not _open(job) else ""


def _open(job: Job) -> bool:
    """Whether tasks that cannot be handed out are found by whoever trains: nothing is isolated."""
    found = all(origin_of(task) is not None for task in job.tasks)
    return available() is Kind.OFF and found and _unwritable(job) != ""


def _unwritable(job: Job) -> str:
    """Why one of the tasks cannot be handed out."""
    try:
        for task in job.tasks:
            handed(task)
    except UserError as why:
        return str(why)
    return ""


def _here() -> Here:
    return Here(
        folder=os.getcwd(),
        path=tuple(os.path.abspath(folder) for folder in sys.path),
        variables={**os.environ, **ONE_THREAD},
    )


def can_travel(job: Job) -> bool:
    """Whether another process can find what is to be trained, or is handed it."""
    found = [job.model] if isinstance(job.model, Foreign) else [job.model, *job.tasks]
    return all(origin_of(one) is not None for one in found)
