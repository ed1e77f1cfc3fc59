"""Rows of hidden nodes between two layers of edges, and how they become shorter."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn

from kansci.models.edges.narrow import narrowed
from kansci.models.edges.parts import edge_layers, parts, replaced
from kansci.models.layer import EdgeLayer
from kansci.models.multiply import Multiply


class Row(NamedTuple):
    """Nodes that the layer of that number takes, and that are free to go.

    They are the sums of the layer before, or some of those are factors of products.
    """

    number: int
    products: Multiply | None

    def sums(self, nodes: Tensor) -> Tensor:
        """What holds for nodes, said of the sums before them."""
        if self.products is None:
            return nodes
        plain = self.products.plain
        return torch.cat([nodes[:plain], nodes[plain:].repeat_interleave(2)])

    def nodes(self, sums: Tensor) -> Tensor:
        """The largest of the sums that a node is made of."""
        if self.products is None:
            return sums
        plain = self.products.plain
        return torch.cat([sums[:plain], sums[plain:].reshape(-1, 2).amax(1)])


def hidden_rows(network: nn.Module) -> list[Row]:
    """Of a network, but for those between which a normalisation or activation stands."""
    row = parts(network)
    places = [place for place, part in enumerate(row) if isinstance(part, EdgeLayer)]
    found = []
    for number, (before, after) in enumerate(pairwise(places), 1):
        between = row[before + 1 : after]
        if not between:
            found.append(Row(number, None))
        elif len(between) == 1 and isinstance(between[0], Multiply):
            found.append(Row(number, between[0]))
    return found


def smaller(network: nn.Module, row: Row, live: Tensor) -> nn.Module:
    """With only the nodes that live, if the layers on both sides can do without the others."""
    layers = edge_layers(network)
    before, after = layers[row.number - 1], layers[row.number]
    into = narrowed(before, list(range(before.dim_in)), _places(row.sums(live)))
    out = narrowed(after, _places(live), list(range(after.dim_out)))
    if into is None or out is None:
        return network
    network = replaced(replaced(network, before, into), after, out)
    if row.products is not None:
        plain = int(live[: row.products.plain].sum())
        products = Multiply(plain, int(live.sum()) - plain)
        network = replaced(network, row.products, products)
    return network


def _places(live: Tensor) -> list[int]:
    return live.nonzero().flatten().tolist()
