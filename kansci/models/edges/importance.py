r"""How much each edge and node has to do with the outputs.

Source: Liu et al. 2024, "KAN: Kolmogorov-Arnold Networks", arXiv:2404.19756, section 2.5.1 (mean
absolute values); Liu et al. 2024, "KAN 2.0", arXiv:2408.10205, section 4.1, "Identifying
important features from KANs" (scores that are handed back from the outputs), as pykan 0.2.8 has
them.
We differ: an output that does not vary hands nothing back, instead of a share over $10^{-4}$.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.func import jacrev

from kansci.models.edges.parts import fed, still
from kansci.models.edges.penalty import sizes
from kansci.models.layer import EdgeLayer, points_last
from kansci.models.multiply import Multiply

Back = Callable[[Any, Tensor], Tensor]
BACK: dict[type[nn.Module], Back] = {}
STILL = 1e-9  # of the values of a node: less deviation is rounding


class Importance(NamedTuple):
    """Of the edges of each layer and of the nodes between, from the inputs on.

    Attributes:
        sizes: mean absolute values of the edges, `(out, in)` each.
        edges: scores of the edges, `(out, in)` each.
        inputs: scores of the inputs of each layer, `(in,)` each.
        sums: scores of the outputs of each layer, `(out,)` each.
    """

    sizes: tuple[Tensor, ...]
    edges: tuple[Tensor, ...]
    inputs: tuple[Tensor, ...]
    sums: tuple[Tensor, ...]


def hands_back(*kinds: type[nn.Module]) -> Callable[[Back], Back]:
    """Registers how a part that is no layer of edges hands scores back, `(*, out)` to `(*, in)`."""

    def register(rule: Back) -> Back:
        BACK.update(dict.fromkeys(kinds, rule))
        return rule

    return register


@torch.no_grad()
def importance(network: nn.Module, data: Tensor | None = None) -> Importance:
    r"""Sizes and scores of all edges.

    The score of an output is 1. A node hands its score back to the edges that are summed in it,
    by their share of its standard deviation, and an edge to the node it comes from:

    $$B_{oi} = A_o \frac{\mathrm{std}\,\phi_{oi}}{\mathrm{std} \sum_i \phi_{oi}}, \qquad
      A_i = \sum_o B_{oi}.$$

    With several outputs it is the mean of the scores for each. A normalisation between layers,
    or a function of each node, hands scores back as they are; a product hands its own to each
    factor.

    Args:
        data: inputs in the network's own units, `(*, in)`; none: its domain, filled evenly.

    Raises:
        ValueError: for a network without edges, or with a part that scores cannot pass.
    """
    flow = fed(still(network), data)
    score = torch.eye(flow[-1].x.shape[-1], dtype=flow[-1].x.dtype)  # (output, node)
    found: list[tuple[Tensor, Tensor, Tensor, Tensor]] = []
    for part, x in reversed(flow):
        if not isinstance(part, EdgeLayer):
            score = handed_back(part, score, x)
            continue
        edges = part.edges(points_last(x), 0)[0].transpose(0, 1)  # (out, in, point)
        edges = edges if part.kept is None else edges * part.kept.unsqueeze(-1)
        node = deviation(edges.sum(1))
        share = deviation(edges) / torch.where(node > 0, node, torch.inf).unsqueeze(-1)
        each = score.unsqueeze(-1) * share  # (output, out, in)
        found.append((sizes(part, x), each.mean(0), each.sum(1).mean(0), score.mean(0)))
        score = each.sum(1)
    return Importance(*(tuple(reversed(one)) for one in zip(*found, strict=True)))


def deviation(values: Tensor) -> Tensor:
    """The standard deviation over points, `(*, point)`; 0 where it is rounding."""
    std = values.std(-1, correction=0)
    return torch.where(std > STILL * values.abs().amax(-1), std, 0.0)


def handed_back(part: nn.Module, score: Tensor, x: Tensor) -> Tensor:
    """Through a part that is no layer of edges."""
    for kind in type(part).__mro__:
        if kind in BACK:
            return BACK[kind](part, score)
    if _node_by_node(part, x[0]):
        return score
    known = ", ".join(kind.__name__ for kind in BACK)
    got = type(part).__name__
    raise ValueError(f"want {known} or a function of each node between layers, got {got}")


def _node_by_node(part: nn.Module, x: Tensor) -> bool:
    slopes = jacrev(lambda z: part(z.unsqueeze(0)).squeeze(0))(x)  # (out, in)
    return slopes.shape[0] == slopes.shape[1] and not (slopes - slopes.diag().diag()).any()


@hands_back(nn.Identity, nn.LayerNorm)
def _as_it_is(part: nn.Module, score: Tensor) -> Tensor:
    return score


@hands_back(Multiply)
def _to_each_factor(part: Multiply, score: Tensor) -> Tensor:
    products = score[..., part.plain :].repeat_interleave(2, -1)
    return torch.cat([score[..., : part.plain], products], -1)
