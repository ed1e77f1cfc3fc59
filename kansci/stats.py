"""Statistics of boards: decades, means of equal weight, and a paired bootstrap.

Members are averaged into a budget of a task, budgets into the task, tasks into their family and
families into the score, each with the same weight. Means, since a median hides failures: of what
a fifth of failing members costs, it shows less than half.

Source: Agarwal et al. 2021, "Deep reinforcement learning at the edge of the statistical
precipice", arXiv:2108.13264, for the stratified bootstrap.
We differ: no interquartile mean, which trims failures away; tasks are drawn as well as members.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

CAP = 6.0  # single precision ends near 1e-7 of the trivial error
DRAWS = 2_000
LEVELS = (0.025, 0.975)


class Cell(NamedTuple):
    """What a model's members got on one task at one budget; `values` is `(member,)`."""

    family: str
    task: str
    budget: int
    values: Floats


def decades(errors: ArrayLike, trivial: float = 1.0, cap: float = CAP) -> Floats:
    r"""`(*,)` to `(*,)`: $\log_{10}(\mathrm{trivial}/e)$, clipped to [0, cap].

    0 is the trivial predictor, 3 a thousand times better. NaN and infinity count as 0: a member
    that failed is worth as much as the trivial predictor.

    >>> decades([1.0, 0.001, 1e-9, 50.0, float("nan")]).tolist()
    [0.0, 3.0, 6.0, 0.0, 0.0]
    """
    e = np.asarray(errors, dtype=float)
    e = np.where(np.isfinite(e), e, trivial)
    return np.clip(np.log10(trivial / np.maximum(e, 1e-300)), 0.0, cap)


def hierarchical_mean(cells: Iterable[Cell]) -> float:
    r"""Mean over members, then budgets of a task, tasks of a family, families; NaN for no cells.

    >>> a = [Cell("pde", "heat", 250, np.array([1.0, 3.0])), Cell("pde", "wave", 250, np.ones(1))]
    >>> hierarchical_mean([*a, Cell("feynman", "I.6.20", 250, np.array([4.0]))])
    2.75
    """
    families = [
        np.mean([np.mean([cell.values.mean() for cell in task]) for task in tasks.values()])
        for tasks in _by_family(cells).values()
    ]
    return float(np.mean(families)) if families else float("nan")


def replicates(cells: Iterable[Cell], *, tasks: bool = True, draws: int = DRAWS) -> Floats:
    """`(draw,)`: hierarchical means of bootstrapped cells.

    In two stages: as many tasks as a family has are drawn from it, each with its budgets, then
    for each of them as many members as the cell has. With `tasks=False` the tasks stay, and only
    members are drawn: "would other seeds give this?".

    What is drawn depends on nothing but the names of family and budget, so it is the same for all
    models that have the same cells (paired), and no model moves another's interval.
    """
    families = [
        _family_replicates(family, list(own.values()), tasks, draws)
        for family, own in _by_family(cells).items()
    ]
    return np.mean(families, axis=0) if families else np.full(draws, np.nan)  # (draw,)


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
    from scipy.stats import rankdata  # takes a second to load, which trainings need not

    values = np.asarray(values, dtype=float)
    ranks = rankdata(-values if higher_is_better else values, method="min", axis=0)
    return np.quantile(ranks, LEVELS, axis=1, method="inverted_cdf").T.astype(np.int64)


def _by_family(cells: Iterable[Cell]) -> dict[str, dict[str, list[Cell]]]:
    """Family, task, cells; sorted, as sums of floats depend on their order."""
    families: dict[str, dict[str, list[Cell]]] = {}
    for cell in sorted(cells, key=lambda cell: cell[:3]):
        families.setdefault(cell.family, {}).setdefault(cell.task, []).append(cell)
    return families


def _family_replicates(
    family: str, tasks: Sequence[Sequence[Cell]], resample: bool, draws: int
) -> Floats:
    """`(draw,)`: the family's mean; slot by slot, so that a task drawn twice has other members."""
    tables = {
        budget: _table(tasks, budget)
        for budget in sorted({cell.budget for cells in tasks for cell in cells})
    }
    total = np.zeros(draws)
    for slot in range(len(tasks)):
        pick = np.full(draws, slot)
        if resample:
            pick = (_stream(family, slot).random(draws) * len(tasks)).astype(int)
        members, budgets = np.zeros(draws), np.zeros(draws)
        for budget, (values, counts) in tables.items():
            count = counts[pick]  # (draw,)
            u = _stream(family, slot, budget).random((values.shape[1], draws))
            taken = values[pick, (u * count).astype(int)]  # (member, draw)
            drawn = np.arange(len(taken))[:, None] < count
            members += (taken * drawn).sum(0) / np.maximum(count, 1)
            budgets += count > 0
        total += members / budgets
    return total / len(tasks)


def _table(tasks: Sequence[Sequence[Cell]], budget: int) -> tuple[Floats, NDArray[np.int64]]:
    """Values `(task, member)`, filled up with zeros, and how many each task has, `(task,)`."""
    found = [
        next((cell.values for cell in cells if cell.budget == budget), np.empty(0))
        for cells in tasks
    ]
    counts = np.array([len(values) for values in found])
    table = np.zeros((len(tasks), counts.max()))
    for row, values in zip(table, found, strict=True):
        row[: len(values)] = values
    return table, counts


def _stream(*purpose: object) -> np.random.Generator:
    """Random numbers of one purpose; rows of members come in order, so that more change none."""
    return np.random.default_rng(list(sha256(repr(purpose).encode()).digest()))
