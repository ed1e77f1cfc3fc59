"""What more numbers buy: decades against trainable numbers, with the Pareto front."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from kansci.boards.board import METRIC, Row
from kansci.figures.lacking import below, lacking
from kansci.figures.look import FAINT, canvas, drawn, legend
from kansci.statistics.scaling import Rung, front
from kansci.statistics.standing import Standing

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def shared(whole: Sequence[Standing]) -> int:
    """How many tasks ran at every budget, of models that all have the same cells."""
    budgets: dict[str, set[int]] = {}
    for record in whole[0].records if whole else ():
        budgets.setdefault(record.task, set()).add(record.budget)
    every = set().union(*budgets.values())
    return sum(own == every for own in budgets.values())


def pareto(rows: Sequence[Row], found: Mapping[str, dict[int, Rung]], *, tasks: int) -> Figure:
    """A line for each model that has a ladder; what others lack is said below.

    Args:
        found: as `scaling.ladders` has them.
        tasks: on which they rest.
    """
    shown = {model: ladder for model, ladder in found.items() if ladder}
    budgets = sorted({budget for ladder in shown.values() for budget in ladder})
    with canvas(8, max(4.5, 1 + 0.2 * len(rows))) as (figure, axes):
        for row in rows:
            if own := shown.get(row.model):
                numbers, reached = zip(*own.values(), strict=True)
                axes.plot(numbers, reached, **drawn(row))
        if axes.lines:
            numbers, reached = zip(*front(shown), strict=True)
            axes.step(numbers, reached, where="post", color=FAINT, linewidth=4, alpha=0.35,
                      zorder=1, label="Pareto front")  # fmt: skip
            axes.set_xscale("log")
            axes.set_xticks(budgets, [f"{budget:,}" for budget in budgets])
            axes.minorticks_off()
        axes.grid()
        axes.set_title(f"What do more parameters buy? {tasks} task{'s' * (tasks != 1)}")
        text = "trainable numbers, median over the tasks that ran at every budget"
        axes.set_xlabel(below(text, lacking(rows, shown)))
        axes.set_ylabel(f"decades below the trivial predictor\n({METRIC})")
        legend(axes)
        return figure
