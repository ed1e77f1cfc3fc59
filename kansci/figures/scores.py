"""The scores of one board: intervals, or times as multiples of the reference's."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import fill, shorten
from typing import TYPE_CHECKING

from kansci.boards.board import Board, Row
from kansci.boards.tables import remarks
from kansci.figures.look import COLOURS, FAINT, INK, canvas, legend, models, plain_ticks, say

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def intervals(board: Board, rows: Sequence[Row]) -> Figure:
    """Scores with intervals: thin for other tasks and seeds, thick for other seeds alone.

    A board that has one interval alone, as of a share, has a thin line.
    """
    with canvas(7.5, 1.5 + 0.3 * max(2, len(rows))) as (figure, axes):
        for y, row in enumerate(rows):
            colour = FAINT if row.rank is None else COLOURS[0]
            if row.score is None:
                say(axes, y, _why(row))
                continue
            for low, high, width in ((row.low, row.high, 1.2), (row.seed_low, row.seed_high, 4)):
                if low is not None and high is not None:
                    axes.plot((low, high), (y, y), color=colour, linewidth=width, zorder=2)
            face = "white" if row.control else colour
            axes.plot(row.score, y, "o", color=colour, markerfacecolor=face, zorder=3)
            if row.rank is None:
                end = (row.high or row.score, y)
                axes.annotate(remarks(row), end, (8, 0), textcoords="offset points",
                              color=FAINT, size=8, va="center")  # fmt: skip
        models(axes, rows)
        axes.grid(axis="x")
        axes.set_title(fill(board.question, 52))
        way = "higher" if board.higher_is_better else "lower"
        lines = "with 95 % intervals"
        if any(row.seed_low is not None for row in rows):
            lines = "95 %, thin: other tasks and seeds, thick: other seeds"
        axes.set_xlabel(f"{board.unit}, {way} is better\n({board.metric})\n{lines}")
        return figure


def speed(rows: Sequence[Row]) -> Figure:
    """CPU time against the reference MLP, on a log axis that is cut at 1."""
    parts = [("forward", "|"), ("forward + backward", "x")]
    if any(row.columns.get("compiled") for row in rows):
        parts.append(("compiled", "d"))
    with canvas(7.5, 1.7 + 0.3 * max(2, len(rows))) as (figure, axes):
        if any(row.score is not None for row in rows):
            axes.set_xscale("log")
            plain_ticks(axes)
        for y, row in enumerate(rows):
            if row.score is None or row.low is None or row.high is None:
                say(axes, y, _why(row))
                continue
            face = "white" if row.control else COLOURS[4]
            axes.barh(y, row.score - 1, left=1, height=0.6, color=face, edgecolor=COLOURS[4])
            axes.plot((row.low, row.high), (y, y), color=INK, linewidth=1.2)
            for name, marker in parts:
                axes.plot(_number(row, name), y, marker, color=INK, markersize=6)
        for name, marker in parts:
            axes.plot([], [], marker, color=INK, label=name)
        axes.axvline(1, color=INK, linewidth=1)
        models(axes, rows)
        axes.grid(axis="x", which="major")
        axes.set_title("CPU time of one network at equal parameters")
        axes.set_xlabel("times the CPU time of the reference MLP, lower is better (log scale)")
        legend(axes)
        return figure


def _why(row: Row) -> str:
    why = remarks(row) or "nothing to score"
    return shorten(f"not ranked: {why}", 60, placeholder=" ...")


def _number(row: Row, name: str) -> float:
    """A further column; NaN, which is not drawn, where there is no number."""
    value = row.columns.get(name)
    return float(value) if isinstance(value, int | float) else float("nan")
