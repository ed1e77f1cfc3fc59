"""All stages at once: what could be learned if nothing had to be kept, the bound of a model.

The stages become one, whose batches hold points of all of them in proportion, and which takes as
many evaluations as they do together. A full batch holds as many points as those of all stages; a
batch that is drawn anew has the size that the recipe gives it.
"""

from __future__ import annotations

from itertools import accumulate, pairwise

import torch
from torch import Generator

from kansci.recipe import Recipe
from kansci.task import Batch, Stage, Task

ALL = "all stages"


def taught(task: Task, recipe: Recipe) -> tuple[Stage, ...]:
    """The stages of a task as a recipe has them learned: its own, or one that holds them all."""
    stages = task.stages
    if recipe.method != "joint" or len(stages) == 1:
        return stages
    ends = (0, *accumulate(stage.points for stage in stages))

    def sample(generator: Generator, points: int) -> Batch:
        shares = [points * end // ends[-1] for end in ends]
        drawn = [
            stage.sample(generator, end - begin)
            for stage, (begin, end) in zip(stages, pairwise(shares), strict=True)
        ]
        return tuple(torch.cat(parts) for parts in zip(*drawn, strict=True))

    return (Stage(ALL, sample, stages[0].loss, ends[-1]),)


def lasting(recipe: Recipe, task: Task) -> Recipe:
    """How each of the stages that are `taught` is trained: a joint one takes all the work."""
    times = len(task.stages) // len(taught(task, recipe))
    if times == 1:
        return recipe
    longer = tuple(
        part.model_copy(update={"evaluations": times * part.evaluations})
        for part in recipe.optimizers
    )
    points = recipe.points if recipe.resample or not recipe.points else times * recipe.points
    return recipe.model_copy(update={"optimizers": longer, "points": points})
