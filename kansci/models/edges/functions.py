"""The functions on edges, as curves."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from kansci.models.edges.parts import fed, still
from kansci.models.layer import EdgeLayer

POINTS = 101
LEAST = 1e-6  # width of the range of an input that does not vary


class Curves(NamedTuple):
    """Edges of a layer on what their inputs range over.

    Attributes:
        x: `(in, point)`, evenly from the least to the greatest value of each input.
        y: `(in, out, point)`; 0 for edges that are switched off.
    """

    x: Tensor
    y: Tensor


@torch.no_grad()
def edge_functions(
    network: nn.Module, layer: int, data: Tensor | None = None, *, points: int = POINTS
) -> Curves:
    """The functions on the edges of a layer, over what reaches it.

    What is shown is each edge alone. Inputs are those that the layer meets: of the first, they
    are in [-1, 1] where the network maps a task's domain there; of another they are what came
    before, behind a normalisation or products, if there are any. Biases belong to no edge.

    Args:
        layer: number of the layer, from 0; -1 is the last.
        data: inputs in the network's own units, `(*, in)`; none: its domain, filled evenly.

    Raises:
        ValueError: for a network without edges.
        IndexError: for a layer that is not there.
    """
    found = [(part, z) for part, z in fed(still(network), data) if isinstance(part, EdgeLayer)]
    if not -len(found) <= layer < len(found):
        raise IndexError(f"want a layer out of 0 to {len(found) - 1}, got {layer}")
    part, z = found[layer]
    low, high = z.amin(0), z.amax(0)
    high = torch.maximum(high, low + LEAST)
    share = torch.linspace(0, 1, points, dtype=z.dtype, device=z.device)
    x = low.unsqueeze(1) + (high - low).unsqueeze(1) * share  # (in, point)
    y = part.edges(x, 0)[0]
    return Curves(x, y if part.kept is None else y * part.kept.mT.unsqueeze(-1))
