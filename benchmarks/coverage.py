"""How often a board's 95 % interval holds the true score, on tasks and seeds that are made up.

    python benchmarks/coverage.py

Tasks of a family are drawn from a normal distribution of decades, seeds of a task from another
about it, so the true score is known. Percentile intervals of few tasks are too narrow, and this
says by how much.
"""

import numpy as np

from kansci.statistics.stats import Cell, hierarchical_mean, interval, replicates

TRIALS = 2_000
MEMBERS = 5
TASKS, SEEDS = 0.6, 0.15  # decades: spread of tasks of a family, and of seeds of a task
GRIDS = {
    "one family of 4 tasks": (4,),
    "one family of 11 tasks": (11,),
    "one family of 26 tasks": (26,),
    "families of 11, 26 and 12 tasks, as in the edition": (11, 26, 12),
}


def main() -> None:
    random = np.random.default_rng(0)
    for name, families in GRIDS.items():
        missed = sum(not held(random, families) for _ in range(TRIALS)) / TRIALS
        half = 1.96 * np.sqrt(missed * (1 - missed) / TRIALS)
        print(f"{name}: {100 * missed:.1f} +- {100 * half:.1f} % of intervals miss the true score")


def held(random: np.random.Generator, families: tuple[int, ...]) -> bool:
    """Whether the interval of one made-up model holds its true score, which is 0."""
    cells = [
        Cell(f"family {number}", f"task {task:02}", 250, values)
        for number, count in enumerate(families)
        for task, values in enumerate(drawn(random, count))
    ]
    low, high = interval(replicates(cells))
    assert low <= hierarchical_mean(cells) <= high
    return low <= 0 <= high


def drawn(random: np.random.Generator, count: int) -> np.ndarray:
    """Decades of every member, `(task, member)`."""
    return random.normal(0, TASKS, (count, 1)) + random.normal(0, SEEDS, (count, MEMBERS))


if __name__ == "__main__":
    main()
