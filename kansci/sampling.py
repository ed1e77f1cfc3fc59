"""Random numbers for one purpose, and points drawn with them."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import TYPE_CHECKING

import torch
from torch import Generator, Tensor
from torch.quasirandom import SobolEngine

if TYPE_CHECKING:
    from kansci.task import Interval


def stream(purpose: str, seed: int = 0) -> Generator:
    """Random numbers for one purpose; streams of two purposes or seeds never share a prefix.

    Members draw from `stream("points", seed)`; test and validation points, tuning streams and
    initial weights have purposes of their own. With plain seeds a probe's first points *were*
    training points, as a generator repeats its prefix.
    """
    digest = sha256(f"{purpose}/{seed}".encode()).digest()
    return Generator().manual_seed(int.from_bytes(digest[:8], "big") >> 1)


def uniform(generator: Generator, points: int, domain: Sequence[Interval]) -> Tensor:
    """Points drawn uniformly from a box, `(point, in)`, float64."""
    low, high = torch.tensor(domain, dtype=torch.double).T
    unit = torch.rand(points, len(domain), generator=generator, dtype=torch.double)
    return low + (high - low) * unit


def sobol(generator: Generator, points: int, domain: Sequence[Interval]) -> Tensor:
    """Points of a Sobol sequence in a box, scrambled anew in each call, `(point, in)`, float64.

    Source: Owen 1998, "Scrambling Sobol' and Niederreiter-Xing points", J. Complexity 14.
    """
    low, high = torch.tensor(domain, dtype=torch.double).T
    seed = int(torch.randint(1 << 62, (), generator=generator))
    unit = SobolEngine(len(domain), scramble=True, seed=seed).draw(points, dtype=torch.double)
    return low + (high - low) * unit


def companion(generator: Generator, purpose: str) -> Generator:
    """Random numbers for another purpose, the same however much has been drawn from the first."""
    return stream(purpose, generator.initial_seed())
