"""Performance profiles, drawn: how much of the work is done as well as the reference does it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from kansci.board import Row
from kansci.look import FAINT, canvas, legend, styles
from kansci.profiles import Profile, leads, profile
from kansci.reference import Reference
from kansci.standing import Standing

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def profiles_of(standings: Iterable[Standing], reference: Reference) -> dict[str, Profile]:
    """Of every model without a missing cell, over the cells that the reference has too."""
    curves = {one.model: profile(leads(one, reference)) for one in standings if not one.missing}
    return {model: curve for model, curve in curves.items() if curve is not None}


def performance_profiles(rows: Sequence[Row], found: Mapping[str, Profile]) -> Figure:
    """A curve a model, in the order of the rows, with the 95 % band of the first of them.

    One band is all that can be seen through: the others are in the numbers of `kansci.profiles`.
    """
    drawn = [
        (style, row) for style, row in zip(styles(rows), rows, strict=True) if row.model in found
    ]
    with canvas(8, max(4.5, 1 + 0.2 * len(drawn))) as (figure, axes):
        axes.axvline(0, color=FAINT, linewidth=1, zorder=1)
        for number, (style, row) in enumerate(drawn):
            one = found[row.model]
            if number == 0:
                axes.fill_between(
                    one.tau, one.low, one.high, color=style["color"], alpha=0.15, linewidth=0
                )
            axes.plot(one.tau, one.rho, **style, markevery=(3 * number % 20, 20), markersize=5)
        axes.set_xlim(-3, 3)
        axes.set_ylim(0, 1.02)
        axes.grid()
        axes.set_title("On how much of the work is a model as good as the reference?")
        axes.set_xlabel(
            "decades granted to the model; left of 0 it has to be better than the reference MLP\n"
            "(shaded: 95 % band of the first)"
        )
        axes.set_ylabel("share of the work, as weighed in scores")
        legend(axes)
        return figure
