"""Five Gaussian bumps, learned one after another: what is left of the first?

Source: Liu et al. 2024, "KAN: Kolmogorov-Arnold Networks", arXiv:2404.19756, section 3.5, and
tutorial 8 of pykan: a hundred even points on each window, the same for every seed.
We differ: the network is judged on points of its own, between those it learned.
"""

import torch
from torch import Generator, Tensor

from kansci.losses import squared_error
from kansci.sampling import stream, uniform
from kansci.task import Batch, Probe, Scale, Split, Stage, Task

DOMAIN = ((-1.0, 1.0),)
CENTRES = (-0.8, -0.4, 0.0, 0.4, 0.8)
HALF = 0.2
EVERYWHERE = torch.linspace(-1, 1, 20_001, dtype=torch.double).unsqueeze(-1)


def bumps_at(name: str, windows: tuple[float, ...], peaks: tuple[float, ...]) -> Task:
    """A task whose k-th stage is the k-th window, with a bump at the k-th peak."""

    def bumps(x: Tensor) -> Tensor:
        """Sum of all bumps, `(point, 1)` to `(point, 1)`."""
        away = x - torch.tensor(peaks, dtype=torch.double)  # (point, bump)
        return torch.exp(-300 * away.square()).sum(-1, keepdim=True)

    values = bumps(EVERYWHERE)
    scale = Scale(values.mean().item(), values.std().item())

    def stage(centre: float) -> Stage:
        def sample(generator: Generator, points: int) -> Batch:
            x = torch.linspace(centre - HALF, centre + HALF, points, dtype=torch.double)
            return x.unsqueeze(-1), bumps(x.unsqueeze(-1))

        return Stage(f"bump at {centre:g}", sample, squared_error(scale), points=100)

    def probe(centre: float, split: Split) -> Probe:
        window = ((centre - HALF, centre + HALF),)
        x = uniform(stream(f"bumps_1d/{split}", round(10 * centre)), 500, window)
        return Probe(f"bump at {centre:g}", x, bumps(x), split)

    return Task(
        name=name,
        version=1,
        family="continual",
        domain=DOMAIN,
        dim_out=1,
        stages=tuple(map(stage, windows)),
        probes=tuple(probe(c, split) for split in ("validation", "test") for c in windows),
        source="arXiv:2404.19756, section 3.5",
        scale=scale,
        about="sum of exp(-300 (x - c)^2) over five centres c, one window a stage",
        tuning=None if name.endswith("tuning") else tuning(),
    )


def tuning() -> Task:
    """Other centres in another order, from a seed of its own."""
    generator = stream("bumps_1d/tuning")
    order = torch.randperm(len(CENTRES), generator=generator).tolist()
    shift = 0.2 * torch.rand(len(CENTRES), generator=generator, dtype=torch.double) - 0.1
    windows = tuple(CENTRES[i] for i in order)
    peaks = tuple(w + s for w, s in zip(windows, shift.tolist(), strict=True))
    return bumps_at("bumps_1d/tuning", windows, peaks)


task = bumps_at("bumps_1d", CENTRES, CENTRES)
