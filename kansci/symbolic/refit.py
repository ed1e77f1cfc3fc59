"""All numbers of a small network at once, by least squares to the last digit."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.func import functional_call, jacrev, vmap
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from kansci.models.edges.train import train
from kansci.optim import LevenbergMarquardt
from kansci.recipe import Optimizer

LARGEST = 300  # numbers up to which Levenberg-Marquardt costs less than L-BFGS
ROWS = 4_096  # points of which the slopes are found at once
PATIENCE = 10  # L-BFGS iterations that are worth one of its steps


class Residuals:
    """What a network leaves of its targets, as an objective of one member."""

    def __init__(self, network: nn.Module, x: Tensor, y: Tensor) -> None:
        self._network, self._x, self._y = network, x, y
        self._named = {name: one for name, one in network.named_parameters() if one.requires_grad}
        self.weights = parameters_to_vector(self._named.values()).detach().unsqueeze(0)

    def __call__(self) -> tuple[Tensor, Tensor]:
        _, gradient, loss = self.normal()
        return 2 * gradient, loss

    def normal(self) -> tuple[Tensor, Tensor, Tensor]:
        """Normal equations at the weights as they stand.

        Backward, point by point: there are many numbers, and few outputs.
        """
        slopes = vmap(jacrev(self._residual, has_aux=True), (None, 0, 0), chunk_size=ROWS)
        jacobian, rest = slopes(self.weights[0], self._x, self._y)
        jacobian = jacobian.flatten(0, 1) / len(rest) ** 0.5  # (row, n)
        rest = rest.flatten() / len(rest) ** 0.5
        parts = jacobian.mT @ jacobian, jacobian.mT @ rest, rest @ rest
        return tuple(part.detach().unsqueeze(0) for part in parts)  # type: ignore[return-value]

    def keep(self) -> None:
        """The weights become those of the network."""
        vector_to_parameters(self.weights[0], self._named.values())

    def _residual(self, weights: Tensor, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """At one point, `(out,)`; twice, as its slopes are wanted and itself."""
        pieces = weights.split([one.numel() for one in self._named.values()])
        own = {
            name: piece.view_as(one)
            for (name, one), piece in zip(self._named.items(), pieces, strict=True)
        }
        rest = functional_call(self._network, own, (x.unsqueeze(0),)).squeeze(0) - y
        return rest, rest


def refit(network: nn.Module, x: Tensor, y: Tensor, steps: int) -> None:
    """Trains a network in place on all points: by Levenberg-Marquardt, if large by L-BFGS."""
    objective = Residuals(network, x, y)
    if objective.weights.shape[1] > LARGEST:
        train(network, x, y, steps=PATIENCE * steps)
        return
    recipe = Optimizer(name="lm", evaluations=steps)
    search = LevenbergMarquardt(objective.weights, torch.ones(1), recipe)
    for _ in range(steps):
        search.step(objective)
        if search.idle():
            break
    search.finish()
    objective.keep()
