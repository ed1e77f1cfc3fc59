"""How often boards are right about what is made up, where the truth is known.

    python benchmarks/coverage.py

Tasks of a family are drawn from a normal distribution of decades, seeds of a task from another
about it, and models differ on each task by chance. So the true score is known, which a 95 %
interval should hold in 95 of 100 cases, and all models are equally good, so that each should be
among those that may be the best as often. Percentiles of few tasks are too narrow: this says by how
much.
"""

from typing import NamedTuple

import numpy as np

from kansci.statistics.stats import Cell, hierarchical_mean, interval, may_be_best, replicates

TRIALS = 2_000
TASKS, MODELS, SEEDS = 0.6, 0.3, 0.15  # decades: spread of tasks, of a model on a task, of seeds


class Grid(NamedTuple):
    """How many tasks each family has, seeds of a cell, and contenders."""

    families: tuple[int, ...]
    seeds: int = 5
    models: int = 15


GRIDS = {
    "one family of 4 tasks": Grid((4,)),
    "one family of 10 tasks, as forgetting in the edition": Grid((10,)),
    "one family of 26 tasks": Grid((26,)),
    "families of 11, 26 and 12 tasks, as in the edition": Grid((11, 26, 12)),
    "one family of 2 tasks, as forgetting in the suite quick": Grid((2,), seeds=3, models=8),
    "families of 2, 6 and 2 tasks, as in the suite quick": Grid((2, 6, 2), seeds=3, models=8),
}


def main() -> None:
    random = np.random.default_rng(0)
    for name, grid in GRIDS.items():
        missed, left_out = np.mean([wrong(random, grid) for _ in range(TRIALS)], 0)
        print(
            f"{name}: {_per_cent(missed)} of intervals miss the true score; "
            f"{_per_cent(left_out)} of {grid.models} equal models are not among the best"
        )


def wrong(random: np.random.Generator, grid: Grid) -> tuple[bool, bool]:
    """Whether the interval of one made-up model misses its true score, 0, and it is left out."""
    truth = [random.normal(0, TASKS, count) for count in grid.families]
    every = [cells(random, truth, grid) for _ in range(grid.models)]
    scores = [hierarchical_mean(own) for own in every]
    drawn = np.stack([replicates(own) for own in every])
    low, high = interval(drawn[0])
    return not low <= 0 <= high, not may_be_best(scores, drawn)[0]


def cells(random: np.random.Generator, truth: list[np.ndarray], grid: Grid) -> list[Cell]:
    """One model on all tasks, at one budget."""
    found = []
    for number, levels in enumerate(truth):
        own = levels + random.normal(0, MODELS, len(levels))
        values = own[:, None] + random.normal(0, SEEDS, (len(levels), grid.seeds))
        found += [
            Cell(f"family {number}", f"task {task:02}", 250, one) for task, one in enumerate(values)
        ]
    return found


def _per_cent(share: float) -> str:
    half = 1.96 * np.sqrt(share * (1 - share) / TRIALS)
    return f"{100 * share:.1f} +- {100 * half:.1f} %"


if __name__ == "__main__":
    main()
