"""Gradient descent with momentum."""

from __future__ import annotations

import torch
from torch import Tensor

from kansci.optim.descent import Descent
from kansci.recipe import Optimizer


class SGD(Descent):
    r"""Gradient descent with Nesterov's momentum, on the whole batch, a rate for each member.

    $$v \leftarrow \mu v + g,\qquad w \leftarrow w - \eta_t\,(g + \mu v)$$

    It moves a weight as far as its gradient asks; Adam moves all alike, those too that a stage
    hardly touches. So what a linear local model forgets under Adam is Adam's.

    Source: Sutskever et al. 2013, "On the importance of initialization and momentum in deep
    learning", section 2, in the form of torch.optim.SGD.
    """

    def __init__(
        self, weights: Tensor, rates: Tensor, recipe: Optimizer, *, momentum: float = 0.9
    ) -> None:
        super().__init__(weights, rates, recipe)
        self.momentum = momentum
        self._velocity = torch.zeros_like(weights)

    def _move(self, gradient: Tensor, rates: Tensor) -> None:
        self._velocity.mul_(self.momentum).add_(gradient)
        ahead = gradient.add(self._velocity, alpha=self.momentum)
        self.weights.sub_(rates.to(self.weights.dtype) * ahead)
