"""Weights of many networks: stacked by name, `(member, ...)`, or in rows, `(member, n)`.

A weight that networks share under two names is stacked once.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

Weights = dict[str, Tensor]


def named(network: nn.Module) -> Weights:
    """Weights and buffers; one that is shared has its first name alone."""
    return dict(network.named_parameters()) | dict(network.named_buffers())


def refuse_complex(network: nn.Module) -> None:
    """Raises a ValueError for complex numbers, of which training would keep the real part."""
    if any(tensor.is_complex() for tensor in named(network).values()):
        raise ValueError("want real numbers, got complex ones: keep both parts as real tensors")


def first_names(network: nn.Module) -> dict[str, str]:
    """For every name of a weight or buffer the first that it has: on meta, sharing is lost."""
    first = {id(tensor): name for name, tensor in named(network).items()}
    every = dict(network.named_parameters(remove_duplicate=False))
    every |= dict(network.named_buffers(remove_duplicate=False))
    return {name: first[id(tensor)] for name, tensor in every.items()}


def stacked(networks: Sequence[nn.Module], device: torch.device) -> tuple[Weights, Weights]:
    """Trainable weights, and all that is not trained, each with a leading `member` dimension."""
    trained: Weights = {}
    fixed: Weights = {}
    every = [named(network) for network in networks]
    for name, tensor in every[0].items():
        stack = torch.stack([tensors[name].detach() for tensors in every]).to(device)
        (trained if tensor.requires_grad else fixed)[name] = stack
    return trained, fixed


def taken(weights: Weights, own: slice) -> Weights:
    """What some members have, `(member, ...)` by name."""
    return {name: tensor[own] for name, tensor in weights.items()}


class Rows:
    """How weights lie side by side in rows.

    Args:
        weights: of the names, order and shapes that are meant, `(member, ...)` each.
    """

    def __init__(self, weights: Weights) -> None:
        self._shapes = {name: tensor.shape[1:] for name, tensor in weights.items()}
        self._sizes = [shape.numel() for shape in self._shapes.values()]

    def join(self, weights: Weights) -> Tensor:
        """`(member, ...)` each to `(member, n)`; a single number has no dimension of its own."""
        return torch.cat(
            [weights[name].reshape(len(weights[name]), -1) for name in self._shapes], 1
        )

    def views(self, flat: Tensor) -> Weights:
        """`(member, n)` to `(member, ...)` each, or `(n,)` to `(...)`, in the memory of `flat`."""
        parts = flat.split(self._sizes, flat.dim() - 1)
        return {
            name: part.view(flat.shape[:-1] + shape)
            for part, (name, shape) in zip(parts, self._shapes.items(), strict=True)
        }
