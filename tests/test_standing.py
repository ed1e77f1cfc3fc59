"""Who stands on a board with what: cells that are missing, left out, superseded or counted once."""

import pytest
from ledgers import PLACES, RECIPE, environment, failed, grid, pool, record, rows, speed

from kansci.api import get_board
from kansci.boards.board import rank
from kansci.recipe import Optimizer
from kansci.statistics.standing import sliced


def test_a_missing_cell_keeps_a_model_off_the_ranking_and_at_the_end():
    records = [one for one in pool() if (one.model, one.budget) != ("model-3", 1000)]
    last = rank(get_board("accuracy"), records)[-1]
    assert (last.model, last.missing, last.tasks) == ("model-3", 3, 3)
    assert last.score is last.rank is last.low is None


@pytest.mark.parametrize("status", ["not_applicable", "does_not_fit"])
def test_what_does_not_apply_or_fit_is_left_out_and_counted(status):
    whole, records = rows("accuracy", grid("a", 0)), grid("a", 0)
    records = [one for one in records if one.family != "pde"]
    records += [failed("a", place, status) for place in PLACES if place[0] == "pde"]
    row = rows("accuracy", [*records, *grid("b", 1)])["a"]
    assert getattr(row, status) == 2
    assert (row.failed, row.missing, row.tasks) == (0, 0, 4)
    assert row.score == pytest.approx(whole["a"].columns["feynman"])
    nothing = rows("accuracy", [failed("a", place, status) for place in PLACES])["a"]
    assert nothing.score is nothing.rank is None
    assert getattr(nothing, status) == 6


def test_slices_choose_records_by_suite_family_and_budget_and_timings_by_budget_alone():
    records = [*grid("a", 0), record("a", suite="other"), speed("a", budget=250), speed("a")]
    assert len(sliced(records)) == len(records)
    assert [one.suite for one in sliced(records, suites=["other"])] == ["other"] + ["custom"] * 2
    few = sliced(records, families=["pde"], budgets=[250])
    assert [(one.family, one.budget) for one in few] == [("pde", 250)] * 2 + [("speed", 250)]


def test_a_method_displaces_nobody_who_uses_none():
    plain = [record(model) for model in "ab"]
    recipe = RECIPE.model_copy(update={"method": "ewc", "strength": 500.0})
    ewc = [
        record(model, errors=[1e-5] * 3, recipe=recipe, started="2026-01-01") for model in "abcd"
    ]
    found = rows("accuracy", [*plain, *ewc])
    assert found["a"].score == pytest.approx(1)
    assert (found["a"].unused, found["a"].stale, found["c"].missing) == (1, 0, 1)
    assert rows("accuracy", ewc)["c"].score == pytest.approx(5)


def test_a_joint_training_displaces_nobody_and_is_of_use():
    joint = record("a", errors=[1e-5] * 3, recipe=RECIPE.model_copy(update={"method": "joint"}))
    row = rows("accuracy", [record("a"), record("b"), joint])["a"]
    assert (row.score, row.unused) == (pytest.approx(1), 0)
    assert rows("accuracy", [joint])["a"].score == pytest.approx(5)


def test_a_sample_by_another_recipe_takes_over_no_cell():
    patient = RECIPE.model_copy(update={"optimizers": (Optimizer(evaluations=40),)})
    sample = [
        one.updated(recipe=patient, key="patient", errors=(((1e-6,) * 3,),))
        for one in pool()
        if one.family == "pde"
    ]
    newer = [one.updated(environment=environment("2027-01-01"), suite="patient") for one in sample]
    before, after = rows("accuracy", pool()), rows("accuracy", [*pool(), *newer])
    for model, row in after.items():
        assert (row.score, row.unused) == (before[model].score, 2)


def test_of_a_model_whose_file_changed_only_the_newest_source_counts():
    old = [record("a", place, model_source="old") for place in PLACES]
    new = record("a", PLACES[0], model_source="new", started="2026-01-01")
    other = [record("b", place) for place in PLACES]
    found = rows("accuracy", [*old, new, *other])
    assert (found["a"].stale, found["a"].missing, found["a"].rank) == (6, 5, None)
    assert (found["b"].stale, found["b"].missing, found["b"].rank) == (0, 0, 1)


def test_a_task_that_stands_in_another_cluster_is_another_content():
    records = [record(model, cluster="waves") for model in "ab"]
    found = rows("accuracy", [*records, record("c")])
    assert (found["c"].stale, found["c"].missing, found["a"].stale) == (1, 1, 0)


def test_only_the_most_frequent_content_of_a_task_counts_and_ties_go_to_the_newest():
    old = [record(model, task_content="old") for model in "ab"]
    new = record("c", task_content="new", started="2026-01-01")
    found = rows("accuracy", [*old, new])
    assert (found["c"].stale, found["c"].missing, found["a"].stale) == (1, 1, 0)
    found = rows("accuracy", [old[0], new])
    assert (found["c"].stale, found["a"].stale, found["a"].missing) == (0, 1, 1)


def test_records_of_another_recipe_are_not_mixed_but_other_seeds_are():
    longer = RECIPE.model_copy(update={"optimizers": (Optimizer(evaluations=40),)})
    seeds = RECIPE.model_copy(update={"evaluation_seeds": (0, 1, 2, 3, 4)})
    records = [record(model) for model in "abc"]
    extra = record("a", errors=[1e-5] * 3, recipe=longer, key="longer")
    more = record("b", errors=[1e-2] * 5, recipe=seeds, key="more")
    found = rows("accuracy", [*records, extra, more])
    assert (found["a"].score, found["a"].unused) == (pytest.approx(1.0), 1)
    assert (found["b"].score, found["b"].unused) == (pytest.approx(2.0), 1)


def test_equal_tasks_count_once_in_scores_and_cells():
    equal = [
        record("a", ("feynman", name, 250), [0.1] * 3, cluster="gauss") for name in ("x", "y", "z")
    ]
    row = rows("accuracy", [*equal, record("a", ("feynman", "w", 250), [0.001] * 3)])["a"]
    assert row.score == pytest.approx((1 + 3) / 2)
    assert row.tasks == 2
