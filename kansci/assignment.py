"""What a parent asks of a child: to train a job, found by names or handed over; JSON throughout."""

from __future__ import annotations

import os
import sys
from typing import Literal

import torch
from pydantic import BaseModel

from kansci.discover import Origin, origin_of
from kansci.forkserver import ONE_THREAD
from kansci.objective import Gear
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
    """Of a job that can travel.

    Raises:
        UserError: if its model is a submitted one, and a task cannot be handed out.
    """
    apart = isinstance(job.model, Foreign)
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
