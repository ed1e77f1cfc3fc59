r"""The secret-seed rule: do other seeds end where the submitted ones did?

For each audited cell $t$, $d_t$ is the mean over members of log10 error in the secret Record less
the same in the submitted one, on the scale of the boards: errors are clipped, and a member that
failed counts as the trivial predictor. An entry is flagged if the mean of $d$ is above 0 in a
one-sided t-test over cells with p < 0.01, and above 0.05 decades. A flag asks for an answer; it
accuses nobody: a chaotic training may end elsewhere by other arithmetic alone.

Source: Student 1908, "The probable error of a mean", Biometrika 6.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

LEVEL = 0.01
LEAST = 0.05  # decades, below which no difference matters: boards show two digits


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
