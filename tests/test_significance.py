"""Laws of tests between models."""

import numpy as np
import pandas as pd
import pytest
from ledgers import PLACES, grid, pool, record
from scipy import stats

from kansci.discover import home
from kansci.errors import UserError
from kansci.models import list_models
from kansci.statistics.significance import (
    Comparison,
    compare,
    friedman,
    holm,
    improvement,
    levels,
    load_comparisons,
    mean_ranks,
    p_matrix,
    wilcoxon,
)
from kansci.statistics.standing import standings
from kansci.statistics.stats import Cell, hierarchical_mean


def table(shift=(0.0, 0.5, 1.0), tasks=12, seed=0):
    rng = np.random.default_rng(seed)
    hard = rng.normal(2, 1, (tasks, 1))
    return pd.DataFrame(hard + rng.normal(0, 0.3, (tasks, len(shift))) + shift, columns=[*"abc"])


def pair(a="model-3", b="model-0"):
    return Comparison(model=a, against=b, reason="why not")


def test_levels_are_one_number_a_task_of_models_that_miss_none():
    records = [one for one in pool() if (one.model, one.task) != ("model-2", "poisson@1")]
    found = levels(standings(records))
    assert [*found.columns] == ["model-0", "model-1", "model-3"]
    assert len(found) == 3
    own = [one for one in records if (one.model, one.task) == ("model-0", "poisson@1")]
    want = np.mean([-np.log10(one.errors[0][0]) for one in own])
    assert found.loc[("pde", "poisson@1"), "model-0"] == pytest.approx(want)


def test_equal_tasks_are_one_observation():
    records = [
        record(model, ("feynman", task, 250), cluster="gauss" * (task != "c"))
        for model in "ab"
        for task in "abcd"
    ]
    assert len(levels(standings(records))) == 2


def test_friedman_is_that_of_scipy_and_silent_where_there_is_too_little():
    found = table()
    assert friedman(found) == pytest.approx(stats.friedmanchisquare(*found.to_numpy().T))
    assert friedman(found[["a", "b"]]) is None
    assert friedman(found[:1]) is None
    assert friedman(pd.DataFrame(np.ones((5, 3)))) is None
    assert friedman(pd.DataFrame()) is None


def test_holm_multiplies_the_smallest_by_all_and_never_falls():
    p = [0.01, 0.04, 0.03, 0.005]
    np.testing.assert_allclose(holm(p), [0.03, 0.06, 0.06, 0.02])
    assert len(holm([])) == 0


def test_equal_models_do_not_differ():
    a = np.arange(6.0)
    assert wilcoxon(a, a) == 1
    assert wilcoxon(a, np.where(a == 5, 5.5, a)) == 1


def test_ranks_are_means_over_tasks_and_p_values_of_all_pairs_are_corrected_together():
    found = table()
    ranks = mean_ranks(found)
    assert ranks.sum() == pytest.approx(1 + 2 + 3)
    assert [*ranks.index] == ["c", "b", "a"]
    matrix = p_matrix(found)
    raw = [wilcoxon(found[x].to_numpy(), found[y].to_numpy()) for x, y in ("ab", "ac", "bc")]
    np.testing.assert_allclose(matrix.loc["a", ["b", "c"]], holm(raw)[:2])
    assert (matrix.to_numpy() == matrix.to_numpy().T).all()
    assert (np.diag(matrix) == 1).all()


def test_the_probability_of_improvement_is_that_of_mann_and_whitney():
    rng = np.random.default_rng(0)
    a, b = rng.normal(2, 1, 7), rng.normal(1.5, 1, 5)
    (found,) = improvement([Cell("pde", "x", 1, a)], [Cell("pde", "x", 1, b)], band=0)
    statistic = stats.mannwhitneyu(a, b).statistic
    assert hierarchical_mean([found]) == pytest.approx(statistic / (len(a) * len(b)))


def test_what_is_nearer_than_the_band_is_a_tie_and_so_are_two_failures():
    ours = [Cell("pde", "x", 1, np.array([0.0, 2.01])), Cell("pde", "y", 1, np.ones(2))]
    theirs = [Cell("pde", "x", 1, np.array([0.0, 2.0]))]
    (found,) = improvement(ours, theirs)
    np.testing.assert_allclose(found.values, [0.25, 0.75])


def test_a_verdict_is_mirrored_and_says_what_it_rests_on():
    there, back = compare([pair(), pair("model-0", "model-3")], standings(pool()))
    assert (there.tasks, there.p, there.holm) == (3, back.p, min(1, 2 * back.p))
    assert there.difference == pytest.approx(-back.difference)
    assert there.improvement + back.improvement == pytest.approx(1)
    assert there.low <= there.improvement <= there.high


def test_a_comparison_that_cannot_be_made_says_why_and_costs_the_others_nothing():
    records = [*pool(), *(one for one in grid("half", 1) if one.budget == 250)]
    made, gone, half = compare(
        [pair(), pair("nobody"), pair("model-1", "half")], standings(records)
    )
    assert made.holm == made.p
    assert (gone.p, gone.note) == (None, "no Record of nobody")
    assert half.note == f"half: {len(PLACES) // 2} missing"


def test_the_committed_comparisons_are_of_models_that_there_are():
    found = load_comparisons(home("leaderboards") / "comparisons.toml")
    assert len({(one.model, one.against) for one in found}) == len(found)
    for one in found:
        assert {one.model, one.against} <= set(list_models())
        assert one.reason


@pytest.mark.parametrize("text", ["[[comparison]]\nmodel = 'a'", "not toml"])
def test_a_list_of_comparisons_that_is_none_is_refused_in_one_line(tmp_path, text):
    path = tmp_path / "comparisons.toml"
    path.write_text(text)
    with pytest.raises(UserError, match=r"want .*model, against, reason") as refused:
        load_comparisons(path)
    assert "\n" not in str(refused.value)
