"""Learning without forgetting: the network is held to what it answered before, on the new points.

The old answers are targets of a further loss, `strength` times as heavy: for a regression the
loss of the stage itself; for classes the cross entropy of shares softened by a temperature of 2.

Source: Li and Hoiem 2016, "Learning without forgetting", arXiv:1606.09282, equations 2 to 4.
We differ: there is one output for all stages, where they add new ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import torch
from torch import Tensor

from kansci.additions import Addition, Term
from kansci.errors import NotApplicable
from kansci.lifting.ensemble import Ensemble
from kansci.losses import REGRESSION, cross_entropy
from kansci.methods.method import Method, one_program
from kansci.recipe import Recipe
from kansci.task import Batch, Loss, Predict, Stage

TEMPERATURE = 2.0


class LwF(Method):
    """Keeps the networks as the stage before left them, and asks them about every new batch."""

    def __init__(self, recipe: Recipe, ensemble: Ensemble) -> None:
        super().__init__(recipe, ensemble)
        self._before: Ensemble | None = None

    def additions(self, stages: Sequence[Stage]) -> Sequence[Addition]:
        if self._before is None:
            return ()
        return (Addition(_distilled(one_program(stages)), self._answers),)

    def learned(self, stages: Sequence[Stage], batch: Batch) -> None:
        self._before = self.ensemble.still()

    def _answers(self, batch: Batch) -> Batch:
        """Of the old networks, `(member, point, out)`, and how heavy they are."""
        x = batch[0]
        assert self._before is not None
        answers = self._before.losses(lambda predict, x: predict(x), (x,))
        strength = x.new_tensor([self.recipe.strength])
        return answers, strength.repeat(len(x))  # a memory of its own, as compiled programs want


@cache
def _distilled(loss: Loss) -> Term:
    """One object for one loss."""
    if loss not in (REGRESSION, cross_entropy):
        raise NotApplicable(
            "lwf wants a regression or classes, got another loss: use replay or ewc"
        )

    def term(predict: Predict, batch: Batch, own: Batch) -> Tensor:
        (x, _, *numbers), (before, strength) = batch, own
        if loss is REGRESSION:
            return strength * loss(predict, x, before, *numbers)
        softened = torch.softmax(before / TEMPERATURE, -1)
        return strength * cross_entropy(lambda x: predict(x) / TEMPERATURE, x, softened)

    return term
