"""A plain loop for networks on arrays, until they are sparse or exact.

A benchmark's trainings are those of recipes; this is for looking at one network.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from kansci.models.edges.penalty import penalty


def train(
    network: nn.Module,
    x: Tensor,
    y: Tensor,
    *,
    steps: int = 200,
    sparse: float = 0.0,
    l1: float = 1.0,
    entropy: float = 2.0,
) -> float:
    r"""Trains a network in place by L-BFGS on all points; gives its root mean square error.

    The loss is $\mathrm{mean}(r^2) + \lambda \sum_l (\mu_1 |\Phi_l|_1 + \mu_2 S(\Phi_l))$.

    Args:
        x: inputs in the network's own units, `(point, in)`.
        y: targets, `(point, out)`.
        steps: iterations at most.
        sparse: $\lambda$, the weight of the `penalty`.
        l1, entropy: $\mu_1$ and $\mu_2$ in it.
    """
    weights = [weight for weight in network.parameters() if weight.requires_grad]
    x, y = x.to(weights[0]), y.to(weights[0])
    search = torch.optim.LBFGS(
        weights,
        max_iter=steps,
        history_size=50,
        tolerance_grad=1e-12,
        tolerance_change=1e-15,
        line_search_fn="strong_wolfe",
    )

    def loss() -> Tensor:
        search.zero_grad()
        value = (network(x) - y).square().mean()
        if sparse:
            value = value + sparse * penalty(network, x, l1=l1, entropy=entropy)
        value.backward()
        return value

    search.step(loss)
    with torch.no_grad():
        return float((network(x) - y).square().mean().sqrt())
