"""One start for layers that are not of one basis: sized by what they do to [-1, 1].

Source: the idea of measuring a layer instead of reckoning with it is that of Mishkin and Matas
2016, "All you need is a good init", arXiv:1511.06422.
We differ: on the domain instead of data, so that a start depends on its seed alone.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from kansci.models.layer import EdgeLayer

POINTS = 64


@torch.no_grad()
def balance(layer: EdgeLayer, weight: nn.Parameter) -> None:
    """Scales edges to an output variance of 1/3 and lets the bias take their means away.

    Without the second, layer after layer of functions that are not odd would hand on more of a
    constant and less of the input.

    Args:
        layer: linear in `weight`, with a bias; its inputs are taken to be uniform on [-1, 1].
    """
    if weight.is_meta:  # shapes alone: a builder that counts
        return
    x = torch.linspace(-1, 1, POINTS).expand(layer.dim_in, -1)
    edges = layer.edges(x, 0)[0]  # (in, out, point)
    share = 1 / (3 * layer.dim_in)  # of each edge
    factor = (share / edges.var(-1).mean().clamp_min(1e-12)).sqrt()
    weight.mul_(factor)
    if layer.bias is not None:
        layer.bias.copy_(-factor * edges.mean(-1).sum(0))


def normal_power(function: Callable[[Tensor], Tensor], spread: float) -> float:
    """Mean square of a function of normal inputs, by quadrature to 6 standard deviations."""
    z = torch.linspace(-6, 6, 1001, dtype=torch.double)
    weight = torch.exp(-z.square() / 2)
    return ((weight * function(spread * z).square()).sum() / weight.sum()).item()
