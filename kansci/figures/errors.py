"""The truth, what a network says, and the difference, over a domain of two variables."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from torch import nn

from kansci.errors import UserError
from kansci.formulas import function
from kansci.look import LOOK
from kansci.measure import error
from kansci.stats import Floats
from kansci.task import Task

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SIDE = 101  # points of a side of the grid, where the truth is a formula


class Fields(NamedTuple):
    """Two fields at the same points.

    Shape:
        x: `(point, 2)`.
        truth, said: `(point,)`, of one output.
    """

    x: Floats
    truth: Floats
    said: Floats


def fields(task: Task, network: nn.Module, output: int = 0) -> Fields:
    """On an even grid where the truth is a formula, else at the points of the test probe.

    Raises:
        UserError: for a task of another number of inputs than two, or without such an output.
    """
    if task.dim_in != 2:
        raise UserError(f"task {task.name}: want two inputs to map, got {task.dim_in}")
    if not 0 <= output < task.dim_out:
        raise UserError(f"task {task.name}: want an output below {task.dim_out}, got {output}")
    probe = task.judged_by("test")[0]
    x, truth = probe.x, probe.y[:, output]
    statement = task.statement
    if statement is not None and statement.truth is not None:
        sides = [torch.linspace(low, high, SIDE, dtype=torch.double) for low, high in task.domain]
        x = torch.cartesian_prod(*sides)  # (point, 2)
        truth = function(statement.truth[output], statement.variables)(x)[:, 0]
    with torch.no_grad():
        said = network(x.to(next(network.parameters())))[:, output].double()
    return Fields(x.numpy(), truth.numpy(), said.numpy())


def error_maps(task: Task, network: nn.Module, *, output: int = 0, title: str = "") -> Figure:
    """Truth, network and error side by side; the error's colours are even about 0.

    Raises:
        UserError: as `fields`.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    found = fields(task, network, output)
    miss = found.said - found.truth
    names = task.statement.variables if task.statement else ("x1", "x2")
    low, high = found.truth.min(), found.truth.max()
    worst = float(np.abs(miss).max()) or 1.0
    with mpl.rc_context(LOOK):
        figure = Figure(figsize=(10.5, 3.4), layout="constrained")
        axes: list[Axes] = list(figure.subplots(1, 3, sharey=True))
        _map(figure, axes[0], found.x, found.truth, "viridis", (low, high), "truth")
        _map(figure, axes[1], found.x, found.said, "viridis", (low, high), "network")
        _map(figure, axes[2], found.x, miss, "RdBu_r", (-worst, worst), "network - truth")
        for one in axes:
            one.set_xlabel(names[0])
        axes[0].set_ylabel(names[1])
        figure.suptitle(_headline(task, network, title), size=10, weight="bold", x=0.02, ha="left")
        return figure


def _headline(task: Task, network: nn.Module, title: str) -> str:
    """What is shown, with the error that a Record would have."""
    probe = task.judged_by("test")[0]
    with torch.no_grad():
        said = network(probe.x.to(next(network.parameters())))
    size = float(error(task.metric, said.unsqueeze(0), probe.y, task.scale))
    return f"{title or task.name}: {task.metric.replace('_', ' ')} {size:.1e} on the test probe"


def _map(
    figure: Figure,
    axes: Axes,
    x: Floats,
    values: Floats,
    colours: str,
    limits: tuple[float, float],
    title: str,
) -> None:
    low, high = limits
    image = axes.tripcolor(
        x[:, 0],
        x[:, 1],
        values,
        cmap=colours,
        vmin=low,
        vmax=high,
        shading="gouraud",
        rasterized=True,
    )
    axes.set_title(title)
    axes.grid(visible=False)
    figure.colorbar(image, ax=axes, fraction=0.05, pad=0.02)
