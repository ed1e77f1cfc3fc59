r"""Whether a network has more derivatives than it declares, decided on answers from short lines.

Whoever answers is a stranger's process, but which points it is asked about and what its answers
prove is decided here. On each of many short lines there are points at distances $h$, $h/2$ and
$h/4$ around the middle. Where a network has a derivative of order $k$, the central difference of
that order is $h^k$ times it, and shrinks by $2^k$ each time $h$ is halved. In pieces of polynomials
of lower degree it is rounding, and where a line crosses from piece to piece, or terms cancel,
differences shrink by chance: hardly ever twice by that.
"""

from __future__ import annotations

import secrets
from base64 import b64decode
from collections.abc import Callable
from math import comb

import torch
from safetensors.torch import load
from torch import Generator, Tensor, nn

from kansci.draws import Draws
from kansci.models import Model
from kansci.verification.reloading import written

LINES = 400  # at each distance
DISTANCES = tuple(0.2 / 4**place for place in range(8))  # of points, where the domain is [-1, 1]
HALVES = 3  # as often a line is asked about, each time at half the distance
NEAR = 0.15  # how far a difference may be from that of a derivative, relative
ABOVE = 1e3  # roundings of the largest answer on a line: smaller differences prove nothing
SHARE = 0.1  # of the lines; of the zoo's networks 0.04 at most; with the derivative, 0.47 at least
MOVED, FIRST = 0.05, 0.3  # of each weight's own size, as `kansci check` does; of one that is zero
AT_ONCE = 4_096  # points that a network is asked about

Ask = Callable[[Tensor], Tensor]


def share(ask: Ask, dim_in: int, order: int) -> float:
    """On which part of short lines there is a derivative of some order, at the best distance.

    Args:
        ask: answers of one network at points, `(point, in)` to `(point, out)`.

    Raises:
        ValueError: for answers that are no numbers, which could prove nothing.
    """
    draws = Generator().manual_seed(secrets.randbits(63))  # so that nobody is prepared for them
    shape = (len(DISTANCES), LINES, 1, dim_in)
    slope = torch.randn(shape, generator=draws, dtype=torch.double)
    slope = slope / slope.norm(dim=-1, keepdim=True)
    widths = torch.tensor(DISTANCES, dtype=torch.double).view(-1, 1, 1, 1)
    reach = 1 - widths * order / 2  # no line leaves the domain
    middle = reach * (2 * torch.rand(shape, generator=draws, dtype=torch.double) - 1)
    halves = 0.5 ** torch.arange(HALVES, dtype=torch.double).view(-1, 1)
    places = (halves * (torch.arange(order + 1, dtype=torch.double) - order / 2)).view(-1, 1)
    points = middle + widths * places * slope  # (distance, line, half and place, in)
    answers = ask(points.flatten(0, 2)).double()
    if answers.dim() != 2 or len(answers) != points[..., 0].numel() or not answers.isfinite().all():
        raise ValueError(f"want a finite answer at each point, got {tuple(answers.shape)}")
    weights = torch.rand(answers.shape[-1], generator=draws, dtype=torch.double) + 0.5
    values = (answers @ weights).view(len(DISTANCES), LINES, HALVES, order + 1)
    signs = [(-1) ** (order - place) * comb(order, place) for place in range(order + 1)]
    return _share(values @ torch.tensor(signs, dtype=torch.double), values, order)


def answers(model: Model, dim_in: int, dim_out: int, parameters: int, points: str) -> str:
    """In the stranger's process: what a network answers at `points`, each of them `written`.

    It is a little away from its start, so that no weight is zero by intention, and in float64
    where it can be: in float32 differences at the larger distances tell as much.
    """
    torch.set_num_threads(1)
    with Draws("start"):
        network = model.build(dim_in, dim_out, parameters).eval()
    with Draws("moved"), torch.no_grad():
        for weight in network.parameters():
            size = MOVED * weight.square().mean().sqrt() if weight.any() else FIRST
            weight += size * weight.requires_grad * torch.randn_like(weight)
    x = load(b64decode(points))["points"]
    with torch.no_grad():
        try:
            found = _asked(network.double(), x)
        except RuntimeError:  # a dtype that it names itself
            found = _asked(network.float(), x.float())
    return written({"answers": found})


def _asked(network: nn.Module, x: Tensor) -> Tensor:
    return torch.cat([network(some) for some in x.split(AT_ONCE)]).contiguous()


def _share(differences: Tensor, values: Tensor, order: int) -> float:
    """Of differences `(distance, line, half)`, those that shrink as they should."""
    largest = values.abs().amax((2, 3)).maximum(values.abs().median())  # one of all would hide all
    least = ABOVE * torch.finfo(torch.double).eps * largest.unsqueeze(-1)
    shrunk = differences[..., 1:] / differences[..., :-1] * 2.0**order
    proves = ((shrunk - 1).abs() < NEAR).all(-1) & (differences.abs() > least).all(-1)
    return proves.double().mean(1).max().item()
