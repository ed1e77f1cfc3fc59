"""Descent with a learning rate: what Adam and gradient descent share."""

from __future__ import annotations

from abc import abstractmethod

import torch
from torch import Tensor

from kansci.optim.schedules import factors
from kansci.optim.stepper import Objective, Stepper
from kansci.recipe import Optimizer


class Descent(Stepper):
    """Steps along gradients, with a rate of each member and a schedule that all share.

    A gradient above the recipe's `clip` is shortened to it first. There are at most as many steps
    as the recipe has evaluations.
    """

    def __init__(self, weights: Tensor, rates: Tensor, recipe: Optimizer) -> None:
        super().__init__(weights, rates, recipe)
        self._rates = rates.to(weights.device, torch.double).unsqueeze(-1)  # (member, 1)
        self._step = torch.zeros(1, dtype=torch.long, device=weights.device)
        self._factors = self.table(factors(recipe))

    def step(self, objective: Objective) -> Tensor:
        """One evaluation, one move; returns the losses before it, `(member,)`."""
        gradient, loss = objective()
        if self.recipe.clip is not None:
            gradient = clipped(gradient, self.recipe.clip)
        self._move(gradient, self.now(self._factors) * self._rates)
        self._step.add_(1)
        return loss

    def finish(self) -> None:
        """Nothing: the weights are those of the last step."""

    def idle(self) -> bool:
        """Never: a rate moves a member as long as there is a gradient."""
        return False

    def table(self, values: list[float]) -> Tensor:
        """One number for each step, kept beside the weights, `(evaluations,)`."""
        return torch.tensor(values, dtype=torch.double, device=self.weights.device)

    def now(self, table: Tensor) -> Tensor:
        """The number of this step, `(1,)`; the counter is on the device, so nothing is read."""
        return table.index_select(0, self._step)

    @abstractmethod
    def _move(self, gradient: Tensor, rates: Tensor) -> None: ...


def clipped(gradient: Tensor, most: float) -> Tensor:
    r"""Each member's gradient, `(member, n)`, no longer than `most`: $g \min(1, c/(|g|+10^{-6}))$.

    The norm is Euclidean, over all weights of a member and of no other.

    Source: Pascanu et al. 2013, arXiv:1211.5063, algorithm 1, in the form of
    torch.nn.utils.clip_grad_norm_.
    """
    length = torch.linalg.vector_norm(gradient, dim=1, keepdim=True)  # (member, 1)
    return gradient * (most / (length + 1e-6)).clamp(max=1)
