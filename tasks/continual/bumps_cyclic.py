"""Five bumps that come back: each is visited three times. Is a second time quicker than the first?

The bumps are those of `bumps_1d`, one to five and again. With `[order=1]`, or any other number,
each round has an order of its own, drawn from that number and the same for all members.

Source: the bumps of Liu et al. 2024, arXiv:2404.19756, section 3.5; savings as in Ebbinghaus 1885,
"Memory", chapter 3.
"""

import torch
from torch import Generator

from kansci.continual import Piece, bells, continual, even, moved, scale_of, window
from kansci.sampling import stream
from kansci.task import Task

DOMAIN = ((-1.0, 1.0),)
CENTRES = (-0.8, -0.4, 0.0, 0.4, 0.8)
ROUNDS = 3
NAME = "bumps_cyclic"


def visits(name: str, peaks: list[float], rounds: list[list[int]], **more: object) -> Task:
    truth = bells([[peak] for peak in peaks], rate=300)
    names = [f"bump at {centre:g}" for centre in CENTRES]
    pieces = [Piece(names[i], window([c], 0.2), truth, i) for i, c in enumerate(CENTRES)]
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
    return visits(f"{NAME}/tuning", moved(CENTRES, 0.1, generator), shuffled(generator))


def vary(*, order: int = 0) -> Task:
    """0 is one to five; any other number draws the order of each round."""
    cyclic = [list(range(len(CENTRES)))] * ROUNDS
    rounds = shuffled(stream(f"{NAME}/order", order)) if order else cyclic
    return visits(NAME, list(CENTRES), rounds, tuning=tuning(), vary=vary)


task = vary()
