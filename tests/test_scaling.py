"""What more numbers buy, and what it takes to get as far as another: against NumPy and by hand."""

import numpy as np
import pytest
from ledgers import failed, record

from kansci.record import Curve
from kansci.statistics.reaching import first_below, reached
from kansci.statistics.scaling import Rung, front, ladders, measured, scaling
from kansci.statistics.standing import standings
from kansci.statistics.stats import Cell

BUDGETS = (100, 400, 1600, 6400)
INFINITY = float("inf")


def trained(decades, model="a", **more):
    """Records of one family, `decades[task][budget]` of the three members."""
    return [
        record(
            model, ("feynman", task, budget), 10.0 ** -np.array(values), parameters=budget, **more
        )
        for task, row in decades.items()
        for budget, values in row.items()
    ]


def law(exponent, start, noise=0.0, seed=0):
    rng = np.random.default_rng(seed)
    return {n: start + exponent * np.log10(n) + noise * rng.standard_normal(3) for n in BUDGETS}


def of(records):
    (standing,) = standings(records)
    return scaling(standing)


def test_the_exponent_of_a_power_law_is_found_whatever_its_intercepts():
    found = of(trained({"one": law(0.5, 0), "two": law(0.5, 1)}))
    np.testing.assert_allclose(found, (0.5, 0.5, 0.5, 0), atol=1e-5)


def test_the_exponent_is_that_of_least_squares_with_an_intercept_for_each_task():
    decades = {name: law(0.4, i, 0.2, seed=i) for i, name in enumerate(("one", "two", "three"))}
    found = of(trained(decades))
    means = np.array([[np.mean(row[n]) for n in BUDGETS] for row in decades.values()])
    x = np.tile(np.log10(BUDGETS), 3)
    columns = np.column_stack([x, np.kron(np.eye(3), np.ones((4, 1)))])
    slope = np.linalg.lstsq(columns, means.reshape(-1))[0][0]
    assert found.exponent == pytest.approx(slope, rel=1e-4)
    assert found.low < found.exponent < found.high


def test_equal_tasks_have_one_say_in_the_exponent():
    steep, flat = law(1, 0), law(0, 1)
    alone = trained({"one": steep, "two": flat})
    twins = trained({"two": flat, "three": flat}, cluster="twins")
    both = [*trained({"one": steep}), *twins]
    assert of(both).exponent == pytest.approx(of(alone).exponent) == pytest.approx(0.5, abs=1e-5)


def test_bounds_have_no_say_in_the_exponent_and_are_counted():
    row = law(0.5, 3)
    capped = {**row, 25_600: np.array([5.5, 6.0, 5.2]), 10: np.zeros(3)}
    found = of(trained({"one": capped}))
    np.testing.assert_allclose(found, (0.5, 0.5, 0.5, 2), atol=1e-5)
    lost = failed("a", ("feynman", "one", 25))
    assert not measured(lost)
    assert of([*trained({"one": row}), lost]).bounds == 1


def test_a_failed_member_flattens_the_line():
    records = trained({"one": law(0.5, 0.5)})
    records[-1] = records[-1].model_copy(update={"members": ("ok", "ok", "diverged")})
    assert of(records).exponent < 0.4


@pytest.mark.parametrize("rows", [{100: np.ones(3)}, {100: np.zeros(3), 400: np.ones(3)}])
def test_one_budget_has_no_exponent(rows):
    assert of(trained({"one": rows})) is None


def test_a_ladder_is_of_tasks_that_ran_at_every_budget():
    records = trained({"one": {100: [1] * 3, 400: [2] * 3}, "two": {100: [5] * 3}})
    assert ladders(standings(records)) == {
        "a": {100: pytest.approx(Rung(100, 1)), 400: pytest.approx(Rung(400, 2))}
    }


def test_what_does_not_apply_has_no_decades_on_a_ladder():
    records = trained({"one": {100: [2] * 3}})
    records.append(failed("a", ("feynman", "two", 100), "not_applicable"))
    assert ladders(standings(records))["a"][100].decades == pytest.approx(1)


def test_nothing_on_the_front_is_beaten_and_all_else_is():
    best = [Rung(10, 1), Rung(20, 2), Rung(40, 3)]
    beaten = [Rung(10, 0.5), Rung(25, 2), Rung(40, 2.9), Rung(99, 3)]
    every = {str(i): {0: rung} for i, rung in enumerate([*beaten, *best])}
    assert front(every) == best


def test_a_share_gets_there_and_the_median_is_of_all():
    def cell(task, *values, cluster=""):
        return Cell("pde", task, 250, np.array(values, dtype=float), cluster)

    assert reached([]) is None
    assert reached([cell("heat", 1, 3, 9)]) == (1, 3)
    assert reached([cell("heat", 1, INFINITY, INFINITY)]) == (pytest.approx(1 / 3), None)
    assert reached([cell("heat", 2), cell("wave", INFINITY)]) == (0.5, 2)
    twins = [cell(name, INFINITY, cluster="twins") for name in ("string", "rod")]
    assert reached([cell("heat", 2), *twins]) == (0.5, 2)


def test_the_first_evaluation_that_is_low_enough_counts_for_each_member():
    curve = Curve(
        stage="", evaluations=(1, 2, 4), losses=((9, 9, 9), (3, 9, float("nan")), (1, 3, 9))
    )
    assert first_below(curve, 3).tolist() == [2, 4, INFINITY]
    assert first_below(curve, [1, 1, 9]).tolist() == [4, INFINITY, 1]
