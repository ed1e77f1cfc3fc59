"""Networks without the edges, nodes and inputs that have nothing to do with the outputs.

Source: Liu et al. 2024, "KAN: Kolmogorov-Arnold Networks", arXiv:2404.19756, section 2.5.1,
equation 2.21 (nodes); the scores of edges and the thresholds are those of pykan 0.2.8.
We differ: what a pruned edge adds on average stays, as a bias.
"""

from __future__ import annotations

from copy import deepcopy

import torch
from torch import Tensor, nn

from kansci.models.edges.importance import importance
from kansci.models.edges.parts import edge_layers, fed, still
from kansci.models.edges.rows import Row, hidden_rows, smaller
from kansci.models.layer import EdgeLayer, points_last

Masks = list[Tensor]  # of the edges of each layer, `(out, in)` of booleans


@torch.no_grad()
def prune(
    network: nn.Module,
    data: Tensor | None = None,
    *,
    edge: float = 3e-2,
    node: float = 1e-2,
    inputs: float = 0.0,
) -> nn.Module:
    r"""A copy without unimportant edges and nodes; it wants to be trained on.

    An edge goes where its score is at most `edge`; an input loses its edges where its score is
    at most `inputs`; a hidden node goes where $\max_i |\phi_{oi}|_1$ over what comes in, or the
    same over what goes out, is at most `node`, or where no edge is left on one of its sides.

    Layers become smaller, where at most products stand between them and their numbers can be
    parted; elsewhere edges are switched off. A network takes all its inputs still.

    Args:
        data: inputs in the network's own units, `(*, in)`; none: its domain, filled evenly.

    Raises:
        ValueError: for a network without edges, or one of which no edge would be left.
    """
    found = importance(network, data)
    masks = [score > edge for score in found.edges]
    masks[0] &= found.inputs[0] > inputs
    rows = hidden_rows(network)
    for row in rows:
        before = row.nodes(found.sizes[row.number - 1].amax(1))
        let_go(masks, row, (before > node) & (found.sizes[row.number].amax(0) > node))
    settle(masks, rows)
    if not all(mask.any() for mask in masks):
        raise ValueError(f"want an edge to be left in every layer, got none: {edge=}, {node=}")
    copy = deepcopy(network)
    xs = [x for part, x in fed(still(network), data) if isinstance(part, EdgeLayer)]
    for layer, x, mask in zip(edge_layers(copy), xs, masks, strict=True):
        switch_off(layer, x, mask)
    for number in range(len(rows)):
        row = hidden_rows(copy)[number]
        copy = smaller(copy, row, masks[row.number].any(0))
    return copy


def let_go(masks: Masks, row: Row, live: Tensor) -> None:
    """The edges into and out of nodes that do not live."""
    masks[row.number - 1] &= row.sums(live).unsqueeze(1)
    masks[row.number] &= live


def settle(masks: Masks, rows: list[Row]) -> None:
    """Nodes that nothing enters, or nothing leaves, go, until all that are left have both."""
    before = -1
    while before != (before := sum(int(mask.sum()) for mask in masks)):
        for row in rows:
            entered = row.nodes(masks[row.number - 1].any(1).double()) > 0
            let_go(masks, row, entered & masks[row.number].any(0))


def switch_off(layer: EdgeLayer, x: Tensor, mask: Tensor) -> None:
    """All edges but those of the mask; a bias takes over their means on the points."""
    edges = layer.edges(points_last(x), 0)[0].transpose(0, 1)  # (out, in, point)
    gone = ~mask if layer.kept is None else ~mask & (layer.kept > 0)
    lost = (edges.mean(-1) * gone).sum(1)  # (out,)
    if lost.any():
        layer.bias = nn.Parameter(lost if layer.bias is None else layer.bias + lost)
    if not mask.all():
        layer.keep(mask)
