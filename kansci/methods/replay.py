"""Replay: some points of every earlier stage are kept, and learned again beside the new ones.

Source: Robins 1995, "Catastrophic forgetting, rehearsal and pseudorehearsal", Connection Science 7;
with a memory as in Chaudhry et al. 2019, "On tiny episodic memories", arXiv:1902.10486.
We differ: every stage keeps the same number, drawn evenly from what it was learned from last. Of
points that are drawn independently, as ours are, a reservoir over the whole stage keeps the like.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import torch
from torch import Tensor

from kansci.additions import Addition, Term
from kansci.lifting.ensemble import Ensemble
from kansci.methods.method import Method, one_program, only_points
from kansci.recipe import Recipe
from kansci.task import Batch, Loss, Predict, Stage


class Replay(Method):
    """Adds the loss of a stage on points of the earlier ones: all that are kept, or, where batches
    are drawn anew, as many of them as a batch has."""

    def __init__(self, recipe: Recipe, ensemble: Ensemble) -> None:
        super().__init__(recipe, ensemble)
        self._sources = self.streams("memory")
        self._kept: Batch = ()  # (member, kept, ...) each

    def additions(self, stages: Sequence[Stage]) -> Sequence[Addition]:
        return (Addition(_again(one_program(stages)), self._recalled),) if self._kept else ()

    def learned(self, stages: Sequence[Stage], batch: Batch) -> None:
        points = only_points(batch)
        chosen = self._some(points, self.recipe.memory or 0)
        self._kept = tuple(
            torch.cat(both, 1) for both in zip(self._kept or (_none(points)), chosen, strict=True)
        )

    def _recalled(self, batch: Batch) -> Batch:
        return self._some(self._kept, batch[0].shape[1]) if self.recipe.resample else self._kept

    def _some(self, points: Batch, count: int) -> Batch:
        """Rows of each member's own choice, at most as many as there are."""
        there = points[0].shape[1]
        rows = [torch.randperm(there, generator=source)[:count] for source in self._sources]
        index = torch.stack(rows).unsqueeze(-1).to(points[0].device)  # (member, row, 1)
        return tuple(torch.take_along_dim(one, index, 1) for one in points)


def _none(points: Batch) -> Batch:
    return tuple(one[:, :0] for one in points)


@cache
def _again(loss: Loss) -> Term:
    """The loss on points of one's own, with the numbers of the batch: one object for one loss."""

    def term(predict: Predict, batch: Batch, own: Batch) -> Tensor:
        return loss(predict, *own, *batch[len(own) :])

    return term
