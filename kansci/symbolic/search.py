"""From a trained network to a formula: a function for every edge, by what all data say.

Source: Liu et al. 2024, "KAN: Kolmogorov-Arnold Networks", arXiv:2404.19756, section 2.5.1
(symbolification).
We differ: the surest edge is locked first and the rest trained on before the next is judged; in
the end every edge is tried with other functions, all numbers refitted each time, and what
describes the data in fewer bits stays.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from copy import deepcopy
from typing import NamedTuple

import torch
from torch import Tensor, nn

from kansci.models.edges.importance import importance
from kansci.models.edges.parts import edge_layers, fed, replaced
from kansci.models.layer import EdgeLayer, points_last
from kansci.symbolic.fitting import Fit, fits_of_each
from kansci.symbolic.layer import Locking, SymbolicLayer
from kansci.symbolic.library import FUNCTIONS, LIBRARY
from kansci.symbolic.refit import refit

EXACT = 1e-14  # unexplained share of the outputs' variance that is rounding
IDLE = 1e-3  # score of an edge that is there for nothing
WORTH = 0.5  # bits that another function must save
SHARE = 4  # of the edges that are left, one in so many is locked at a time


class Place(NamedTuple):
    """Where an edge is."""

    layer: int
    out: int
    into: int


class Plan(NamedTuple):
    """What the search is told, and whom it tells how far it is."""

    x: Tensor
    y: Tensor
    names: Sequence[str]
    price: float
    steps: int
    say: Callable[[str], None]


def symbolic(
    network: nn.Module,
    x: Tensor,
    y: Tensor | None = None,
    *,
    names: Sequence[str] = LIBRARY,
    price: float = 1.0,
    tries: int = 3,
    steps: int = 30,
    progress: Callable[[str], None] | None = None,
) -> nn.Module:
    r"""A copy of a pruned network whose edges are functions with names, all numbers refitted.

    A network is judged by $\log_2$ of the share of variance it does not explain, and `price` for
    each unit of complexity of its functions, in bits.

    Args:
        x: inputs in the network's own units, `(point, in)`.
        y: targets, `(point, out)`; none: what the network itself says.
        names: functions that may be used; `kansci.symbolic.LIBRARY` are all.
        tries: other functions that each edge is tried with in the end.
        steps: of Levenberg-Marquardt in each refit.
        progress: is told in a line how far the search is, again and again; `print`, for instance.

    Raises:
        ValueError: for a network without edges, or for fewer than two names.
    """
    if len(names) < 2:
        raise ValueError(f"want two functions or more to choose from, got {list(names)}")
    work = deepcopy(network).double().eval()
    x = x.reshape(-1, x.shape[-1]).double()
    with torch.no_grad():
        target = work(x) if y is None else y.reshape(-1, y.shape[-1]).double()
    plan = Plan(x, target, names, price, steps, progress or (lambda line: None))
    for layer in edge_layers(work):
        work = replaced(work, layer, Locking(layer))
    edges = len(open_places(work))
    while places := open_places(work):
        judged = [(fits[0], place) for place, fits in judge(work, places, plan).items()]
        judged.sort(key=lambda pair: pair[0].unexplained)
        for fit, place in judged[: math.ceil(len(judged) / SHARE)]:
            locking(work)[place.layer].lock(place.out, place.into, fit)
        refit(work, x, target, steps)
        plan.say(f"named {edges - len(open_places(work))} of {edges} edges")
    for layer in locking(work):
        work = replaced(work, layer, layer.done())
    return without_idle(improved(without_idle(work, plan), plan, tries), plan)


def without_idle(network: nn.Module, plan: Plan) -> nn.Module:
    """Without the edges that do nothing, if that saves bits."""
    other = deepcopy(network)
    scores = importance(other, plan.x).edges
    idle = [place for place in named_places(other) if scores[place.layer][place[1:]] < IDLE]
    for place, (_, value) in zip(idle, seen(other, idle, plan), strict=True):
        rest = Fit("0", (1.0, 0.0, 0.0, float(value.mean())), 1.0)
        layer_at(other, place).name(place.out, place.into, rest)
    if not idle:
        return network
    refit(other, plan.x, plan.y, plan.steps)
    return other if cost(other, plan) < cost(network, plan) else network


def improved(network: nn.Module, plan: Plan, tries: int) -> nn.Module:
    """With other functions on its edges, as long as that saves bits."""
    best = cost(network, plan)
    again = True
    while again:
        again = False
        places = named_places(network)
        judged: dict[Place, list[Fit]] = {}
        for number, place in enumerate(places):
            if unexplained(network, plan) <= EXACT:
                return network
            if place not in judged:  # all that are left, at the network as it stands
                judged = judge(network, places[number:], plan)
            for fit in judged[place][:tries]:
                other = deepcopy(network)
                layer_at(other, place).name(place.out, place.into, fit)
                refit(other, plan.x, plan.y, plan.steps)
                if (bits := cost(other, plan)) < best - WORTH:
                    network, best, again, judged = other, bits, True, {}
            plan.say(f"tried others on {number + 1} of {len(places)} edges: {best:.1f} bits")
    return network


def judge(network: nn.Module, places: list[Place], plan: Plan) -> dict[Place, list[Fit]]:
    """The functions that edges could be, the best first, but for those they are."""
    x, y = (torch.stack(rows) for rows in zip(*seen(network, places, plan), strict=True))
    every = fits_of_each(x, y, plan.names, price=plan.price)
    found = {}
    for place, fits in zip(places, every, strict=True):
        layer = edge_layers(network)[place.layer]
        now = layer.names[place.out][place.into] if isinstance(layer, SymbolicLayer) else None
        found[place] = [fit for fit in fits if fit.name != now]
    return found


@torch.no_grad()
def seen(network: nn.Module, places: list[Place], plan: Plan) -> list[tuple[Tensor, Tensor]]:
    """What edges are fed and what they give, `(point,)` each."""
    layers = [(part, z) for part, z in fed(network, plan.x) if isinstance(part, EdgeLayer)]
    edges = [layer.edges(points_last(z), 0)[0] for layer, z in layers]  # (in, out, point)
    return [
        (layers[place.layer][1][:, place.into], edges[place.layer][place.into, place.out])
        for place in places
    ]


@torch.no_grad()
def unexplained(network: nn.Module, plan: Plan) -> float:
    """Of the outputs' variance, the share that the network leaves."""
    rest = (network(plan.x) - plan.y).square().mean()
    share = float(rest / (plan.y - plan.y.mean(0)).square().mean())
    return share if math.isfinite(share) else math.inf


def cost(network: nn.Module, plan: Plan) -> float:
    """In bits: of what is unexplained, and of all functions."""
    words = sum(
        FUNCTIONS[layer_at(network, place).names[place.out][place.into]].complexity
        for place in named_places(network)
    )
    return math.log2(unexplained(network, plan) + EXACT) + plan.price * words


def locking(network: nn.Module) -> list[Locking]:
    return [layer for layer in edge_layers(network) if isinstance(layer, Locking)]


def open_places(network: nn.Module) -> list[Place]:
    """Edges that count and have no name yet."""
    return [
        Place(number, *where)
        for number, layer in enumerate(locking(network))
        for where in layer.open.nonzero().tolist()
    ]


def layer_at(network: nn.Module, place: Place) -> SymbolicLayer:
    layer = edge_layers(network)[place.layer]
    assert isinstance(layer, SymbolicLayer)
    return layer


def named_places(network: nn.Module) -> list[Place]:
    """Edges that are more than 0."""
    return [
        Place(number, out, into)
        for number, layer in enumerate(edge_layers(network))
        if isinstance(layer, SymbolicLayer)
        for out, row in enumerate(layer.names)
        for into, name in enumerate(row)
        if name != "0"
    ]
