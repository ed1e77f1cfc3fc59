"""Performance profiles, drawn: how much of the work is done as well as the reference does it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from kansci.boards.board import Row
from kansci.boards.profiles import Profile, leads, profile
from kansci.boards.reference import Reference
from kansci.figures.lacking import below, lacking
from kansci.figures.look import FAINT, canvas, drawn, legend
from kansci.statistics.standing import Standing

if TYPE_CHECKING:
    from matplotlib.figure import Figure


UNKNOWN = "cells without a frozen reference"


def profiles_of(standings: Iterable[Standing], reference: Reference) -> dict[str, Profile]:
    """Of every model that has all cells, where the reference has them, too."""
    curves = {one.model: profile(leads(one, reference)) for one in standings if not one.missing}
    return {model: curve for model, curve in curves.items() if curve is not None}


def performance_profiles(rows: Sequence[Row], found: Mapping[str, Profile]) -> Figure:
    """A curve a model, in the order of the rows, with the 95 % band of the first of them.

    One band is all that can be seen through: the others are in `kansci.boards.profiles`.
    """
    shown = [row for row in rows if row.model in found]
    with canvas(8, max(4.5, 1 + 0.2 * len(shown))) as (figure, axes):
        axes.axvline(0, color=FAINT, linewidth=1, zorder=1)
        text = "decades granted to the model; left of 0 it has to be better than the reference MLP"
        for number, row in enumerate(shown):
            one, style = found[row.model], drawn(row)
            if number == 0:
                text += f"\n(shaded: 95 % band of {row.model})"
                axes.fill_between(one.tau, one.low, one.high, step="post", color=style["color"],
                                  alpha=0.15, linewidth=0)  # fmt: skip
            every = (3 * number % 20, 20)  # apart, where curves lie on one another
            axes.step(one.tau, one.rho, where="post", **style, markevery=every, markersize=5)
        axes.set_xlim(-3, 3)
        axes.set_ylim(0, 1.02)
        axes.grid()
        axes.set_title("On how much of the work is a model as good as the reference?")
        axes.set_xlabel(below(text, lacking(rows, found, UNKNOWN)))
        axes.set_ylabel("share of the work, as weighed in scores")
        legend(axes)
        return figure
