"""Five Gaussian bumps, learned one after another: what is left of the first?

Source: Liu et al. 2024, "KAN: Kolmogorov-Arnold Networks", arXiv:2404.19756, section 3.5, and
tutorial 8 of pykan: a hundred even points on each window, the same for every seed.
We differ: the network is judged on points of its own, between those it learned.
"""

import torch

from kansci.continual import Piece, bells, continual, even, moved, scale_of, window
from kansci.sampling import stream
from kansci.task import Task

DOMAIN = ((-1.0, 1.0),)
CENTRES = (-0.8, -0.4, 0.0, 0.4, 0.8)


def bumps(name: str, windows: tuple[float, ...], peaks: tuple[float, ...], **more: Task) -> Task:
    """A task whose k-th stage is the k-th window, with a bump at the k-th peak."""
    truth = bells([[peak] for peak in peaks], rate=300)
    return continual(
        name=name,
        version=1,
        pieces=[
            Piece(f"bump at {centre:g}", window([centre], 0.2), truth, round(10 * centre))
            for centre in windows
        ],
        domain=DOMAIN,
        scale=scale_of(truth, DOMAIN),
        points=100,
        asked=500,
        drawn=even,
        probes="bumps_1d",
        source="arXiv:2404.19756, section 3.5",
        about="sum of exp(-300 (x - c)^2) over five centres c, one window a stage",
        **more,
    )


def tuning() -> Task:
    """Other centres in another order, from a seed of its own."""
    generator = stream("bumps_1d/tuning")
    order = torch.randperm(len(CENTRES), generator=generator).tolist()
    windows = tuple(CENTRES[i] for i in order)
    return bumps("bumps_1d/tuning", windows, tuple(moved(windows, 0.1, generator)))


task = bumps("bumps_1d", CENTRES, CENTRES, tuning=tuning())
