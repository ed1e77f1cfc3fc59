"""Fields over two variables: the truth on a grid of pixels, and what networks say there."""

from __future__ import annotations

from itertools import chain
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from kansci.errors import UserError
from kansci.statistics.stats import Floats
from kansci.task import Probe, Task

SIDE = 151  # pixels of a side
FAR = 3.0  # mean distances of test points: what is farther from all is cut out of the domain


class Ground(NamedTuple):
    """Where a task is judged, as pixels, and the truth there.

    Shape:
        x: `(pixel, 2)`, row by row from the lower left.
        truth: `(pixel, out)`.
        inside: `(row, column)`, the pixels among all.
    """

    x: Tensor
    truth: Tensor
    inside: np.ndarray

    def image(self, values: Floats) -> Floats:
        """Values `(pixel,)` in their places, `(row, column)`; NaN where nothing is asked."""
        found = np.full(self.inside.shape, np.nan)
        found[self.inside] = values
        return found


class Fields(NamedTuple):
    """Two fields at the same pixels, `(pixel,)` each, of one output."""

    ground: Ground
    truth: Floats
    said: Floats


def ground(task: Task) -> Ground:
    """The truth on even pixels where the task is judged: near test points.

    Where no function gives it, that at the nearest of them.

    Raises:
        UserError: for a task of another number of inputs than two.
    """
    from scipy.spatial import KDTree

    if task.dim_in != 2:
        raise UserError(f"task {task.name}: want two inputs to map, got {task.dim_in}")
    low, high = torch.tensor(task.domain, dtype=torch.double).T
    share = torch.linspace(0, 1, SIDE, dtype=torch.double)
    unit = torch.cartesian_prod(share, share).flip(-1)  # (row * column, 2), the first runs fastest
    x = low + (high - low) * unit
    truth = torch.full((len(x), task.dim_out), torch.nan, dtype=torch.double)
    nearest = torch.full((len(x),), torch.inf, dtype=torch.double)
    for probe in task.judged_by("test"):
        points = (probe.x - low) / (high - low)
        extent = points.amax(0) - points.amin(0)
        spacing = (extent.prod() / len(points)).sqrt()
        found, index = KDTree(points.numpy()).query(unit.numpy())
        away = torch.from_numpy(found)
        within = ((unit >= points.amin(0) - spacing) & (unit <= points.amax(0) + spacing)).all(-1)
        own = within & (away < FAR * spacing) & (away < nearest)
        nearest[own] = away[own]
        x[own], truth[own] = _answered(probe, x[own], torch.from_numpy(index)[own])
    inside = nearest.isfinite() & truth.isfinite().all(-1)
    return Ground(x[inside], truth[inside], inside.reshape(SIDE, SIDE).numpy())


def _answered(probe: Probe, x: Tensor, nearest: Tensor) -> tuple[Tensor, Tensor]:
    """Points and their true answers: `x` itself, or the nearest points of the probe."""
    if not isinstance(probe.answers, Tensor) and len(x):
        try:
            return x, probe.answers(x)
        except ValueError:  # a solver knows the truth at steps of its own alone
            pass
    return probe.x[nearest], probe.y[nearest]


def said(network: nn.Module, x: Tensor) -> Tensor:
    """What a network answers, `(point, in)` to float64 `(point, out)`."""
    like = next(chain(network.parameters(), network.buffers()), x)
    with torch.no_grad():
        return network(x.to(like.dtype)).double()


def fields(task: Task, network: nn.Module, output: int = 0) -> Fields:
    """Truth and network where the task is judged.

    Raises:
        UserError: for a task of another number of inputs than two, or without such an output.
    """
    found = ground(task)
    if not 0 <= output < task.dim_out:
        raise UserError(f"task {task.name}: want an output below {task.dim_out}, got {output}")
    own = said(network, found.x)[:, output]
    return Fields(found, found.truth[:, output].numpy(), own.numpy())
