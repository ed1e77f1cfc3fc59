"""ReLU-KAN's demonstration: five bumps side by side, a thousand even points on each.

On a window of centre c the target is the bump of that window alone, z = 10 (x - c) in [-1, 1).

Source: Qiu et al. 2024, "ReLU-KAN", arXiv:2406.02075, and the demonstration in its authors' code,
which has the height of the bumps, 0.9974, and 5 000 points i/5000.
We differ: the network is judged on points of its own, between those it learned.
"""

import math

import torch
from torch import Generator, Tensor

from kansci.continual import Box, Piece, continual, moved, scale_of
from kansci.sampling import stream
from kansci.task import Task

DOMAIN = ((0.0, 1.0),)
CENTRES = (0.1, 0.3, 0.5, 0.7, 0.9)
HEIGHT = 1 / (math.sqrt(2 * math.pi) * 5 * 0.08)


def from_the_left(generator: Generator, points: int, box: Box) -> Tensor:
    """Even points, the left end among them and the right one not."""
    ((low, high),) = box
    return (low + (high - low) * torch.arange(points, dtype=torch.double) / points).unsqueeze(-1)


def bumps(name: str, order: list[int], peaks: tuple[float, ...], **more: Task) -> Task:
    def truth(x: Tensor) -> Tensor:
        number = (5 * x).long().clamp(0, 4)  # of the window that a point lies in
        z = 10 * (x - torch.tensor(peaks, dtype=x.dtype)[number])
        return HEIGHT * torch.exp(-12.5 * z.square())

    boxes = [((0.2 * i, 0.2 * (i + 1)),) for i in range(5)]
    return continual(
        name=name,
        version=1,
        pieces=[Piece(f"bump at {CENTRES[i]:g}", boxes[i], truth, i) for i in order],
        domain=DOMAIN,
        scale=scale_of(truth, DOMAIN),
        points=1_000,
        asked=1_000,
        drawn=from_the_left,
        probes="bumps_relukan",
        source="arXiv:2406.02075, and its authors' code",
        about="0.9974 exp(-1250 (x - c)^2) on five windows with centres c, one a stage",
        **more,
    )


def tuning() -> Task:
    """Other centres in another order, from a seed of its own."""
    generator = stream("bumps_relukan/tuning")
    order = torch.randperm(len(CENTRES), generator=generator).tolist()
    return bumps("bumps_relukan/tuning", order, tuple(moved(CENTRES, 0.05, generator)))


task = bumps("bumps_relukan", list(range(5)), CENTRES, tuning=tuning())
