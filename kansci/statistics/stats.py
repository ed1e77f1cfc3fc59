"""Statistics of boards: decades, means of equal weight, and a paired bootstrap.

Members are averaged into a budget of a task, budgets into the task, equal tasks into their
cluster, tasks and clusters into their family and families into the score, each with the same
weight. Means, since a median hides failures: of what a fifth of failing members costs, it shows
less than half.

Source: Agarwal et al. 2021, "Deep reinforcement learning at the edge of the statistical
precipice", arXiv:2108.13264, for the stratified bootstrap.
We differ: the headline is no interquartile mean, which trims failures away; tasks are drawn as
well as members.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from math import sqrt
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kansci.statistics.resampling import DRAWS, Floats, Lot, Lots, shares, weights

CAP = 6.0  # single precision ends near 1e-7 of the trivial error
LEVELS = (0.025, 0.975)
BEST = 0.95  # one-sided: how far below the first a model may lie
DECIMALS = 9  # of means: the last bits depend on the machine, and would break ties between models


class Cell(NamedTuple):
    """What a model's members got on one task at one budget; `values` is `(member,)`.

    Tasks of one `cluster` are equal up to names, and count as one; "" is a task alone.
    """

    family: str
    task: str
    budget: int
    values: Floats
    cluster: str = ""

    @property
    def unit(self) -> str:
        """What counts once in a family: the cluster, or the task itself."""
        return self.cluster or self.task


def decades(errors: ArrayLike, trivial: float = 1.0, cap: float = CAP) -> Floats:
    r"""`(*,)` to `(*,)`: $\log_{10}(\mathrm{trivial}/e)$, clipped to [0, cap].

    0 is the trivial predictor, 3 a thousand times better. NaN and infinity count as 0: a member
    that failed is worth as much as the trivial predictor.

    >>> decades([1.0, 0.001, 1e-9, 50.0, float("nan")]).tolist()
    [0.0, 3.0, 6.0, 0.0, 0.0]
    """
    e = np.asarray(errors, dtype=float)
    e = np.where(np.isfinite(e), e, trivial)
    return np.minimum(np.maximum(np.log10(trivial / np.maximum(e, 1e-300)), 0.0), cap)


def hierarchical_mean(cells: Iterable[Cell]) -> float:
    r"""Mean over members, budgets of a task, tasks of a cluster, of a family, families.

    NaN for no cells.

    >>> a = [Cell("pde", "heat", 250, np.array([1.0, 3.0])), Cell("pde", "wave", 250, np.ones(1))]
    >>> hierarchical_mean([*a, Cell("feynman", "I.6.20", 250, np.array([4.0]))])
    2.75
    >>> equal = [Cell("pde", name, 250, np.ones(1), "waves") for name in ("string", "rod", "air")]
    >>> hierarchical_mean([*a, *equal])
    1.333333333
    """
    lots, values = arranged(cells)
    return round(float(shares(lots) @ values), DECIMALS) if lots else float("nan")


def interquartile_mean(cells: Iterable[Cell]) -> float:
    """Mean of the middle half of a family's members, by their weights; then over families.

    It says what is typical, and hides a quarter of failures: for a look beside the mean, no score.
    """
    lots, values = arranged(cells)
    if not lots:
        return float("nan")
    share = shares(lots)
    family = np.repeat([lot.family for lot in lots], [lot.members for lot in lots])
    means = [
        _middle_mean(values[family == one], share[family == one])
        for one in dict.fromkeys(lot.family for lot in lots)
    ]
    return round(float(np.mean(means)), DECIMALS)


def replicates(cells: Iterable[Cell], *, tasks: bool = True, draws: int = DRAWS) -> Floats:
    """`(draw,)`: hierarchical means of bootstrapped cells.

    In two stages: as many tasks (clusters count as one) as a family has are drawn from it, each
    with its budgets, then for each of them as many members as the cell has. With `tasks=False`
    the tasks stay, and only members are drawn: "would other seeds give this?".

    What is drawn depends on nothing but the names of family and budget, so it is the same for all
    models that have the same cells (paired), and no model moves another's interval.
    """
    lots, values = arranged(cells)
    if not lots:
        return np.full(draws, np.nan)
    return np.round(weights(lots, tasks=tasks, draws=draws) @ values, DECIMALS)


def interval(values: ArrayLike) -> tuple[float, float]:
    """`(draw,)` to the 2.5 and 97.5 % percentiles."""
    low, high = np.quantile(np.asarray(values, dtype=float), LEVELS)
    return float(low), float(high)


def rank_ranges(values: ArrayLike, *, higher_is_better: bool = True) -> NDArray[np.int64]:
    r"""`(model, draw)` to `(model, 2)`: the 2.5 and 97.5 % percentiles of the rank over draws.

    The rank in a draw is one more than the number of models that are strictly better, 1 the best.

    >>> rank_ranges([[3.0, 3.0], [1.0, 2.0], [2.0, 1.0]]).tolist()
    [[1, 1], [2, 3], [2, 3]]
    """
    values = np.asarray(values, dtype=float) * (1 if higher_is_better else -1)
    ranks = np.array([1 + (values > own).sum(0) for own in values])  # (model, draw)
    return np.quantile(ranks, LEVELS, axis=1, method="inverted_cdf").T.astype(np.int64)


def chances_of_best(values: ArrayLike) -> Floats:
    """`(model, draw)` to `(model,)`: the share of draws in which each is highest; ties share one.

    Who has -inf in a draw does not take part in it.

    >>> chances_of_best([[3.0, 1.0], [3.0, 2.0]]).tolist()
    [0.25, 0.75]
    >>> chances_of_best([[-np.inf, 1.0], [-np.inf, -np.inf]]).tolist()
    [0.5, 0.0]
    """
    values = np.asarray(values, dtype=float)
    best = (values == values.max(0)) & np.isfinite(values)  # (model, draw)
    return (best / np.maximum(best.sum(0), 1)).mean(1)


def may_be_best(scores: ArrayLike, values: ArrayLike) -> NDArray[np.bool_]:
    r"""`(model,)` and `(model, draw)` to `(model,)`: the 95 % confidence set of the best.

    With scores $m$ and their draws $D$, model $i$ is in it if it lies no further below the first
    than chance puts the best below others: $\max_j (m_j - m_i) \le q_i$, the 95 % quantile over
    draws of $\max_j [(D_j - m_j) - (D_i - m_i)]$. Who is not in it is dropped, and the others are
    compared anew, until all are in: what is surely worse says nothing of the chance of the rest.

    Of ten tasks or more the set holds the true best in about 95 of 100 cases, however many models
    there are; of fewer, less often. Intervals of differences to whoever came first leave it out
    more often the more there are, as the first of many owes its place to luck as well.

    Source: Hsu 1984, "Constrained simultaneous confidence intervals for multiple comparisons with
    the best", Annals of Statistics 12; Hansen, Lunde and Nason 2011, "The model confidence set",
    Econometrica 79, for comparing anew.
    We differ: quantiles of a paired bootstrap. Differences are not divided by their deviation,
    which of few tasks is known so badly that the set would leave the best out two to four times
    as often.

    >>> draws = np.array([[3.0, 2.9, 3.1, 3.0], [2.9, 3.0, 2.8, 2.9], [1.0, 1.1, 0.9, 0.8]])
    >>> may_be_best(draws.mean(1), draws).tolist()
    [True, True, False]
    """
    scores = np.asarray(scores, dtype=float)
    noise = np.asarray(values, dtype=float) - scores[:, None]  # (model, draw)
    left = np.arange(len(scores))
    while True:
        rest = noise[left]
        reach = np.array([np.quantile((rest - own).max(0), BEST) for own in rest])
        stays = np.round(scores[left].max() - scores[left] - reach, DECIMALS) <= 0
        left = left[stays]
        if stays.all():
            return np.isin(np.arange(len(scores)), left)


def wilson(count: int, total: int) -> tuple[float, float]:
    r"""95 % interval of a share p of n; (0, 1) where nothing was counted.

    $\frac{p + z^2/2n \pm z\sqrt{p(1-p)/n + z^2/4n^2}}{1 + z^2/n}$ with z = 1.96.

    Source: Wilson 1927, "Probable inference, the law of succession, and statistical inference".
    """
    if not total:
        return 0.0, 1.0
    share, z = count / total, NormalDist().inv_cdf(LEVELS[1])
    middle = share + z**2 / (2 * total)
    half = z * sqrt(share * (1 - share) / total + z**2 / (4 * total**2))
    whole = 1 + z**2 / total
    low, high = (middle - half) / whole, (middle + half) / whole
    return 0.0 if count == 0 else low, 1.0 if count == total else high  # but for the last bit


def arranged(cells: Iterable[Cell]) -> tuple[Lots, Floats]:
    """What resampling needs to know of cells, and all values, `(value,)`, in the same order.

    Sorted, as sums of floats depend on their order.
    """
    ordered = sorted(cells, key=lambda cell: (cell.family, cell.unit, cell.task, cell.budget))
    units: dict[str, dict[str, int]] = defaultdict(dict)
    tasks: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    lots = []
    for cell in ordered:
        named, own = cell.unit, units[cell.family]
        equal = tasks[cell.family, named]
        unit = own.setdefault(named, len(own))
        task = equal.setdefault(cell.task, len(equal))
        lots.append(Lot(cell.family, unit, task, cell.budget, len(cell.values)))
    return tuple(lots), np.concatenate([cell.values for cell in ordered] or [np.empty(0)])


def _middle_mean(values: Floats, weight: Floats) -> float:
    """Weighted mean of what lies between the quartiles; values on their edge count in part."""
    order = np.argsort(values, kind="stable")
    ends = np.cumsum(weight[order]) / weight.sum()  # (value,)
    inside = np.clip(ends, 0.25, 0.75) - np.clip(ends - weight[order] / weight.sum(), 0.25, 0.75)
    return float(inside @ values[order] / inside.sum())
