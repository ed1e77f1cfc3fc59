"""What it takes to get as far as the reference did: in evaluations, time or numbers.

Who never gets there takes infinitely much, which no mean survives: the share of those who do stands
beside the median.

Source: Dahl et al. 2023, "Benchmarking neural network training algorithms", arXiv:2306.07179, for
the time to a result with misses as infinite.
We differ: a median in place of a performance profile.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from kansci.record import Curve
from kansci.statistics.resampling import shares
from kansci.statistics.stats import Cell, Floats, arranged


class Reached(NamedTuple):
    """The share that got there, and the median of what it took; `None`: fewer than half did."""

    share: float
    median: float | None


def reached(cells: Iterable[Cell]) -> Reached | None:
    """Over values, infinite for what was not reached; each weighs as it does in scores.

    `None` of no cells.

    >>> inf = float("inf")
    >>> reached([Cell("pde", "heat", 250, np.array([2.0, 8.0, inf, 4.0]))])
    Reached(share=0.75, median=4.0)
    >>> reached([Cell("pde", "heat", 250, np.array([2.0, inf, inf]))]).median is None
    True
    """
    lots, values = arranged(cells)
    if not lots:
        return None
    share = shares(lots)
    order = np.argsort(values, kind="stable")
    # At half of the weight to nine decimals, as sums of thirds and fifths are not exact.
    middle = values[order][np.searchsorted(np.round(np.cumsum(share[order]), 9), 0.5)]
    part = float(np.round(share[np.isfinite(values)].sum(), 9))
    return Reached(part, float(middle) if np.isfinite(middle) else None)


def first_below(curve: Curve, limit: ArrayLike) -> Floats:
    """Evaluations until the training loss is at most `limit`, `(member,)`; infinite where never.

    It is the first of the points that the Record kept, which are spread evenly on a log scale: at
    most one such step later than the true one.

    Args:
        limit: one for all, or `(member,)`.
    """
    good = np.array(curve.losses, dtype=float) <= limit  # (evaluation, member)
    first = np.array(curve.evaluations, dtype=float)[good.argmax(0)]
    return np.where(good.any(0), first, np.inf)
