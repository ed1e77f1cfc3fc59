"""Refining a grid lowers the error with the fourth power of its cells."""

from collections.abc import Iterator

import numpy as np

from kansci.claims import Claim, Measurement, Quantity, Verdict
from kansci.claims.experiments import final, lbfgs, trained
from kansci.claims.measurement import geometric_mean, mean
from kansci.claims.verdict import Word, together
from kansci.discover import get_model

FIRST, TIMES, EVALUATIONS = 5, 5, 200
CELLS = tuple(FIRST * 2**n for n in range(TIMES))  # 5 to 80
LAW = 20  # cells from which the law is read off: coarser grids do not resolve the functions
FUNCTIONS = {"toy/bessel": (1, 1), "toy/exp_sine": (2, 1, 1), "toy/product": (2, 2, 1)}
POWER = 4.0


def measure() -> Iterator[Quantity | str]:
    for task, widths in FUNCTIONS.items():
        model = get_model("kan", widths=widths, grid=FIRST)
        errors = np.array(
            [
                final(trained(task, model, lbfgs(*[EVALUATIONS] * count, refine=2)))
                for count in range(1, TIMES + 1)
            ]
        )  # (grid, seed)
        for cells, row in zip(CELLS, errors, strict=True):
            yield geometric_mean(f"NRMSE on {cells} cells, {task}", row)
        among = np.array(CELLS) >= LAW
        slopes = np.polyfit(np.log(np.array(CELLS)[among]), np.log(errors[among]), 1)[0]
        yield mean(f"power from {LAW} to {CELLS[-1]} cells, {task}", -slopes)


def verdict(found: Measurement) -> Verdict:
    powers = found.starting("power")
    words: list[Word] = [
        "does not hold" if one.low <= 0 else "holds" if one.high >= POWER else "holds in part"
        for one in powers
    ]
    said = ", ".join(f"{one} for {one.name.rpartition('/')[2]}" for one in powers)
    return Verdict(together(words), f"Errors fall with these powers of the cells: {said}.")


claim = Claim(
    id="C23",
    title="grid extension: the fourth power",
    claim=(
        "A trained KAN can be refined: as its grid grows, its error falls like the inverse fourth "
        "power of the cells, until there are too few points."
    ),
    source="Liu et al. 2024, arXiv:2404.19756, sections 2.4 and 3.1",
    cited=("liu2024kan",),
    setting="Toy functions, 1 000 points, cubic, 3 to 1 000 cells in turn, 1 800 steps of L-BFGS.",
    ours=(
        "5 to 80 cells by halving, 200 evaluations of L-BFGS in float64 on each grid, five seeds; "
        "NRMSE on 10 000 other points, the power from 20 to 80 cells. It "
        "holds if its interval reaches four."
    ),
    measure=measure,
    verdict=verdict,
)
