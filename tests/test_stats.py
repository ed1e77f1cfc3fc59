"""Laws of the statistics."""

import doctest

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest, rankdata, trim_mean

from kansci.statistics import stats
from kansci.statistics.resampling import weights
from kansci.statistics.stats import (
    Cell,
    arranged,
    chances_of_best,
    decades,
    hierarchical_mean,
    interquartile_mean,
    interval,
    may_be_best,
    rank_ranges,
    replicates,
    wilson,
)

positive = st.floats(1e-12, 1e12)


def cells(seed, members=5, tasks=6, spread=0.3):
    rng = np.random.default_rng(seed)
    return [
        Cell(family, f"{family}-{task}", budget, rng.normal(2, 1) + rng.normal(0, spread, members))
        for family in ("feynman", "pde")
        for task in range(tasks)
        for budget in (250, 1000)
    ]


def test_the_examples_in_the_docstrings_hold():
    assert doctest.testmod(stats).failed == 0


@given(positive, positive)
def test_decades_fall_as_the_error_rises_and_stay_in_their_range(a, b):
    low, high = decades(max(a, b)), decades(min(a, b))
    assert 0 <= low <= high <= 6


@given(positive, st.floats(0.5, 1.5))
def test_the_trivial_error_is_zero_decades_and_units_do_not_matter(error, trivial):
    assert decades(trivial, trivial) == 0
    np.testing.assert_allclose(decades(error * trivial, trivial), decades(error), atol=1e-9)


def test_errors_of_zero_end_at_the_cap():
    assert decades(0.0) == 6
    assert decades(0.0, cap=3) == 3


@given(st.permutations(range(24)))
@settings(max_examples=20)
def test_the_order_of_cells_changes_nothing(order):
    ordered = cells(0)
    shuffled = [ordered[i] for i in order]
    assert hierarchical_mean(shuffled) == hierarchical_mean(ordered)
    np.testing.assert_array_equal(replicates(shuffled, draws=20), replicates(ordered, draws=20))


def test_families_weigh_the_same_however_many_tasks_they_have():
    many = [Cell("feynman", str(i), 250, np.ones(3)) for i in range(9)]
    assert hierarchical_mean([*many, Cell("pde", "heat", 250, np.full(3, 3.0))]) == 2


def test_without_any_spread_every_draw_is_the_mean():
    same = [Cell(f, t, b, np.full(4, 2.5)) for f in "xy" for t in "abc" for b in (1, 2)]
    np.testing.assert_allclose(replicates(same, draws=50), 2.5)
    np.testing.assert_allclose(replicates(same, tasks=False, draws=50), 2.5)


def test_with_one_member_each_other_seeds_would_give_the_same():
    single = cells(0, members=1)
    np.testing.assert_allclose(replicates(single, tasks=False, draws=50), hierarchical_mean(single))


def test_the_draws_are_centred_on_the_mean():
    own = cells(1)
    for tasks in (True, False):
        drawn = replicates(own, tasks=tasks)
        assert abs(drawn.mean() - hierarchical_mean(own)) < 4 * drawn.std() / np.sqrt(len(drawn))


def test_the_spread_is_that_of_the_two_stages():
    own = cells(2, members=50, tasks=20)
    means = {}
    for cell in own:
        means.setdefault((cell.family, cell.task), []).append(cell.values.mean())
    levels = np.array([np.mean(budgets) for budgets in means.values()]).reshape(2, 20)
    between = levels.var(1).mean() / (2 * 20)
    within = np.mean([cell.values.var() for cell in own]) / (50 * len(own))
    assert replicates(own, tasks=False).var() == pytest.approx(within, rel=0.15)
    assert replicates(own).var() == pytest.approx(between + within, rel=0.15)


def test_models_with_the_same_cells_have_the_same_draws():
    own = cells(3)
    shifted = [cell._replace(values=cell.values + 1) for cell in own]
    np.testing.assert_allclose(replicates(shifted), replicates(own) + 1)


def test_ragged_cells_draw_only_members_they_have():
    own = [Cell("pde", "heat", 250, np.array([1.0])), Cell("pde", "wave", 250, np.full(9, 2.0)),
           Cell("pde", "wave", 1000, np.full(4, 4.0))]  # fmt: skip
    drawn = replicates(own)
    assert set(np.unique(drawn)) == {1.0, 2.0, 3.0}


def test_more_members_of_another_task_leave_the_draws_of_a_task_alone():
    one = [Cell("pde", "heat", 250, np.arange(3.0))]
    other = [Cell("feynman", "I.6.20", 250, np.zeros(9))]
    np.testing.assert_allclose(replicates(one + other), replicates(one) / 2)


def test_the_interval_of_tasks_and_members_is_wider_than_that_of_members():
    own = cells(4)
    low, high = interval(replicates(own))
    seed_low, seed_high = interval(replicates(own, tasks=False))
    assert low < seed_low < hierarchical_mean(own) < seed_high < high


def test_equal_models_share_the_first_rank_and_clear_ones_have_their_own():
    own = cells(5)
    better = [cell._replace(values=cell.values + 2) for cell in own]
    values = np.stack([replicates(own), replicates(own), replicates(better)])
    assert rank_ranges(values).tolist() == [[2, 2], [2, 2], [1, 1]]
    assert rank_ranges(values, higher_is_better=False).tolist() == [[1, 1], [1, 1], [3, 3]]


def test_nothing_has_no_mean():
    assert np.isnan(hierarchical_mean([]))
    assert np.isnan(replicates([], draws=3)).all()


def test_a_cluster_weighs_as_much_as_one_task_and_is_drawn_as_one():
    alone = Cell("feynman", "a", 250, np.full(3, 4.0))
    equal = [Cell("feynman", name, 250, np.full(3, 1.0), "gauss") for name in "bcd"]
    assert hierarchical_mean([alone, *equal]) == 2.5
    assert set(replicates([alone, *equal])) == {1.0, 2.5, 4.0}


def test_members_of_equal_tasks_are_drawn_each_for_itself():
    values = np.arange(5.0)
    equal = [Cell("feynman", name, 250, values, "gauss") for name in "ab"]
    single = replicates(equal[:1], tasks=False)
    assert replicates(equal, tasks=False).var() == pytest.approx(single.var() / 2, rel=0.15)


def test_weights_are_means_and_depend_on_no_value():
    lots, values = arranged(cells(0, members=3))
    table = weights(lots)
    np.testing.assert_allclose(table.sum(1), 1)
    assert table.min() == 0
    assert weights(arranged(cells(1, members=3))[0]) is table
    np.testing.assert_allclose(replicates(cells(0, members=3)), table @ values, atol=1e-8)


def test_each_draw_takes_as_many_tasks_and_members_as_there_are():
    lots, _ = arranged([Cell("pde", task, 250, np.zeros(5)) for task in "abc"])
    times = weights(lots, draws=50) * 15
    np.testing.assert_allclose(times, times.round(), atol=1e-9)
    np.testing.assert_allclose(times.sum(1), 15)
    assert not (times.reshape(50, 3, 5).sum(2).round() % 5).any()


def test_the_interquartile_mean_is_that_of_scipy_in_each_family():
    rng = np.random.default_rng(0)
    own = [Cell(f, t, 250, rng.normal(size=4)) for f in ("x", "y") for t in "abc"]
    by_family = [np.concatenate([c.values for c in own if c.family == f]) for f in ("x", "y")]
    assert interquartile_mean(own) == pytest.approx(np.mean(trim_mean(by_family, 0.25, axis=1)))


def test_the_interquartile_mean_hides_failures_that_the_mean_shows():
    own = [Cell("pde", task, 250, np.array([3.0, 3.0, 3.0, 3.0, 0.0])) for task in "abcd"]
    assert interquartile_mean(own) == 3.0
    assert hierarchical_mean(own) == pytest.approx(2.4)


def test_who_may_be_the_best_lies_no_further_below_the_first_than_paired_draws_reach():
    draws = np.random.default_rng(0).normal(size=500)
    always, on_the_whole = draws - 0.1, draws[::-1] - 0.1  # worse than the first
    for other, level in ((always, False), (on_the_whole, True)):
        values = np.stack([draws, other])
        assert may_be_best(values.mean(1), values).tolist() == [True, level]
        assert chances_of_best(values).sum() == pytest.approx(1)


def test_who_is_surely_worse_lets_nobody_else_into_the_set_of_the_best():
    rng = np.random.default_rng(0)
    draws = 0.01 * rng.normal(size=(2, 500)) + np.array([[1.0], [0.9]])
    wild = rng.normal(size=500) - 99
    both = np.stack([*draws, wild])
    assert may_be_best(both.mean(1), both).tolist() == [True, False, False]


@pytest.mark.parametrize("models", [2, 15])
def test_of_models_that_are_all_alike_each_is_in_the_set_of_the_best_19_times_in_20(models: int):
    """However many; the interval of a difference to the first leaves out one in five of 15."""
    rng = np.random.default_rng(0)
    held = []
    for _ in range(200):
        drawn = rng.normal(size=(models, 400))  # (model, task)
        means = drawn.mean(1)
        pick = rng.integers(0, 400, (300, 400))
        held += may_be_best(means, drawn[:, pick].mean(-1)).tolist()[:1]
    assert 0.91 < np.mean(held) <= 0.99


@pytest.mark.parametrize(("count", "total"), [(0, 1), (1, 1), (0, 10), (3, 10), (499, 1_000)])
def test_wilsons_interval_is_that_of_scipy(count: int, total: int):
    found = binomtest(count, total).proportion_ci(method="wilson")
    assert wilson(count, total) == pytest.approx((found.low, found.high), abs=1e-12)


def test_wilsons_interval_of_nothing_is_everything():
    assert wilson(0, 0) == (0, 1)


@pytest.mark.parametrize("higher_is_better", [True, False])
def test_ranks_are_those_of_scipy(higher_is_better: bool):
    values = np.random.default_rng(0).normal(size=(9, 500)).round(1)  # with ties
    ranks = rankdata(-values if higher_is_better else values, method="min", axis=0)
    wanted = np.quantile(ranks, (0.025, 0.975), axis=1, method="inverted_cdf").T
    np.testing.assert_array_equal(rank_ranges(values, higher_is_better=higher_is_better), wanted)
