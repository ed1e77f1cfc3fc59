r"""Elastic weight consolidation: weights that mattered are held near where they were.

To the loss of a stage it adds $\lambda \sum_k \sum_i F_{k,i} (\theta_i - \theta^*_{k,i})^2$ over
all earlier stages $k$, with the weights $\theta^*_k$ at the end of each and the diagonal of the
Fisher information there; see `fisher`.

Source: Kirkpatrick et al. 2017, "Overcoming catastrophic forgetting in neural networks",
arXiv:1612.00796, equation 3.
We differ: their factor 1/2 is part of our strength.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import cast

import torch
from torch import Tensor, nn

from kansci.additions import Addition, Term
from kansci.calculus import Network
from kansci.lifting.ensemble import Ensemble
from kansci.methods.fisher import diagonal
from kansci.methods.method import Method, one_program
from kansci.recipe import Recipe
from kansci.task import Batch, Predict, Stage

POINTS = 200  # of a stage, at which the information is measured
STREAM = "fisher"  # that they are drawn from


class EWC(Method):
    r"""Holds the sum of all penalties as one: $\sum_i A_i (\theta_i - m_i)^2$ and what is left.

    $A = \sum_k F_k$ and $m = \sum_k F_k \theta^*_k / A$, so that no stage makes a step dearer.
    """

    def __init__(self, recipe: Recipe, ensemble: Ensemble) -> None:
        super().__init__(recipe, ensemble)
        self._sources = self.streams(STREAM)
        self._held: Batch = ()  # A and m, (member, n), and what is left, (member,)

    def additions(self, stages: Sequence[Stage]) -> Sequence[Addition]:
        names = tuple(self.ensemble.params)
        return (Addition(_spring(names), lambda batch: self._held),) if self._held else ()

    def learned(self, stages: Sequence[Stage], batch: Batch) -> None:
        points = self.fresh(stages, POINTS, self._sources)
        weights = self.ensemble.flat.clone()
        new = (self.recipe.strength or 0) * diagonal(self.ensemble, one_program(stages), points)
        if not self._held:
            self._held = (new, weights, new.new_zeros(len(new)))
            return
        old, middle, left = self._held
        both = old + new
        share = torch.where(both > 0, new / both, 0)
        apart = weights - middle
        left = left + (old * share * apart.square()).sum(1)
        self._held = (both, middle + share * apart, left)


@cache
def _spring(names: tuple[str, ...]) -> Term:
    """The penalty of one network, whose trained weights have these names, in this order."""

    def weights(network: nn.Module) -> Tensor:
        own = dict(network.named_parameters())
        return torch.cat([own[name].flatten() for name in names])

    def term(predict: Predict, batch: Batch, own: Batch) -> Tensor:
        strength, middle, left = own
        away = cast(Network, predict).ask(weights) - middle
        return (strength * away.square()).sum() + left

    return term
