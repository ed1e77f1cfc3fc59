"""The critical-difference diagram: mean ranks, and which models cannot be told apart.

Source: Demsar 2006, "Statistical comparisons of classifiers over multiple data sets", JMLR 7;
drawn by scikit-posthocs.
We differ: bars join models that Wilcoxon's test with Holm's correction does not tell apart, not
those within one critical difference of Nemenyi; see `kansci.significance`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kansci.errors import UserError
from kansci.look import COLOURS, INK, canvas
from kansci.significance import friedman, mean_ranks, p_matrix

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from pandas import DataFrame


def critical_differences(table: DataFrame) -> Figure:
    """Mean ranks on a line, 1 the best; models on one bar are not told apart at 5 %.

    Args:
        table: decades, `(task, model)`, as `significance.levels` has them.

    Raises:
        UserError: for fewer than three models or tasks, or without scikit-posthocs.
    """
    try:
        from scikit_posthocs import critical_difference_diagram
    except ImportError as error:
        raise UserError("want scikit-posthocs, got none: pip install 'kansci[figures]'") from error
    tasks, count = table.shape
    if tasks < 3 or count < 3:
        raise UserError(
            f"want three models and three tasks that all of them have, got {count} and {tasks}"
        )
    ranks = mean_ranks(table)
    with canvas(7.5, 1.3 + 0.17 * count) as (figure, axes):
        critical_difference_diagram(
            ranks,
            p_matrix(table),
            ax=axes,
            label_fmt_left="{label}  {rank:.1f} ",
            label_fmt_right=" {rank:.1f}  {label}",
            label_props={"size": 8.5},
            color_palette=dict.fromkeys(ranks.index, INK),
            crossbar_props={"color": COLOURS[0], "linewidth": 3, "solid_capstyle": "round"},
            marker_props={"s": 14},
            elbow_props={"linewidth": 0.8},
        )
        found = friedman(table)
        overall = f"; Friedman p = {found[1]:.1g}" if found else ""
        axes.set_title(f"Mean ranks over {tasks} tasks, 1 is the best", pad=14)
        figure.supxlabel(
            "a bar joins models that are not told apart at 5 %: Wilcoxon's signed ranks over "
            f"tasks,\nHolm's correction for all pairs{overall}",
            size=8,
        )
        return figure
