"""Golden numbers: where one of them moves, a commit moves numbers, and has to say so.

A commit that means to move them starts with `numbers:`, shows before and after, and puts the new
ones here; `python tests/test_golden.py` prints them.
"""

import pytest

from kansci.discover import get_task
from kansci.models import get_model
from kansci.recipe import Optimizer, Recipe
from kansci.runner import run

RECIPE = Recipe(
    optimizers=(Optimizer(evaluations=50),),
    rates=(1e-2, 3e-2),
    tuning_seeds=(100,),
    evaluation_seeds=(0, 1, 2),
    dtype="float64",
    points=64,
)
GOLDEN = {  # the rate that was chosen, and the error of each member
    ("feynman27/I.12.11", "kan"): (0.03, [0.240851, 0.311736, 0.251434]),
    ("poisson", "kan"): (0.01, [0.479435, 0.687283, 0.413532]),
}


def numbers(task, model):
    record = run(get_task(task), get_model(model), 250, RECIPE)
    return record.rate, list(record.errors[-1][0])


@pytest.mark.parametrize("cell", GOLDEN, ids="-".join)
def test_numbers_are_those_of_the_last_commit_that_moved_them(cell):
    rate, errors = GOLDEN[cell]
    assert numbers(*cell) == (rate, pytest.approx(errors, rel=1e-3))


if __name__ == "__main__":
    for one in GOLDEN:
        print(f"    {one}: {numbers(*one)},".replace("'", '"'))
