"""The median of a few values, with an interval that holds for any distribution."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

LEVEL = 0.95
FEWEST = 6  # the fewest values whose range has their median with 95 %


def median(values: ArrayLike) -> tuple[float, float, float]:
    r"""Of `(n,)` values the median, low and high.

    $[v_{(j)}, v_{(n + 1 - j)}]$ holds the median of what they are drawn from with probability
    $1 - 2 P(B \le j - 1)$, $B$ binomial of $n$ and one half; $j$ is the largest of 95 %. Of six to
    eight that is from the least to the greatest.

    Source: Conover 1999, "Practical Nonparametric Statistics", 3rd edition, section 3.2.

    >>> median([5, 1, 3, 2, 6, 4])
    (3.5, 1.0, 6.0)

    Raises:
        ValueError: for fewer than six, whose range falls short of 95 %.
    """
    from scipy.stats import binom

    found = np.sort(np.asarray(values, dtype=float))
    if found.ndim != 1 or len(found) < FEWEST:
        raise ValueError(f"want {FEWEST} values or more, got shape {found.shape}")
    below = binom.cdf(np.arange(len(found) // 2), len(found), 0.5)
    outside = int(np.sum(2 * below <= 1 - LEVEL))
    return float(np.median(found)), float(found[outside - 1]), float(found[-outside])
