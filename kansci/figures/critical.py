"""The critical-difference diagram: mean ranks, and which models cannot be told apart.

Source: Demsar 2006, "Statistical comparisons of classifiers over multiple data sets", JMLR 7;
drawn by scikit-posthocs.
We differ: bars join models that Wilcoxon's test with Holm's correction does not tell apart, not
those within one critical difference of Nemenyi; see `kansci.statistics.significance`.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from kansci.boards.tables import FOOTNOTE, MARK
from kansci.errors import UserError
from kansci.figures.lacking import below
from kansci.figures.look import COLOURS, INK, canvas, named
from kansci.models.zoo import is_control
from kansci.statistics.significance import friedman, mean_ranks, p_matrix

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from pandas import DataFrame


LEVEL = 0.05


def smallest(tasks: int, models: int) -> float:
    """The least p that Wilcoxon's test and Holm's correction can give a pair, of all of them.

    It is that of one model ahead on every task: 2 of 2^n signs, as many times as there are pairs.
    """
    return min(1.0, models * (models - 1) / 2 * 2.0 ** (1 - tasks))


def critical_differences(table: DataFrame, left_out: str = "") -> Figure:
    """Mean ranks on a line, 1 the best; models with a dot on one bar are not told apart.

    Args:
        table: decades, `(task, model)`, as `significance.levels` has them.
        left_out: who is not in it, said below.

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
    controls = {model: named(model, True) for model in table.columns if is_control(model)}
    table = table.rename(columns=controls)
    ranks = mean_ranks(table)
    caption = below(_caption(table, bool(controls)), left_out)
    with canvas(7.5, 1 + 0.17 * count + 0.15 * len(caption.splitlines())) as (figure, axes):
        # The library goes through sets of models. A set of names is in another order in every
        # process, one of small numbers in its own: who is drawn by number is drawn alike.
        number = {model: index for index, model in enumerate(ranks.sort_values().index)}
        drawn = critical_difference_diagram(
            ranks.rename(number),
            p_matrix(table).rename(index=number, columns=number),
            ax=axes,
            label_fmt_left="{label}",
            label_fmt_right="{label}",
            label_props={"size": 8.5},
            crossbar_props={
                "color": COLOURS[0],
                "linewidth": 1.2,
                "marker": "o",
                "markersize": 4.5,
            },
            marker_props={"s": 14},
            elbow_props={"color": INK, "linewidth": 0.8},
        )
        for line in chain.from_iterable(drawn["crossbars"]):
            line.set_xdata(sorted(line.get_xdata()))
        models = list(number)
        for label in drawn["labels"]:
            model = models[int(label.get_text())]
            words = model, f"{ranks[model]:.1f}"
            left = label.get_ha() == "right"
            label.set_text("  ".join(words) + " " if left else " " + "  ".join(reversed(words)))
        axes.set_title(f"Mean ranks over {tasks} tasks, 1 is the best", pad=14)
        figure.supxlabel(caption, size=8)
        return figure


def _caption(table: DataFrame, controls: bool) -> str:
    """What a bar means, and whether there could be anything but one."""
    found = friedman(table)
    overall = f"; Friedman p = {found[1]:.1g}" if found else ""
    text = (
        "a bar's dots are models that are not told apart at 5 %; it passes over others. Wilcoxon's "
        f"signed ranks over tasks,\nHolm's correction for all pairs{overall}"
    )
    least = smallest(*table.shape)
    if least >= LEVEL:
        text += (
            f"\nwith {table.shape[0]} tasks no pair of {table.shape[1]} models can fall below 5 %: "
            f"at best p is {least:.2g}"
        )
    return text + f"\n{MARK} {FOOTNOTE}" * controls
