"""Five Gaussian bumps in the plane: does locality in each input protect what was learned?

Bumps share rows and columns, so that the edges of an additive network leak from one to another.

Source: the two-dimensional form of Liu et al. 2024, arXiv:2404.19756, section 3.5, as users of
pykan asked for it (github.com/KindXiaoming/pykan, issue 227).
"""

import torch

from kansci.continual import Piece, bells, continual, scale_of, window
from kansci.sampling import stream
from kansci.task import Task

DOMAIN = ((-1.0, 1.0), (-1.0, 1.0))
CENTRES = ((-0.6, -0.6), (0.6, -0.6), (0.0, 0.0), (-0.6, 0.6), (0.6, 0.6))
WIDTH = 0.15

Point = tuple[float, float]


def bumps(name: str, windows: tuple[Point, ...], peaks: tuple[Point, ...], **more: Task) -> Task:
    """A task whose k-th stage is the k-th window, with a bump at the k-th peak."""
    truth = bells(peaks, rate=1 / (2 * WIDTH**2))
    return continual(
        name=name,
        version=1,
        pieces=[
            Piece(f"bump at ({centre[0]:g}, {centre[1]:g})", window(centre, 0.3), truth, index)
            for index, centre in enumerate(windows)
        ],
        domain=DOMAIN,
        scale=scale_of(truth, DOMAIN),
        points=400,
        asked=1_000,
        probes="bumps_2d",
        source="arXiv:2404.19756, section 3.5; pykan issue 227",
        about="sum of exp(-|x - c|^2 / (2 0.15^2)) over five centres c, one window a stage",
        **more,
    )


def tuning() -> Task:
    """Other centres in another order, from a seed of its own."""
    generator = stream("bumps_2d/tuning")
    order = torch.randperm(len(CENTRES), generator=generator).tolist()
    shift = 0.2 * torch.rand(len(CENTRES), 2, generator=generator, dtype=torch.double) - 0.1
    windows = tuple(CENTRES[i] for i in order)
    peaks = tuple((w[0] + s[0], w[1] + s[1]) for w, s in zip(windows, shift.tolist(), strict=True))
    return bumps("bumps_2d/tuning", windows, peaks)


task = bumps("bumps_2d", CENTRES, CENTRES, tuning=tuning())
