"""Optimizers of an ensemble: weights flat, `(member, n)`, and nothing shared between members."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable

import torch
from torch import Tensor

from kansci.recipe import Optimizer

Objective = Callable[[], tuple[Tensor, Tensor]]


def cosine(step: int, steps: int) -> float:
    """From 1 at the first step towards 0 after the last."""
    return (1 + math.cos(math.pi * step / steps)) / 2


def constant(step: int, steps: int) -> float:
    """1 throughout."""
    return 1.0


SCHEDULES = {"cosine": cosine, "constant": constant}


class Stepper(ABC):
    """What optimizers of one evaluation a step share.

    Args:
        weights: `(member, n)`, changed in place.
        rates: of each member, `(member,)`; float64, whatever the weights are.
    """

    def __init__(self, weights: Tensor, rates: Tensor, recipe: Optimizer) -> None:
        self.weights = weights
        self.recipe = recipe
        self._rates = rates.to(weights.device, torch.double).unsqueeze(-1)  # (member, 1)
        self._step = 0

    def step(self, objective: Objective) -> Tensor:
        """One evaluation, one step; returns the losses before it, `(member,)`."""
        gradient, loss = objective()
        factor = SCHEDULES[self.recipe.schedule](self._step, self.recipe.evaluations)
        self._step += 1
        self._move(gradient, factor * self._rates)
        return loss

    @abstractmethod
    def _move(self, gradient: Tensor, rates: Tensor) -> None: ...


class Adam(Stepper):
    r"""Adam with a rate for each member.

    $$m \leftarrow \beta_1 m + (1-\beta_1) g,\quad v \leftarrow \beta_2 v + (1-\beta_2) g^2,\quad
      w \leftarrow w - \eta_t \frac{m/(1-\beta_1^t)}{\sqrt{v/(1-\beta_2^t)} + \epsilon}$$

    Every operation is element-wise, so a member that explodes harms no other.

    Source: Kingma and Ba 2015, arXiv:1412.6980, algorithm 1.
    """

    def __init__(
        self,
        weights: Tensor,
        rates: Tensor,
        recipe: Optimizer,
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        epsilon: float = 1e-8,
    ) -> None:
        super().__init__(weights, rates, recipe)
        self.betas = betas
        self.epsilon = epsilon
        self._mean = torch.zeros_like(weights)
        self._square = torch.zeros_like(weights)

    def _move(self, gradient: Tensor, rates: Tensor) -> None:
        first, second = self.betas
        self._mean.lerp_(gradient, 1 - first)
        self._square.mul_(second).addcmul_(gradient, gradient, value=1 - second)
        shrink = math.sqrt(1 - second**self._step)
        spread = (self._square.sqrt() / shrink).add_(self.epsilon)
        rate = (rates / (1 - first**self._step)).to(self.weights.dtype)
        self.weights.sub_(rate * self._mean / spread)


class SGD(Stepper):
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


OPTIMIZERS: dict[str, type[Stepper]] = {"adam": Adam, "sgd": SGD}
