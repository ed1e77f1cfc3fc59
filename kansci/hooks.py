"""What a network may offer beside its outputs: methods of its own, all of them optional.

| method | who asks | otherwise |
|---|---|---|
| `regularisation()`, a scalar | recipes with `sparse`, for their strength | the price on edges |
| `refine(times)`, a module | recipes with `refine` | cells of kansci's grids are divided |
| `update_grid(x)`, a module | `update_grid` here | kansci's grids follow the data |
| `symbolic(inputs)`, expressions | `kansci.symbolic`, `kansci recover` | edges are named |

What a network has of kansci's own (`EdgeLayer`, grids) needs none of them.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import torch
from torch import Tensor, nn

from kansci.models.grids import divide, divided_count
from kansci.models.grids import update_grid as followed
from kansci.models.grids.layers import local_layers
from kansci.models.model import trainable
from kansci.models.units import Units, without_units


def offered(network: nn.Module, name: str) -> Callable[..., Any] | None:
    """A method of the author's network, if it has one of that name."""
    method = getattr(without_units(network), name, None)
    return method if callable(method) else None


def regularisation(network: nn.Module) -> Tensor | None:
    """The network's own price, a scalar to be added to a loss; `None`, if it has none.

    Raises:
        ValueError: for anything but one number.
    """
    method = offered(network, "regularisation")
    if method is None:
        return None
    price = method()
    if not isinstance(price, Tensor) or price.ndim != 0:
        got = tuple(price.shape) if isinstance(price, Tensor) else type(price).__name__
        raise ValueError(f"regularisation(): want a scalar tensor, got {got}")
    return price


def can_refine(network: nn.Module) -> bool:
    """Whether there is a grid to be made finer."""
    return offered(network, "refine") is not None or bool(local_layers(network))


def refined(network: nn.Module, times: int) -> nn.Module:
    """A copy with each cell of its grid divided, by the network's own `refine` if it has one.

    Raises:
        ValueError: where that answers with anything but a module.
    """
    if offered(network, "refine") is None:
        return divide(network, times).network
    return _changed(network, "refine", times)


def refined_count(network: nn.Module, times: int) -> int:
    """Trainable numbers of the network once it is refined."""
    if offered(network, "refine") is None:
        return divided_count(network, times)
    return trainable(_changed(network, "refine", times))


def update_grid(network: nn.Module, data: Tensor) -> nn.Module:
    """A copy whose grid follows the data, by the network's own `update_grid` if it has one.

    Args:
        data: inputs in the network's own units, `(*, in)`; the author's method is handed those
            that the author's network meets, `(point, in)` in [-1, 1].

    Raises:
        ValueError: for a network without a grid, or where a module is wanted and another answer is
            got.
    """
    if offered(network, "update_grid") is None:
        return followed(network, data).network
    x = data.reshape(-1, data.shape[-1])
    if isinstance(network, Units):
        x = ((x - network.centre) / network.half_width).to(x.dtype)
    return _changed(network, "update_grid", x)


@torch.no_grad()
def _changed(network: nn.Module, name: str, *what: object) -> nn.Module:
    """A copy, in which a method of the author's network has put another network."""
    copy = deepcopy(network)
    method = offered(copy, name)
    assert method is not None
    other = method(*what)
    if not isinstance(other, nn.Module):
        raise ValueError(f"{name}: want a module as its answer, got {type(other).__name__}")
    if not isinstance(copy, Units):
        return other
    copy.network = other
    return copy
