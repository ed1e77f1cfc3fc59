"""The board of efficiency: what a model saves, and what it needs, beside the frozen reference."""

import numpy as np
import pytest
from ledgers import PLACES, failed, grid, ladder, record

from kansci.api import get_board
from kansci.boards.board import rank
from kansci.boards.reference import parameters_needed

REACHED = {250: 1.0, 1000: 2.0}  # by the reference, which has 240 and 990 numbers for it


def row(records, reference=None):
    (found,) = rank(get_board("efficiency"), records, reference or ladder())
    return found


def trained(decades, **more):
    """A model that reaches as many decades at each budget."""
    return [record("a", p, [10 ** -decades[p[2]]] * 3, **more) for p in PLACES]


def test_the_reference_saves_nothing_and_needs_its_own_numbers():
    found = row(trained(REACHED))
    assert found.score == pytest.approx(0, abs=1e-6)
    assert found.columns["needs"] == pytest.approx(1, rel=1e-4)
    assert found.columns["factor"] == pytest.approx(1)
    assert (found.columns["reaches"], found.columns["censored"]) == (100, 0)
    assert found.columns["pareto"] == "yes"


def test_numbers_that_are_frozen_at_random_count_as_trained_ones_do():
    frozen = [one.updated(parameters=10, adapted=one.parameters - 10) for one in trained(REACHED)]
    assert row(frozen).score == pytest.approx(row(trained(REACHED)).score)
    assert row(frozen).columns["parameters"] == row(trained(REACHED)).columns["parameters"]


def test_who_is_first_of_the_contenders_is_said_though_a_control_be_before_it():
    levels = {"kan": 1.5, "fastkan": 0.2, "linear-rbf": 1.9}
    records = [record(name, at, [10**-own] * 3) for name, own in levels.items() for at in PLACES]
    found = {one.model: one for one in rank(get_board("efficiency"), records, ladder())}
    assert found["linear-rbf"].rank == 1
    assert found["kan"].columns["leading"] == "yes"
    assert found["fastkan"].columns["leading"] == ""


def test_a_mean_over_other_tasks_has_no_rank():
    part = [one for one in trained(REACHED) if one.family != "pde"]
    part += [failed("a", place, "not_applicable") for place in PLACES if place[0] == "pde"]
    assert row(part).rank is None
    assert row(part).score == pytest.approx(0, abs=1e-6)


def test_where_more_numbers_made_it_worse_the_reference_stands_below_its_own_ladder():
    found = row(trained({250: 1.0, 1000: 0.5}), ladder(decades=(0.2, 1.0, 0.5)))
    half = np.interp(0.5, [0.2, 1.0], np.log10([50, 240]))  # between its rungs of 50 and 240
    assert found.score == pytest.approx((0 + half - np.log10(990)) / 2, rel=1e-4)


def test_it_saves_nothing_either_where_more_numbers_made_it_no_better():
    flat = ladder(decades=(1.0, 1.0, 1.0))
    found = row(trained({250: 1.0, 1000: 1.0}), flat)
    assert found.score == pytest.approx(0, abs=1e-6)


def test_a_failure_saves_nothing_and_wastes_all_that_it_has():
    """A constant is as good: no ladder ends so low that a failure could hide below it."""
    crashed = [failed("a", place) for place in PLACES]
    assert row(crashed).score == pytest.approx(-2)
    assert row(trained({250: 0.0, 1000: 0.0})).score == pytest.approx(-2)


def test_half_of_the_lowest_rung_is_half_way_to_the_trivial_predictor():
    (only,) = [record("a", PLACES[0], [10**-0.25] * 3, parameters=250)]
    wanted = np.log10(50) / 2 - np.log10(250)  # the lowest rung has 50 numbers and 0.5 decades
    found = row([only])
    assert found.score == pytest.approx(wanted, rel=1e-4)
    assert found.columns["censored"] == 1


def test_the_spread_of_members_is_no_loss():
    """The ladder is concave: a member below it would lose more than one above it gains."""
    even, spread = (
        row([record("a", place, errors) for place in PLACES])
        for errors in ([0.1] * 3, [10**-0.6, 0.1, 10**-1.4])
    )
    assert even.score == pytest.approx(spread.score)
    assert even.seed_low == even.seed_high
    assert spread.seed_low < spread.score < spread.seed_high


def test_tasks_that_the_reference_never_learns_tell_nothing_and_are_counted():
    found = row(trained(REACHED), ladder(decades=(0.0, 0.05, 0.05)))
    assert found.score is None
    assert "on 6 of 6 cells the reference learned nothing" in found.note


def test_a_reference_at_one_budget_is_no_ladder_and_measures_nothing():
    whole = ladder()
    single = whole.model_copy(update={"rows": tuple(r for r in whole.rows if r.budget == 250)})
    found = row(trained(REACHED), single)
    assert (found.score, found.rank) == (None, None)
    assert "one budget, which is no ladder" in found.note


def test_what_a_model_needs_is_read_off_its_own_envelope():
    """It is as good as the reference with four times the numbers, and at 250 never."""
    found = row(trained({250: 0.5, 1000: 1.0}))
    assert found.columns["reaches"] == 50
    assert found.columns["needs"] == pytest.approx(990 / 240, rel=1e-4)
    assert row(trained({250: 0.2, 1000: 0.5})).columns["needs"] is None


def test_the_exponent_is_shown_from_two_budgets_on():
    found = row(trained(REACHED))
    slope = 1 / np.log10(990 / 240)
    assert found.columns["exponent"] == pytest.approx(slope, rel=1e-4)
    assert found.columns["exponent low"] == pytest.approx(slope, rel=1e-4)
    alone = row([record("a", place) for place in PLACES if place[2] == 250])
    assert alone.columns["exponent"] is None


def test_on_the_front_is_who_is_best_for_its_numbers_at_any_budget():
    small = [record("small", p, [10 ** -(1 if p[2] == 250 else 1.2)] * 3) for p in PLACES]
    large = [record("large", p, [10 ** -(0.5 if p[2] == 250 else 3)] * 3) for p in PLACES]
    worse = [record("worse", p, [10**-0.4] * 3) for p in PLACES]
    found = rank(get_board("efficiency"), [*small, *large, *worse], ladder())
    assert {one.model: one.columns["pareto"] for one in found} == {
        "small": "yes", "large": "yes", "worse": ""
    }  # fmt: skip


def test_the_last_digits_of_a_record_decide_nothing():
    """A Record has six of an error, and the frozen reference six of its decades."""
    found = row(trained({250: 1.0 - 1e-6, 1000: 2.0 - 1e-6}))
    assert found.columns["reaches"] == 100
    assert found.score == pytest.approx(0, abs=1e-6)


def test_the_parameters_needed_are_interpolated_and_clipped_to_the_ladder():
    envelope = np.array([[2.0, 1.0], [3.0, 2.0], [3.5, 2.0], [4.0, 3.0]])
    reached = np.array([0.0, 1.0, 1.5, 2.0, 2.5, 3.0, 6.0])
    needed = parameters_needed(reached, envelope)
    np.testing.assert_allclose(needed, [2.0, 2.0, 2.5, 3.0, 3.75, 4.0, 4.0])
    np.testing.assert_allclose(parameters_needed(reached, envelope[:1]), 2.0)


def test_beyond_the_ladder_the_gain_is_a_bound_and_counted():
    found = row(trained({250: 6.0, 1000: 6.0}, parameters=99))
    assert found.score == pytest.approx(1.0)
    assert found.columns["censored"] == 6


def test_efficiency_without_a_reference_says_so():
    (found,) = rank(get_board("efficiency"), grid("a", 0))
    assert found.score is None
    assert "no frozen reference" in found.note
