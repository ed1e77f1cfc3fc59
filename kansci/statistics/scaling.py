r"""What more numbers buy: ladders of a model, and the exponent of its errors' fall.

For budgets $b$ of task $t$, $\log_{10}(e_{tb}/e^0_t) = a_t - \alpha \log_{10} N_{tb}$: every task
has an intercept of its own and all share the exponent. Least squares over the means of cells gives

$$\alpha = \frac{\sum_{tb} w_{tb} (x_{tb} - \bar x_t)\, d_{tb}}
                {\sum_{tb} w_{tb} (x_{tb} - \bar x_t)^2}$$

with $x = \log_{10} N$, $d$ the decades and $w_{tb}$ what a cell counts in every other mean:
families weigh the same, tasks that are equal up to names count once, and a task's budgets share
what it counts.

Source: Kaplan et al. 2020, "Scaling laws for neural language models", arXiv:2001.08361, section
1.2, for the power law; Liu et al. 2024, "KAN", arXiv:2404.19756, section 2.3, for its exponent as
what KANs are said to be better in.
We differ: failed members count as the trivial predictor, as everywhere, and flatten the line.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

import numpy as np

from kansci.record import Record
from kansci.statistics.resampling import shares, weights
from kansci.statistics.standing import Standing, at_every_budget, decades_of, final
from kansci.statistics.stats import CAP, Floats, arranged, hierarchical_mean, interval


class Rung(NamedTuple):
    """A model at one budget."""

    parameters: float
    decades: float


class Scaling(NamedTuple):
    """An exponent, 0.5 if a hundred times the numbers make the error ten times smaller.

    Attributes:
        low, high: 95 %, over other tasks of the kind and other seeds.
        bounds: cells that are left out, as their decades are a bound and no measurement.
    """

    exponent: float
    low: float
    high: float
    bounds: int


def scaling(standing: Standing) -> Scaling | None:
    """The exponent of a model; `None` unless a task has two budgets or more to draw a line through.

    A cell where a member is better than can be scored, or where none got below the trivial
    predictor, says only how small or large the error is at least: it is left out, and counted.
    """
    cells = standing.cells(final)
    kept = [measured(record) for record in standing.scored]
    sizes = [
        one._replace(values=np.full(len(one.values), x))
        for one, x in zip(cells, _centred(standing.scored, kept), strict=True)
    ]
    lots, reached = arranged(cells)
    x = arranged(sizes)[1]  # (value,), in the same order
    if not np.square(x).any():
        return None
    point = _slope(shares(lots), x, reached)
    draws = _slope(weights(lots), x, reached)  # (draw,)
    low, high = interval(draws[np.isfinite(draws)])
    return Scaling(float(point), low, high, kept.count(False))


def measured(record: Record) -> bool:
    """Whether the decades of a cell are a measurement, and no bound."""
    reached = decades_of(record)[-1]  # (probe, member)
    return bool(reached.max() > 0 and reached.max() < CAP)


def ladders(found: Iterable[Standing]) -> dict[str, dict[int, Rung]]:
    """By model and budget: the median of its numbers and its decades, on tasks that all share.

    Only tasks that ran at every budget count, as a mean over others would be no scaling; what does
    not apply or fit has 0 decades. Models with a cell missing have no ladder.
    """
    whole = [one for one in found if one.records and not one.missing]
    tasks = at_every_budget(whole)
    return {one.model: _ladder(one, tasks) for one in whole}


def front(found: dict[str, dict[int, Rung]]) -> list[Rung]:
    """Rungs that no other beats in one of (numbers, decades) without losing in the other."""
    best: list[Rung] = []
    every = {rung for ladder in found.values() for rung in ladder.values()}
    for rung in sorted(every, key=lambda rung: (rung.parameters, -rung.decades)):
        if not best or rung.decades > best[-1].decades:
            best.append(rung)
    return best


def _ladder(standing: Standing, tasks: Collection[str]) -> dict[int, Rung]:
    cells = [cell for cell in standing.cells(final, every=True) if cell.task in tasks]
    records = [record for record in standing.records if record.task in tasks]
    found = {}
    for budget in sorted({cell.budget for cell in cells}):
        sizes = [one.numbers for one in records if one.budget == budget]
        mean = hierarchical_mean(cell for cell in cells if cell.budget == budget)
        found[budget] = Rung(float(np.median(sizes)), mean)
    return found


def _centred(records: Sequence[Record], kept: Sequence[bool]) -> list[float]:
    """log10 N of each Record minus its task's mean; 0, which has no say, for bounds."""
    sizes = [np.log10(record.numbers) for record in records]
    own: dict[str, list[float]] = defaultdict(list)
    for record, size, one in zip(records, sizes, kept, strict=True):
        if one:
            own[record.task].append(size)
    means = {task: np.mean(found) for task, found in own.items()}
    return [
        float(size - means[record.task]) if one else 0.0
        for record, size, one in zip(records, sizes, kept, strict=True)
    ]


def _slope(weight: Floats, x: Floats, reached: Floats) -> Floats:
    """`(*, value)` to `(*)`; NaN for a draw of tasks that have no line."""
    below = weight @ np.square(x)
    return np.divide(
        weight @ (x * reached), below, out=np.full_like(below, np.nan), where=below > 0
    )
