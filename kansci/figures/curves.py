"""The learning curves of a Record, as a figure."""

from __future__ import annotations

from textwrap import fill
from typing import TYPE_CHECKING

import numpy as np

from kansci.figures.look import COLOURS, canvas, legend, say
from kansci.record import FAILED, Record

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def learning_curves(record: Record) -> Figure:
    """Loss against evaluations, a line for each member; stages follow one another, shaded."""
    failed = [status in FAILED for status in record.members]
    several = len(record.curves) > 1
    start = 0
    with canvas(8, 3.6) as (figure, axes):
        for number, curve in enumerate(record.curves):
            losses = np.array(curve.losses, dtype=float)  # (evaluation, member)
            losses[~(np.isfinite(losses) & (losses > 0))] = np.nan  # a gap in the line
            steps = start + np.array(curve.evaluations)
            for member, values in enumerate(losses.T):
                axes.plot(
                    steps,
                    values,
                    color=COLOURS[member % len(COLOURS)],
                    linestyle=":" if failed[member] else "-",
                    linewidth=1.3,
                    marker="o" if len(steps) == 1 else "",  # a line of one point is nothing
                    label=_member(record, member) if number == 0 else None,
                )
            if several:
                name = curve.stage if len(record.curves) <= 6 else str(number + 1)
                axes.axvspan(start, steps[-1], color="#F2F2F2" if number % 2 else "white", zorder=0)
                axes.text((start + steps[-1]) / 2, 1.01, name, ha="center", va="bottom", size=8,
                          transform=axes.get_xaxis_transform())  # fmt: skip
            start = int(steps[-1])
        if record.curves:
            if any(np.isfinite(line.get_ydata()).any() for line in axes.lines):
                axes.set_yscale("log")
            axes.set_xscale("linear" if several else "log")
            axes.margins(x=0.01)
            legend(axes)
        else:
            text = ": ".join(filter(None, ("no curve", record.status, record.reason)))
            say(axes, 0.5, fill(text, 100))
            axes.set_xticks([])
            axes.set_yticks([])
        axes.grid(axis="y")
        axes.set_title(f"{record.model} on {record.task}, {record.budget} numbers", pad=18)
        axes.set_xlabel("evaluations of loss and gradient")
        axes.set_ylabel("training loss")
        return figure


def _member(record: Record, member: int) -> str:
    """The seed of a member, and what became of it if it is not well."""
    status = record.members[member]
    return f"seed {record.recipe.evaluation_seeds[member]}" + f" ({status})" * (status != "ok")
