"""A network as a row of parts, and what each of them is fed."""

from __future__ import annotations

from copy import deepcopy
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.quasirandom import SobolEngine

from kansci.models.layer import EdgeLayer
from kansci.models.units import Units

POINTS = 1_024  # drawn from the domain, where no data are given


class Fed(NamedTuple):
    """A part of a network and its inputs, `(point, in)`."""

    part: nn.Module
    x: Tensor


def parts(network: nn.Module) -> list[nn.Module]:
    """What a network does one after another, whatever its folds; units and nothing stand aside."""
    if isinstance(network, Units):
        return parts(network.network)
    if isinstance(network, nn.Identity | nn.Dropout):
        return []
    # What walks its own way through its parts is one part.
    if isinstance(network, nn.Sequential) and type(network).forward is nn.Sequential.forward:
        return [part for fold in network for part in parts(fold)]
    return [network]


def has_edges(network: nn.Module) -> bool:
    """Whether some of its layers are functions on edges."""
    return any(isinstance(part, EdgeLayer) for part in parts(network))


def edge_layers(network: nn.Module) -> list[EdgeLayer]:
    """The layers whose edges can be looked at, from the inputs on.

    Raises:
        ValueError: where there are none: a perceptron, or a network that is no row of parts.
    """
    found = parts(network)
    layers = [part for part in found if isinstance(part, EdgeLayer)]
    if not layers:
        kinds = ", ".join(type(part).__name__ for part in found) or type(network).__name__
        raise ValueError(f"want a network with learned functions on edges, got one of {kinds}")
    return layers


def fed(network: nn.Module, data: Tensor | None = None) -> list[Fed]:
    """Every part with what reaches it, then the outputs with an `Identity`; in [-1, 1] units.

    Args:
        data: inputs in the network's own units, `(*, in)`; none: its domain, filled evenly.
    """
    x = inner(network, data)
    found = []
    for part in parts(network):
        found.append(Fed(part, x))
        x = part(x)
    return [*found, Fed(nn.Identity(), x)]


def inner(network: nn.Module, data: Tensor | None = None) -> Tensor:
    """Inputs as the first part meets them, `(point, in)`."""
    first = edge_layers(network)[0]
    like = next(first.parameters())
    if data is None:
        dims = len(network.centre) if isinstance(network, Units) else first.dim_in
        data = 2 * SobolEngine(dims).draw(POINTS + 1, dtype=torch.double)[1:] - 1
        return data.to(like.device, like.dtype)
    x = data.reshape(-1, data.shape[-1]).to(like.device, like.dtype)
    if isinstance(network, Units):
        x = ((x - network.centre) / network.half_width).to(like.dtype)
    return x


def still(network: nn.Module) -> nn.Module:
    """A network as it judges: looking at it must not move what it learns from batches."""
    return deepcopy(network).eval() if network.training else network


def replaced(network: nn.Module, old: nn.Module, new: nn.Module) -> nn.Module:
    """The network with a part in the place of another."""
    for home in list(network.modules()):  # before the new part, which may hold the old one
        for name, child in home.named_children():
            if child is old:
                setattr(home, name, new)
    return new if network is old else network
