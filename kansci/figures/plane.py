"""The plane of forgetting: what was lost against what was learned."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from kansci.boards.board import Row
from kansci.figures.lacking import below, lacking
from kansci.figures.look import FAINT, INK, canvas, drawn, legend

if TYPE_CHECKING:
    from matplotlib.figure import Figure


HOLLOW = {"markerfacecolor": "white", "linestyle": "none", "clip_on": False}


class Spot(NamedTuple):
    """Where a model stands: decades learned, decades lost with their interval, and its bound."""

    learned: float
    lost: float
    low: float
    high: float
    joint: float


def spot(row: Row) -> Spot | None:
    """`None` for a model of which something is not known."""
    learned, joint = (_number(row, name) for name in ("learned", "joint"))
    if row.score is None or not np.isfinite(learned):
        return None
    low, high = (row.score if end is None else end for end in (row.low, row.high))
    return Spot(learned, row.score, low, high, joint)


def plane(rows: Sequence[Row]) -> Figure:
    """What was lost against what was learned; on the diagonal nothing is left.

    Hollow on the axis are bounds: what the same model learns of all stages at once, of which it
    loses nothing; a thin line leads there from the model. The zero predictor is where nothing is
    learned, and so nothing lost.

    Args:
        rows: of the board of forgetting.
    """
    placed = [(row, at) for row in rows if (at := spot(row))]
    with canvas(8, max(4.5, 1 + 0.2 * len(placed))) as (figure, axes):
        top = np.nanmax([1.5, *(x for _, at in placed for x in (at.learned, at.joint))]) * 1.08
        axes.axvspan(0, 1, color="#F2F2F2", zorder=0)
        axes.text(0.5, 0.97, "did not learn", color=FAINT, ha="center", va="top",
                  transform=axes.get_xaxis_transform())  # fmt: skip
        axes.plot((0, top), (0, top), "--", color=FAINT, linewidth=1, label="all is lost")
        axes.plot(0, 0, "x", color=INK, clip_on=False, label="zero predictor")
        bounds = 0
        for row, at in placed:
            style = drawn(row)
            axes.vlines(at.learned, at.low, at.high, color=style["color"], alpha=0.5)
            axes.plot(at.learned, at.lost, **{**style, "linestyle": "none"})
            if np.isfinite(at.joint) and "saved" not in row.columns:  # a method's is its model's
                ends = (at.learned, at.joint), (at.lost, 0)
                axes.plot(*ends, ":", color=style["color"], linewidth=0.7, alpha=0.6, zorder=1)
                bound = {**style, **HOLLOW, "label": None}
                axes.plot(at.joint, 0, **bound)
                bounds += 1
        if bounds:
            axes.plot([], [], "o", color=INK, **HOLLOW, label="on the axis: the model's bound")
        axes.set_xlim(0, top)
        axes.grid()
        axes.set_title("Who learned, and what was lost of it?")
        text = "learned: decades on each stage's probe just after it"
        text += "\nhollow, on the axis: decades when all stages are learned at once" * (bounds > 0)
        axes.set_xlabel(below(text, lacking(rows, {row.model for row, _ in placed})))
        axes.set_ylabel("lost: decades gone at the end, 95 % interval")
        legend(axes)
        return figure


def _number(row: Row, name: str) -> float:
    value = row.columns.get(name)
    return float(value) if isinstance(value, int | float) else float("nan")
