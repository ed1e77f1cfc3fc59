"""Adam, and Adam with weight decay that is none of its gradient's business."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from kansci.optim.descent import Descent
from kansci.recipe import Optimizer


class Adam(Descent):
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
        steps = range(1, recipe.evaluations + 1)
        self._grown = self.table([1 - betas[0] ** step for step in steps])
        self._shrinks = self.table([math.sqrt(1 - betas[1] ** step) for step in steps])

    def _move(self, gradient: Tensor, rates: Tensor) -> None:
        first, second = self.betas
        self._mean.lerp_(gradient, 1 - first)
        self._square.mul_(second).addcmul_(gradient, gradient, value=1 - second)
        shrink = self.now(self._shrinks).to(self.weights.dtype)
        spread = self._square.sqrt().div_(shrink).add_(self.epsilon)
        rate = (rates / self.now(self._grown)).to(self.weights.dtype)
        self.weights.sub_(rate * self._mean / spread)


class AdamW(Adam):
    r"""Adam that first shrinks the weights, $w \leftarrow (1 - \eta_t \lambda)\,w$.

    The decay $\lambda$ follows the rate and its schedule, and does not pass through $m$ and $v$.

    Source: Loshchilov and Hutter 2019, arXiv:1711.05101, algorithm 2, in the form of
    torch.optim.AdamW, where $\eta_t$ includes the rate.
    """

    def _move(self, gradient: Tensor, rates: Tensor) -> None:
        self.weights.mul_((1 - rates * self.recipe.decay).to(self.weights.dtype))
        super()._move(gradient, rates)
