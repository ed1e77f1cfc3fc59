r"""The secret-seed rules: do other seeds end where the submitted ones did?

For each audited cell $t$, $d_t$ is the mean over members of log10 error in the secret Record less
the same in the submitted one, on the scale of the boards: errors are clipped, and a member that
failed counts as the trivial predictor. An entry is flagged if the mean of $d$ is above 0 in a
one-sided t-test over cells with p < 0.01, and above 0.05 decades. A flag asks for an answer; it
accuses nobody: a chaotic training may end elsewhere by other arithmetic alone.

Of differences in a few cells that test says nothing, however large they are, as they are their own
spread. So cells are counted as well in which all n secret members end worse than all m submitted
ones, by more than a tie: of honest members, which are exchangeable, that has the chance
$1/\binom{n+m}{m}$ a cell. Flagged are more of them than happen by chance with p = 0.005, and one
in which they are half a decade apart, or three quarters where three members stand against three.

Source: Student 1908, "The probable error of a mean", Biometrika 6.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

LEVEL = 0.01
LEAST = 0.05  # decades, below which no difference matters: boards show two digits
TIE = 0.02  # decades, as on boards
WIDE, FEW_WIDE = 0.5, 0.75  # decades between all members of the one kind and all of the other
FEW = 0.02  # where chance orders them so more often, the wider one counts
RARE = 0.005


class Ruling(NamedTuple):
    """What the test says.

    Attributes:
        mean: of the differences, in decades; above 0 where secret seeds end worse.
        p: one-sided; 1 for fewer than two cells.
    """

    mean: float
    p: float

    @property
    def flagged(self) -> bool:
        return self.p < LEVEL and self.mean > LEAST


def ruling(differences: Iterable[float]) -> Ruling:
    """The rule, on one difference for each cell."""
    from scipy.stats import ttest_1samp  # takes a second to load

    d = np.fromiter(differences, dtype=float)
    mean = float(d.mean()) if len(d) else 0.0
    if len(d) < 2:
        return Ruling(mean, 1.0)
    if math.isclose(d.std(), 0.0, abs_tol=1e-12):  # all alike: no spread to measure the mean by
        return Ruling(mean, 0.0 if mean > 0 else 1.0)
    found: Any = ttest_1samp(d, 0.0, alternative="greater")
    return Ruling(mean, float(found.pvalue))


class Separation(NamedTuple):
    """Cells in which every secret member ends worse than every submitted one.

    Attributes:
        count: of them.
        most: that is no more than chance has.
        widest: decades between the two kinds in any cell; below 0 where they overlap.
        wide: decades that are too many.
    """

    count: int
    most: int
    widest: float
    wide: float

    @property
    def flagged(self) -> bool:
        return self.count > self.most or self.widest > self.wide


def gap(submitted: Sequence[float], secret: Sequence[float]) -> float:
    """Decades from the best of the secret members to the worst of the submitted ones."""
    return min(submitted) - max(secret)


def separation(gaps: Sequence[float], members: tuple[int, int]) -> Separation:
    """The rule, on the gap of each cell.

    Args:
        members: how many submitted and secret ones a cell has.
    """
    from scipy.stats import binom

    chance = 1 / math.comb(sum(members), members[1])
    most = int(binom.isf(RARE, len(gaps), chance))
    count, widest = sum(one > TIE for one in gaps), max(gaps, default=-math.inf)
    return Separation(count, most, widest, FEW_WIDE if chance > FEW else WIDE)
