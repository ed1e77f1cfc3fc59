"""Five Gaussian bumps in the plane: does locality in each input protect what was learned?

Bumps share rows and columns, so that the edges of an additive network leak from one to another.

Source: the two-dimensional form of Liu et al. 2024, arXiv:2404.19756, section 3.5, as users of
pykan asked for it (github.com/KindXiaoming/pykan, issue 227).
"""

import torch
from torch import Generator, Tensor

from kansci.losses import squared_error
from kansci.sampling import stream, uniform
from kansci.task import Batch, Probe, Scale, Split, Stage, Task

DOMAIN = ((-1.0, 1.0), (-1.0, 1.0))
CENTRES = ((-0.6, -0.6), (0.6, -0.6), (0.0, 0.0), (-0.6, 0.6), (0.6, 0.6))
HALF, WIDTH = 0.3, 0.15
EVERYWHERE = torch.cartesian_prod(*[torch.linspace(-1, 1, 401, dtype=torch.double)] * 2)

Point = tuple[float, float]


def bumps_at(name: str, windows: tuple[Point, ...], peaks: tuple[Point, ...]) -> Task:
    """A task whose k-th stage is the k-th window, with a bump at the k-th peak."""

    def bumps(x: Tensor) -> Tensor:
        """Sum of all bumps, `(point, 2)` to `(point, 1)`."""
        away = x.unsqueeze(-2) - torch.tensor(peaks, dtype=torch.double)  # (point, bump, 2)
        return torch.exp(-away.square().sum(-1) / (2 * WIDTH**2)).sum(-1, keepdim=True)

    values = bumps(EVERYWHERE)
    scale = Scale(values.mean().item(), values.std().item())

    def square(centre: Point) -> tuple[tuple[float, float], ...]:
        return tuple((c - HALF, c + HALF) for c in centre)

    def stage(centre: Point) -> Stage:
        def sample(generator: Generator, points: int) -> Batch:
            x = uniform(generator, points, square(centre))
            return x, bumps(x)

        label = f"bump at ({centre[0]:g}, {centre[1]:g})"
        return Stage(label, sample, squared_error(scale), points=400)

    def probe(index: int, centre: Point, split: Split) -> Probe:
        x = uniform(stream(f"bumps_2d/{split}", index), 1_000, square(centre))
        return Probe(f"bump at ({centre[0]:g}, {centre[1]:g})", x, bumps(x), split)

    return Task(
        name=name,
        version=1,
        family="continual",
        domain=DOMAIN,
        dim_out=1,
        stages=tuple(map(stage, windows)),
        probes=tuple(
            probe(index, centre, split)
            for split in ("validation", "test")
            for index, centre in enumerate(windows)
        ),
        source="arXiv:2404.19756, section 3.5; pykan issue 227",
        scale=scale,
        about="sum of exp(-|x - c|^2 / (2 0.15^2)) over five centres c, one window a stage",
        tuning=None if name.endswith("tuning") else tuning(),
    )


def tuning() -> Task:
    """Other centres in another order, from a seed of its own."""
    generator = stream("bumps_2d/tuning")
    order = torch.randperm(len(CENTRES), generator=generator).tolist()
    shift = 0.2 * torch.rand(len(CENTRES), 2, generator=generator, dtype=torch.double) - 0.1
    windows = tuple(CENTRES[i] for i in order)
    peaks = tuple((w[0] + s[0], w[1] + s[1]) for w, s in zip(windows, shift.tolist(), strict=True))
    return bumps_at("bumps_2d/tuning", windows, peaks)


task = bumps_at("bumps_2d", CENTRES, CENTRES)
