"""Intervals of the mean of a few members, which say whether seeds alone tell two models apart.

Percentiles of a bootstrap are far too narrow for that: of five pairs they leave out a difference
of nothing in every sixth case and not in every twentieth.

Source: Student 1908, "The probable error of a mean"; Welch 1947, "The generalization of Student's
problem", both in Biometrika.
We differ: Welch's degrees of freedom are rounded down, so that a page can look quantiles up.
"""

from __future__ import annotations

from math import sqrt

from kansci.statistics.resampling import Floats

Interval = tuple[float, float]
LEVEL = 0.975


def paired(values: Floats) -> Interval | None:
    r"""95 % of the mean of `(member,)`, $\bar x \pm t_{n-1} s/\sqrt n$; `None` for one alone."""
    if len(values) < 2:
        return None
    return _about(float(values.mean()), _squared_error(values), len(values) - 1)


def unpaired(ours: Floats, theirs: Floats) -> Interval | None:
    r"""95 % of $\bar x - \bar y$, `(member,)` each, whose members have nothing in common.

    The degrees of freedom are $(u + v)^2 / (u^2/(n - 1) + v^2/(m - 1))$ with u and v the squared
    standard errors of the means. `None` where either has one member alone.
    """
    if min(len(ours), len(theirs)) < 2:
        return None
    u, v = _squared_error(ours), _squared_error(theirs)
    least = u**2 / (len(ours) - 1) + v**2 / (len(theirs) - 1)
    freedom = int((u + v) ** 2 / least) if least else 1
    return _about(float(ours.mean() - theirs.mean()), u + v, freedom)


def quantiles(count: int) -> list[float]:
    """Of Student's t for a two-sided 95 %, with 1, 2, ... degrees of freedom."""
    return [quantile(freedom) for freedom in range(1, count + 1)]


def quantile(freedom: int) -> float:
    from scipy import stats

    return float(stats.t.ppf(LEVEL, freedom))


def _about(mean: float, squared_error: float, freedom: int) -> Interval:
    half = quantile(freedom) * sqrt(squared_error)
    return mean - half, mean + half


def _squared_error(values: Floats) -> float:
    return float(values.var(ddof=1)) / len(values)
