"""Layers that have a grid, wherever they stand in a network, and what reaches them."""

from __future__ import annotations

from copy import deepcopy
from typing import NamedTuple, cast

import torch
from torch import Tensor, nn

import kansci.models.grids.bells
import kansci.models.grids.splines  # noqa: F401 - both say what the grids of their bases are
from kansci.bases import Basis, Beside
from kansci.models.grids.grid import GRIDS, Grid, find_grid
from kansci.models.kan import KANLayer
from kansci.models.layer import points_last
from kansci.models.published.scaled import ScaledSplines
from kansci.models.spline_mlp import SplineUnits

Layer = KANLayer | SplineUnits


class Part(NamedTuple):
    """A basis of a layer, or one of several side by side, and its grid, if it has one."""

    basis: Basis
    grid: Grid | None


def parts(layer: Layer) -> list[Part]:
    """In the order of their coefficients."""
    basis = layer.basis
    bases = list(basis.parts) if isinstance(basis, Beside) else [basis]
    return [Part(one, find_grid(one)) for one in cast(list[Basis], bases)]


def weights(layer: Layer) -> tuple[str, nn.Parameter]:
    """The name of the numbers that the functions of a basis are multiplied by, and these.

    They are `(*, in, size)`; where splines have a scale beside them, those of splines alone.
    """
    name = "splines" if isinstance(layer, ScaledSplines) else "coef"
    return name, cast(nn.Parameter, getattr(layer, name))


def local_layers(network: nn.Module) -> list[Layer]:
    """All that have a grid, in the order of the network's parts; none, if there are none."""
    layers = [part for part in network.modules() if isinstance(part, KANLayer | SplineUnits)]
    return [layer for layer in layers if any(part.grid for part in parts(layer))]


def wanted_layers(network: nn.Module) -> list[Layer]:
    """The same.

    Raises:
        ValueError: where there are none.
    """
    found = local_layers(network)
    if not found:
        inside = [part for part in network.modules() if isinstance(part, Basis)]
        has = sorted({type(part).__name__ for part in inside}) or ["no basis"]
        kinds = ", ".join(sorted(kind.__name__ for kind in GRIDS))
        raise ValueError(
            f"want a network or layer with a grid (of {kinds}), "
            f"got {type(network).__name__} with {', '.join(has)}"
        )
    return found


def exact(network: nn.Module) -> nn.Module:
    """A copy in float64 on the CPU, as it judges."""
    return deepcopy(network).cpu().double().eval()


@torch.no_grad()
def reaching(network: nn.Module, data: Tensor) -> list[Tensor]:
    """What the layers with a grid are fed, `(in, point)` each.

    Args:
        network: as `exact` makes it.
        data: inputs in the network's own units, `(*, in)`.

    Raises:
        ValueError: where there are no such layers, no data, or activations that are not finite.
    """
    layers = wanted_layers(network)
    met: list[list[Tensor]] = [[] for _ in layers]

    def listen(layer: Layer, found: list[Tensor]) -> torch.utils.hooks.RemovableHandle:
        return layer.register_forward_pre_hook(lambda _, x: found.append(points_last(x[0])))

    hooks = [listen(*pair) for pair in zip(layers, met, strict=True)]
    try:
        network(data.detach().cpu().double())
    finally:
        for hook in hooks:
            hook.remove()
    xs = [torch.cat(found, -1) if found else torch.empty(0, 0) for found in met]
    for x in xs:
        if not x.numel() or not x.isfinite().all():
            got = "none" if not x.numel() else f"{int((~x.isfinite()).sum())} that are not"
            raise ValueError(f"want finite activations of all layers with a grid, got {got}")
    return xs
