"""Sparse networks: a price on the size of activations and on their number.

Source: Liu et al. 2024, "KAN: Kolmogorov-Arnold Networks", arXiv:2404.19756, section 2.5.1,
equations 2.17 to 2.20.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from kansci.models.edges.parts import inner, parts
from kansci.models.layer import EdgeLayer, points_first, points_last

TINY = 1e-12  # an edge that is 0 has no logarithm


def sizes(layer: EdgeLayer, x: Tensor) -> Tensor:
    r"""$|\phi_{oi}|_1$, the mean absolute value of each edge on the points, `(out, in)`.

    Shape:
        x: `(point, in)`.
    """
    return _means(layer, layer.edges(points_last(x), 0)[0])


def penalty(
    network: nn.Module, x: Tensor, *, l1: float | Tensor = 1.0, entropy: float | Tensor = 2.0
) -> Tensor:
    r"""$\sum_l \mu_1 |\Phi_l|_1 + \mu_2 S(\Phi_l)$ of a network on points, a number to be added.

    $|\Phi|_1 = \sum_{oi} |\phi_{oi}|_1$ makes edges small, and the entropy of their shares,
    $S(\Phi) = -\sum_{oi} p_{oi} \log p_{oi}$ with $p_{oi} = |\phi_{oi}|_1 / |\Phi|_1$, few.

    Args:
        x: inputs in the network's own units, `(*, in)`.
        l1, entropy: $\mu_1$ and $\mu_2$.

    Raises:
        ValueError: for a network without edges.
    """
    total = x.new_zeros(())
    z = inner(network, x)
    for part in parts(network):
        if not isinstance(part, EdgeLayer):
            z = part(z)
            continue
        edges = part.edges(points_last(z), 0)[0]
        size = _means(part, edges)
        share = size / (size.sum() + TINY)
        total = total + l1 * size.sum() - entropy * (share * torch.log(share + TINY)).sum()
        y = part.summed(edges)  # not another call of the layer, which would compute them again
        z = points_first(y if part.bias is None else y + part.bias.unsqueeze(-1), z)
    return total


def _means(layer: EdgeLayer, edges: Tensor) -> Tensor:
    """Of absolute values over points, `(in, out, point)` to `(out, in)`."""
    mean = edges.abs().mean(-1).mT
    return mean if layer.kept is None else mean * layer.kept
