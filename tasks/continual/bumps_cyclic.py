"""Five bumps that come back: each is visited three times. Is a second time quicker than the first?

The bumps are those of `bumps_1d`, one to five and again. With `[order=1]`, or any other number,
each round of five has an order of its own, drawn from that number; the order is one of the task
and the same for all members, so that a row of errors means one thing.

Source: the bumps of Liu et al. 2024, arXiv:2404.19756, section 3.5; savings as in Ebbinghaus 1885,
"Memory", chapter 3.
"""

import torch
from torch import Generator

from kansci.continual import Piece, bells, continual, even, scale_of, window
from kansci.sampling import stream
from kansci.task import Task

DOMAIN = ((-1.0, 1.0),)
CENTRES = (-0.8, -0.4, 0.0, 0.4, 0.8)
ROUNDS = 3
NAME = "bumps_cyclic"


def visits(name: str, peaks: list[float], rounds: list[list[int]], **more: object) -> Task:
    truth = bells([[peak] for peak in peaks], rate=300)
    pieces = [
        Piece(f"bump at {centre:g}", window([centre], 0.2), truth, index)
        for index, centre in enumerate(CENTRES)
    ]
    return continual(
        name=name,
        version=1,
        pieces=[pieces[index] for one in rounds for index in one],
        domain=DOMAIN,
        scale=scale_of(truth, DOMAIN),
        points=100,
        asked=500,
        drawn=even,
        probes=NAME,
        source="the bumps of arXiv:2404.19756, section 3.5",
        about="sum of exp(-300 (x - c)^2) over five centres c, three visits to each window",
        **more,  # type: ignore[arg-type]
    )


def shuffled(generator: Generator) -> list[list[int]]:
    return [torch.randperm(len(CENTRES), generator=generator).tolist() for _ in range(ROUNDS)]


def tuning() -> Task:
    """Other centres in another order, from a seed of its own."""
    generator = stream(f"{NAME}/tuning")
    shift = 0.2 * torch.rand(len(CENTRES), generator=generator, dtype=torch.double) - 0.1
    peaks = [c + s for c, s in zip(CENTRES, shift.tolist(), strict=True)]
    return visits(f"{NAME}/tuning", peaks, shuffled(generator))


def vary(*, order: int = 0) -> Task:
    """0 is one to five; any other number draws the order of each round."""
    cyclic = [list(range(len(CENTRES)))] * ROUNDS
    rounds = shuffled(stream(f"{NAME}/order", order)) if order else cyclic
    return visits(NAME, list(CENTRES), rounds, tuning=tuning(), vary=vary)


task = vary()
