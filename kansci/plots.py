"""Figures of boards, sorted by score."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import fill, shorten
from typing import TYPE_CHECKING

import numpy as np

from kansci.board import METRIC, AnyRecord, Board, Row
from kansci.look import COLOURS, FAINT, INK, canvas, legend, models, plain_ticks, say, styles
from kansci.look import save as save
from kansci.scaling import front, ladders
from kansci.standing import Standing, final, standings
from kansci.stats import hierarchical_mean
from kansci.tables import remarks

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def figures(board: Board, rows: Sequence[Row], records: Sequence[AnyRecord]) -> dict[str, Figure]:
    """All figures of a board by file name."""
    found = {board.name: speed(rows) if board.name == "speed" else intervals(board, rows)}
    if not rows:
        return found
    if board.name == "accuracy":
        found["accuracy-tasks"] = heat_map(rows, records)
    if board.name == "efficiency":
        found["efficiency-parameters"] = scaling(rows, records)
    if board.name == "forgetting":
        found["forgetting-plane"] = plane(rows)
    return found


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


def heat_map(rows: Sequence[Row], records: Sequence[AnyRecord]) -> Figure:
    """Decades of every model on every task, mean over members and budgets; blank where none."""
    import seaborn

    found = {standing.model: standing for standing in standings(records)}
    every = [record for standing in found.values() for record in standing.records]
    tasks = sorted({(record.family, record.task) for record in every})
    table = np.array([_by_task(found[row.model], tasks) for row in rows])  # (model, task)
    few = len(tasks) <= 20
    width = 3.2 + (0.5 if few else 0.22) * len(tasks)
    with canvas(width, 2.2 + 0.3 * len(rows)) as (figure, axes):
        seaborn.heatmap(
            table,
            ax=axes,
            vmin=0,
            vmax=max(1.0, float(np.nanmax(table, initial=0))),
            cmap="viridis",
            annot=few,
            fmt=".1f",
            annot_kws={"size": 7.5},
            linewidths=0.5,
            xticklabels=False,  # set below; seaborn would draw the figure, in a GB, to fit them
            yticklabels=False,
            cbar_kws={"label": f"decades below the trivial predictor\n({METRIC})", "aspect": 25},
        )
        axes.set_facecolor("#EEEEEE")
        models(axes, rows, at=0.5)
        names = [task.rpartition("@")[0].rpartition("/")[2] for _, task in tasks]
        axes.set_xticks(np.arange(len(tasks)) + 0.5, names, rotation=90)
        families = [family for family, _ in tasks]
        for family in dict.fromkeys(families):
            first, count = families.index(family), families.count(family)
            axes.axvline(first, color="white", linewidth=4)
            axes.text(first + count / 2, -0.15, family, ha="center", va="bottom", weight="bold")
        axes.set_title("Who is accurate where? Grey: nothing to score", pad=22)
        axes.tick_params(length=0)
        return figure


def scaling(rows: Sequence[Row], records: Sequence[AnyRecord]) -> Figure:
    """Decades against trainable numbers, a line for each model that has no cell missing.

    Only tasks that ran at every budget: a mean over other tasks would be no scaling.
    """
    found = ladders(standings(records))
    budgets = sorted({budget for ladder in found.values() for budget in ladder})
    with canvas(8, max(4.5, 1 + 0.2 * len(rows))) as (figure, axes):
        for style, row in zip(styles(rows), rows, strict=True):
            if own := found.get(row.model):
                numbers, reached = zip(*own.values(), strict=True)
                axes.plot(numbers, reached, **style)
        if axes.lines:
            numbers, reached = zip(*front(found), strict=True)
            axes.step(numbers, reached, where="post", color=FAINT, linewidth=4, alpha=0.35,
                      zorder=1, label="Pareto front")  # fmt: skip
            axes.set_xscale("log")
            axes.set_xticks(budgets, [f"{budget:,}" for budget in budgets])
            axes.minorticks_off()
        axes.grid()
        axes.set_title("What do more parameters buy?")
        axes.set_xlabel("trainable numbers, median over the tasks that ran at every budget")
        axes.set_ylabel(f"decades below the trivial predictor\n({METRIC})")
        legend(axes)
        return figure


def plane(rows: Sequence[Row]) -> Figure:
    """What was lost against what was learned; on the diagonal nothing is left.

    Stars on the axis are bounds: what the same model learns of all stages at once, of which it
    loses nothing. The zero predictor is where nothing is learned, and so nothing lost.
    """
    placed = [row for row in rows if np.isfinite(_number(row, "learned"))]
    with canvas(8, max(4.5, 1 + 0.2 * len(placed))) as (figure, axes):
        far = [_number(row, name) for row in placed for name in ("learned", "joint")]
        top = np.nanmax([1.5, *far]) * 1.08
        axes.axvspan(0, 1, color="#F2F2F2", zorder=0)
        axes.text(0.5, 0.97, "did not learn", color=FAINT, ha="center", va="top",
                  transform=axes.get_xaxis_transform())  # fmt: skip
        axes.plot((0, top), (0, top), "--", color=FAINT, linewidth=1, label="all is lost")
        axes.plot(0, 0, "x", color=INK, clip_on=False, label="zero predictor")
        bounds = 0
        for style, row in zip(styles(placed), placed, strict=True):
            at, bound = _number(row, "learned"), _number(row, "joint")
            if row.score is None or row.low is None or row.high is None:
                continue
            axes.vlines(at, row.low, row.high, color=style["color"], alpha=0.5)
            axes.plot(at, row.score, **{**style, "linestyle": "none"})
            if np.isfinite(bound) and "saved" not in row.columns:  # a method's is its model's
                axes.plot(bound, 0, "*", color=style["color"], markersize=9, clip_on=False)
                bounds += 1
        if bounds:
            axes.plot([], [], "*", color=INK, markersize=9, label="all stages at once: the bound")
        axes.set_xlim(0, top)
        axes.grid()
        axes.set_title("Who learned, and what was lost of it?")
        axes.set_xlabel("learned: decades on each stage's probe just after it")
        axes.set_ylabel("lost: decades gone at the end, 95 % interval")
        legend(axes)
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


def _by_task(standing: Standing, tasks: Sequence[tuple[str, str]]) -> list[float]:
    cells = standing.cells(final)
    return [hierarchical_mean(c for c in cells if (c.family, c.task) == task) for task in tasks]


def _why(row: Row) -> str:
    why = remarks(row) or "nothing to score"
    return shorten(f"not ranked: {why}", 60, placeholder=" ...")


def _number(row: Row, name: str) -> float:
    """A further column; NaN, which is not drawn, where there is no number."""
    value = row.columns.get(name)
    return float(value) if isinstance(value, int | float) else float("nan")
