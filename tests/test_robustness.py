"""Laws of what is said of other rules."""

import numpy as np
import pytest
from ledgers import RECIPE, grid, pool
from scipy.stats import kendalltau

from kansci.recipe import Optimizer
from kansci.statistics.robustness import robustness

DTYPE, WORK = "the other dtype", "4 times the work"


def by(records, others=()):
    return {row.change: row for row in robustness(records, others)}


def again(records, levels=None, **changes):
    """The same Records by a changed recipe, with errors of other levels for some models."""
    recipe = RECIPE.model_copy(update=changes)
    found = []
    for one in records:
        errors = one.errors
        if levels:
            errors = (((10.0 ** -levels[one.model],) * 3,),)
        found.append(one.updated(recipe=recipe, key=f"{one.key}/again", errors=errors))
    return found


def patient(records, levels=None, factor=4):
    return again(records, levels, optimizers=(Optimizer(evaluations=10 * factor),))


def test_the_same_order_has_a_tau_of_one_and_the_reverse_of_minus_one():
    records = pool()
    assert by(records)["cap at 4 decades"].tau == 1
    same = by(records, again(records, dtype="float64"))[DTYPE]
    assert (same.tau, same.models, same.cells) == (1, 4, 6)
    levels = {f"model-{i}": 4.0 - i for i in range(4)}
    assert by(records, patient(records, levels))[WORK].tau == -1


def test_tau_is_that_of_scipy():
    records = pool()
    levels = {"model-0": 2.0, "model-1": 1.0, "model-2": 4.0, "model-3": 3.0}
    want = kendalltau([0, 1, 2, 3], [levels[f"model-{i}"] for i in range(4)]).statistic
    assert by(records, patient(records, levels))[WORK].tau == pytest.approx(want)


def test_a_lower_cap_can_make_models_alike():
    records = [one for i in range(3) for one in grid(f"model-{i}", i, 5.5)]
    found = by(records)["cap at 4 decades"]
    assert (found.tau, found.note) == (None, "all are alike")


def test_where_there_are_no_records_the_row_says_so():
    found = by(pool())
    assert (found[DTYPE].tau, found[DTYPE].note) == (None, "no Records of it")
    assert found[WORK].note == "no Records of it"
    assert robustness([])[0].tau is None


def test_orders_are_compared_on_the_cells_that_a_sample_has_and_most_models_share():
    records = pool()
    sample = [one for one in patient(records) if one.family == "pde"]
    stray = [one for one in patient(records) if one.model == "model-0" and one.budget == 250]
    half = [one for one in sample if (one.model, one.budget) != ("model-1", 250)]
    found = by(records, [*half, *stray])[WORK]
    assert (found.models, found.cells) == (4, 1)


def test_other_work_is_said_as_a_multiple_and_two_changes_at_once_are_none():
    records = pool()
    assert by(records, patient(records, factor=10))["10 times the work"].tau == 1
    both = again(records, dtype="float64", optimizers=(Optimizer(evaluations=40),))
    found = by(records, both)
    assert set(found) == {"cap at 4 decades", "cap at 8 decades", DTYPE, WORK}
    assert found[WORK].tau is found[DTYPE].tau is None


def test_the_order_of_records_changes_nothing():
    records = [*pool(), *patient(pool())]
    shuffled = [records[i] for i in np.random.default_rng(0).permutation(len(records))]
    assert robustness(records) == robustness(shuffled)
