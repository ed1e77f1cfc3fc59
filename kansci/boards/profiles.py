r"""Performance profiles: on how much of the work is a model as good as the reference?

$\rho(\tau) = \sum_i w_i [d_i \ge r_i - \tau]$, with d the decades of a member, r those of the
frozen reference on the same cell and w the weights of families, tasks, budgets and members in the
mean. At $\tau = 0$ it is the share on which the model is at least as accurate; at -1 that on which
it is ten times better, at 1 that on which it is not ten times worse.

Source: Dolan and More 2002, "Benchmarking optimization software with performance profiles",
Mathematical Programming 91.
We differ: relative to a frozen reference, not to the best, so no model moves another's; members
count rather than means over them, as in Agarwal et al. 2021, arXiv:2108.13264, so failures show.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from kansci.boards.reference import Reference
from kansci.record import Record
from kansci.statistics.resampling import DRAWS, weights
from kansci.statistics.standing import Standing, final
from kansci.statistics.stats import LEVELS, Cell, Floats, arranged, shares

TAU = np.linspace(-3, 3, 121)  # decades
DIGITS = 4  # of decades


class Profile(NamedTuple):
    """A model's profile with its 95 % band, from other tasks of the kind and other seeds.

    Attributes:
        tau: decades granted against the reference, `(tau,)`; negative: by so much to be beaten.
        rho: share of the work, `(tau,)`, rising from 0 to 1.
        area: under the curve, over the whole range of tau; 3 for the reference, more is better.
        areas: its 95 % interval.
    """

    tau: Floats
    rho: Floats
    low: Floats
    high: Floats
    area: float
    areas: tuple[float, float]


def leads(standing: Standing, reference: Reference) -> list[Cell]:
    """Decades beyond the frozen reference, on all cells or, where it lacks any, on none.

    What does not apply or fit has 0 decades.
    """
    if reference.lacking(standing.records):
        return []

    def lead(record: Record) -> Floats | None:
        rung = reference.rung(record)
        if rung is None:
            return None
        # To the digits that a frozen rung has: the reference itself is neither above nor below.
        return np.round(final(record) - np.mean(rung.decades), DIGITS)

    return standing.cells(lead, every=True)


def profile(leads: Iterable[Cell], tau: Floats = TAU, *, draws: int = DRAWS) -> Profile | None:
    """The profile of decades beyond the reference, as `leads` has them; `None` for none."""
    lots, values = arranged(leads)
    if not lots:
        return None
    within = (values[:, None] >= -tau).astype(float)  # (value, tau)
    drawn, share = weights(lots, draws=draws), shares(lots)
    low, high = np.quantile(drawn @ within, LEVELS, axis=0)
    below = np.clip(values + tau[-1], 0, tau[-1] - tau[0])  # of steps, as they are, (value,)
    least, most = np.quantile(drawn @ below, LEVELS)
    areas = float(least), float(most)
    return Profile(tau, share @ within, low, high, float(share @ below), areas)
