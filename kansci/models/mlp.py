"""Multilayer perceptrons: the strong baselines.

Source: the start follows LeCun et al. 1998, "Efficient BackProp", section 4.6, with the gain
measured on the activation (as He et al. 2015, arXiv:1502.01852, do for the ReLU).
We differ: biases of hidden units start spread over [-1, 1], so that units bend at different
places of the domain.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn


class MLP(nn.Sequential):
    """Linear layers with an activation between them.

    Hidden units start with unit variance and the outputs with 1/3, the variance of inputs that
    are uniform on [-1, 1].

    Shape:
        x: `(*, in)` to `(*, out)`.
    """

    def __init__(self, widths: Sequence[int], activation: Callable[[], nn.Module]) -> None:
        shapes = list(pairwise(widths))
        layers: list[nn.Module] = []
        for depth, (dim_in, dim_out) in enumerate(shapes):
            last = depth == len(shapes) - 1
            power = 1 / 3 if depth == 0 else mean_square(activation())
            layers.append(started(dim_in, dim_out, power=power, last=last))
            if not last:
                layers.append(activation())
        super().__init__(*layers)


def started(dim_in: int, dim_out: int, *, power: Tensor | float, last: bool) -> nn.Linear:
    """A linear layer of unit output variance (1/3, if last) for inputs of that mean square."""
    layer = nn.Linear(dim_in, dim_out)
    if layer.weight.is_meta:  # shapes alone: a builder that counts
        return layer
    with torch.no_grad():
        variance = (1 / 3 if last else 1.0) / (dim_in * power)
        layer.weight.copy_(torch.randn(dim_out, dim_in) * variance**0.5)
        layer.bias.copy_(torch.zeros(dim_out) if last else 2 * torch.rand(dim_out) - 1)
    return layer


def mean_square(activation: nn.Module) -> Tensor:
    """Of an activation whose input is normal with unit variance, by quadrature on [-6, 6]."""
    z = torch.linspace(-6, 6, 1001)
    if z.is_meta:
        return z.new_ones(())
    weight = torch.exp(-z.square() / 2)
    return (weight * activation(z).square()).sum() / weight.sum()
