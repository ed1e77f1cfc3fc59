"""What every continual method is asked, before and after a stage."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from kansci.additions import Addition
from kansci.lifting.ensemble import Ensemble
from kansci.losses import program_of
from kansci.preparing import draw
from kansci.recipe import Recipe
from kansci.sampling import stream
from kansci.task import Batch, Loss, Stage


class Method:
    """Trains on, stage by stage (`naive`); the other methods override what they need.

    It holds what it remembers of earlier stages, for all members, on their device. Nothing here
    meets across members.

    Args:
        ensemble: whose weights are looked at; a method never changes them.
    """

    def __init__(self, recipe: Recipe, ensemble: Ensemble) -> None:
        self.recipe, self.ensemble = recipe, ensemble

    def additions(self, stages: Sequence[Stage]) -> Sequence[Addition]:
        """Terms of the loss of a stage, asked for before it: `stages` has one for each place."""
        return ()

    def mask(self) -> Tensor | None:
        """Which weights the stage that comes may move, `(n,)` of 0 and 1; `None`: all."""
        return None

    def learned(self, stages: Sequence[Stage], batch: Batch) -> None:
        """A stage is over; `batch` is what it was learned from last, as its program takes it."""

    def streams(self, purpose: str) -> list[torch.Generator]:
        """Random numbers of a purpose, for each member from its own seed."""
        return [stream(purpose, member.seed) for member in self.ensemble.members]

    def fresh(self, stages: Sequence[Stage], points: int, sources: list[torch.Generator]) -> Batch:
        """New points of a stage, `(member, ...)`."""
        recipe = self.recipe.model_copy(update={"points": points})
        return draw(self.ensemble, stages, recipe, sources)


def one_program(stages: Sequence[Stage]) -> Loss:
    """What the losses of a stage compute; tasks that train together have one."""
    return program_of(stages[0].loss)


def is_points(tensor: Tensor) -> bool:
    """Whether a tensor `(member, ...)` of a batch has a row for each point."""
    return tensor.dim() >= 3


def only_points(batch: Batch) -> Batch:
    """Without the numbers of the tasks, which stand behind."""
    return tuple(one for one in batch if is_points(one))
