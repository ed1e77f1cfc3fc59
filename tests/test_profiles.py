"""Laws of performance profiles."""

import numpy as np
import pytest
from ledgers import PLACES, failed, grid, ladder, record

from kansci.boards.profiles import TAU, leads, profile
from kansci.statistics.standing import standings
from kansci.statistics.stats import Cell


def cells(*leads):
    return [Cell("pde", str(i), 250, np.full(3, lead)) for i, lead in enumerate(leads)]


def test_a_profile_is_the_share_of_work_within_tau_of_the_reference():
    found = profile(cells(1.0, -0.5, -0.5, -2.0))
    share = {tau: found.rho[abs(TAU - tau).argmin()] for tau in (-1.05, -1.0, 0.0, 0.5, 1.0, 2.0)}
    want = {-1.05: 0, -1.0: 0.25, 0.0: 0.25, 0.5: 0.75, 1.0: 0.75, 2.0: 1}
    assert share == pytest.approx(want)


def test_the_area_lies_within_its_interval():
    found = profile(cells(0.5, -0.2, 1.0))
    assert found.areas[0] < found.area < found.areas[1]


def test_a_profile_rises_and_lies_within_its_band():
    rng = np.random.default_rng(0)
    own = [Cell("pde", str(i), 250, rng.normal(0, 1, 5)) for i in range(10)]
    found = profile(own)
    assert (np.diff(found.rho) >= 0).all()
    assert (found.low <= found.rho + 1e-9).all()
    assert (found.rho <= found.high + 1e-9).all()


def test_the_reference_has_an_area_of_three_and_who_is_better_has_more():
    assert profile(cells(0.0, 0.0)).area == pytest.approx(3, abs=1e-12)
    assert profile(cells(1.0, 0.0)).area == pytest.approx(3.5, abs=1e-12)
    assert profile(cells(-9.0)).area == 0


def test_the_reference_is_no_worse_than_itself():
    reference = ladder(decades=(0.123456789, 1.23456789, 2.3456789))
    own = [
        record("mlp-silu", (family, task, budget), [10**-reached] * 3)
        for family, task in dict.fromkeys(place[:2] for place in PLACES)
        for budget, reached in ((250, 1.23456789), (1000, 2.3456789))
    ]
    (standing,) = standings(own)
    found = profile(leads(standing, reference))
    assert found.rho[abs(TAU).argmin()] == pytest.approx(1)
    assert found.area == pytest.approx(3)


def test_families_weigh_the_same():
    many = [Cell("feynman", str(i), 250, np.full(3, -9.0)) for i in range(9)]
    assert profile([*cells(0.0), *many]).rho[-1] == pytest.approx(0.5)


def test_leads_are_over_a_reference_that_has_all_rungs():
    reference = ladder()
    better = [record("a", place, [10**-2.5] * 3) for place in PLACES]
    (standing,) = standings(better)
    found = leads(standing, reference)
    assert {cell.budget: cell.values[0] for cell in found} == pytest.approx({250: 1.5, 1000: 0.5})
    part = tuple(row for row in reference.rows if row.budget == 250)
    assert leads(standing, ladder().model_copy(update={"rows": part})) == []
    assert profile([]) is None


def test_what_does_not_apply_lies_below_the_reference():
    records = [failed("a", place, "not_applicable") for place in PLACES]
    (own, _) = standings([*records, *grid("b", 0)])
    assert {float(value) for cell in leads(own, ladder()) for value in cell.values} == {-1, -2}
