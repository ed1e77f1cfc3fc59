"""A lesson is one stage, learned by all members at once, and the curve of its losses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from kansci.additions import Addition, with_additions
from kansci.gears.objective import Evaluation, Objective
from kansci.hooks import can_refine, refined
from kansci.lifting.ensemble import Ensemble
from kansci.optim import OPTIMIZERS
from kansci.preparing import draw
from kansci.recipe import Recipe
from kansci.record import Curve, Gear
from kansci.task import Batch, Loss, Stage
from kansci.way import Way

CURVE = 30  # points that are kept of a training curve
WORDS = 100  # evaluations between two looks at what is kept of the curve


class Lesson:
    """One stage of all tasks: every optimizer of the recipe in turn.

    Losses stay on the device until they are looked at, which is seldom: reading one waits for it.

    Args:
        additions: terms of the loss beside that of the stage.
        mask: which weights may move, `(n,)` of 0 and 1; `None`: all.

    Attributes:
        drawn: the batch of the stage alone, as it was drawn last.
    """

    def __init__(
        self,
        ensemble: Ensemble,
        stages: Sequence[Stage],
        recipe: Recipe,
        sources: Sequence[torch.Generator],
        way: Way,
        additions: Sequence[Addition] = (),
        mask: Tensor | None = None,
    ) -> None:
        self.ensemble, self.stages, self.recipe = ensemble, stages, recipe
        self.sources, self.watch, self._way = sources, way.watch, way
        self._additions, self._mask = additions, mask
        self.gears: set[Gear] = set()
        self._kept = sorted(log_spaced(recipe.evaluations, CURVE))
        self._losses: list[Tensor] = []
        self._loss, self._batch = self._drawn()
        self.objective = self._objective()

    def run(self, *, refining: bool = True) -> Tensor:
        """The losses at the end, `(member,)`.

        Args:
            refining: whether grids become finer where the recipe says so; they do it once.
        """
        ensemble, resample = self.ensemble, self.recipe.resample
        rates = torch.tensor([member.rate for member in ensemble.members], dtype=torch.double)
        done, loss = 0, torch.empty(0)
        for part in self.recipe.optimizers:
            if refining and part.refine > 1:
                self._refine(part.refine)
            optimizer = OPTIMIZERS[part.name](ensemble.flat, rates, part)
            idle = False
            for _ in range(part.evaluations):
                if resample and done and done % resample == 0:
                    self._batch = self._drawn()[1]
                if not idle:
                    loss = optimizer.step(self._evaluation())
                done += 1
                self._keep(done, loss)
                idle = idle or (done % WORDS == 0 and optimizer.idle())
            optimizer.finish()
        return loss

    def _drawn(self) -> tuple[Loss, Batch]:
        """The loss and new points, with all that the recipe adds to them."""
        self.drawn = draw(self.ensemble, self.stages, self.recipe, self.sources)
        return with_additions(self.stages[0].loss, self.drawn, self._additions)

    def _evaluation(self) -> Evaluation | Masked:
        evaluation = self.objective.at(self._batch)
        return evaluation if self._mask is None else Masked(evaluation, self._mask)

    def _refine(self, times: int) -> None:
        """Divides the cells of every grid; networks without a grid stay what they are."""
        if can_refine(self.ensemble.network(0)):
            self.ensemble.remake(lambda network: refined(network, times))
            self.objective = self._objective()

    def _objective(self) -> Objective:
        way = self._way
        objective = Objective(
            self.ensemble,
            self._loss,
            self._batch,
            ahead=way.ahead,
            gear=way.gear,
            known=way.known,
        )
        self.gears.add(objective.gear)
        if objective.note:
            way.watch.note(objective.note)
        return objective

    def curve(self, place: int) -> Curve:
        """As far as it goes."""
        rows = [row[self.ensemble.among(place)] for row in self._losses]
        values = torch.stack(rows).double().cpu().tolist() if rows else []
        return Curve(
            stage=self.stages[place].name,
            evaluations=tuple(self._kept[: len(values)]),
            losses=tuple(map(tuple, values)),
        )

    def _keep(self, done: int, loss: Tensor) -> None:
        if len(self._losses) < len(self._kept) and done == self._kept[len(self._losses)]:
            self._losses.append(loss)
        if done % WORDS == 0:
            for place in range(len(self.stages)):
                self.watch.curve(place, self.curve(place))
        self.watch.steps(1)


class Masked(NamedTuple):
    """An evaluation in which some weights have no gradient, so that nothing moves them."""

    evaluation: Evaluation
    mask: Tensor

    def __call__(self) -> tuple[Tensor, Tensor]:
        gradients, losses = self.evaluation()
        return gradients * self.mask, losses


def log_spaced(last: int, count: int) -> frozenset[int]:
    """At most `count` whole numbers from 1 to `last`, evenly spread on a log scale."""
    spaced = np.geomspace(1, last, min(count, last))
    return frozenset(round(float(one)) for one in spaced)
