"""The truth, what a network says, and the difference, over a domain of two variables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from torch import nn

from kansci.figures.fields import fields
from kansci.figures.look import LOOK
from kansci.figures.typical import final_error
from kansci.statistics.stats import Floats
from kansci.task import Task

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

METRICS = {
    "nrmse": "NRMSE",
    "relative_l2": "relative L2",
    "error_rate": "error rate",
    "relative_max": "relative maximum",
}


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
    truth, own, far = map(found.ground.image, (found.truth, found.said, miss))
    with mpl.rc_context(LOOK):
        figure = Figure(figsize=(10.5, 3.4), layout="constrained")
        axes: list[Axes] = list(figure.subplots(1, 3, sharey=True))
        _map(figure, axes[0], task, truth, "viridis", (low, high), "truth")
        _map(figure, axes[1], task, own, "viridis", (low, high), "network")
        _map(figure, axes[2], task, far, "RdBu_r", (-worst, worst), "network - truth")
        for one in axes:
            one.set_xlabel(names[0])
        axes[0].set_ylabel(names[1])
        figure.suptitle(_headline(task, network, title), size=10, weight="bold", x=0.02, ha="left")
        return figure


def _headline(task: Task, network: nn.Module, title: str) -> str:
    """What is shown, with the error that a Record would have."""
    size, count = final_error(task, network), len(task.judged_by("test"))
    where = "the test probe" if count == 1 else f"{count} test probes"
    return f"{title or task.name}: {METRICS[task.metric]} {size:.1e} on {where}"


def _map(
    figure: Figure,
    axes: Axes,
    task: Task,
    values: Floats,
    colours: str,
    limits: tuple[float, float],
    title: str,
) -> None:
    (left, right), (bottom, top) = task.domain
    image = axes.imshow(
        values,
        cmap=colours,
        vmin=limits[0],
        vmax=limits[1],
        origin="lower",
        extent=(left, right, bottom, top),
        aspect="auto",
        interpolation="bilinear",
    )
    axes.set_title(title)
    figure.colorbar(image, ax=axes, fraction=0.05, pad=0.02)
