"""Laws of the boards, on Records made up for the purpose."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from ledgers import PLACES, RECIPE, continual, environment, failed, grid, ladder, pool, record

from kansci.board import rank
from kansci.recipe import Optimizer
from kansci.record import Speed, Timing
from kansci.reference import Reference, parameters_needed
from kansci.standing import sliced

HOME = Path(__file__).parents[1] / "leaderboards"
NAMES = ("accuracy", "efficiency", "forgetting", "overall", "reliability", "speed")


def load(name):
    spec = importlib.util.spec_from_file_location(f"board_{name}", HOME / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.board


BOARDS = {name: load(name) for name in NAMES}


def rows(name, records, reference=None):
    return {row.model: row for row in rank(BOARDS[name], records, reference)}


def strip(row):
    """A row without what compares models."""
    relative = ("pareto", "P(best)", "leading")
    columns = {name: value for name, value in row.columns.items() if name not in relative}
    fields = row.model_dump(exclude={"rank", "rank_low", "rank_high", "columns"})
    return fields, columns


def timing(ratio, work="forward", **more):
    fields = {
        "shape": "equal parameters", "network": "2-8-1", "work": work, "batch": 256,
        "ratio": ratio, "low": ratio / 1.1, "high": ratio * 1.1, "cpu_ms": ratio, "wall_ms": ratio,
        "reference_cpu_ms": 1, "reference_wall_ms": 1, "spread": 0.1, "blocks": 9,
    }  # fmt: skip
    return Timing(**{**fields, **more})


def speed(model, *timings, status="ok", reason="", budget=1000):
    return Speed(
        key=model, model=model, model_source="", reference="mlp-silu", budget=budget,
        parameters=budget, status=status, reason=reason, timings=timings, environment=environment(),
    )  # fmt: skip


def everything():
    """Records that every board can rank."""
    records, reference = pool(), ladder()
    for i, model in enumerate(sorted({one.model for one in records})):
        records.append(continual(model, 1.5 + i / 2, 1.0 + i / 3))
        records.append(speed(model, timing(1 + i), timing(2 + i, "forward + backward")))
    return records, reference


@pytest.mark.parametrize("name", [name for name in NAMES if name != "reliability"])
def test_every_model_has_one_row_and_the_best_comes_first(name):
    records, reference = everything()
    found = rank(BOARDS[name], records, reference)
    assert sorted(row.model for row in found) == [f"model-{i}" for i in range(4)]
    assert [row.rank for row in found] == [1, 2, 3, 4]
    scores = [row.score for row in found]
    assert scores == sorted(scores, reverse=BOARDS[name].higher_is_better)
    for row in found:
        assert row.low <= row.score <= row.high
        assert row.rank_low <= row.rank <= row.rank_high


@pytest.mark.parametrize("name", NAMES)
def test_adding_a_model_moves_no_others_score_or_interval(name):
    records, reference = everything()
    before = rows(name, records, reference)
    better = grid("newcomer", 9, 4.0)
    longer = [one.model_copy(update={"errors": ((one.errors[0][0] * 3,),)}) for one in better]
    more = [one.model_copy(update={"members": ("ok",) * 9}) for one in longer]
    newcomer = [
        *more,
        continual("newcomer", 5, 5),
        speed("newcomer", timing(0.1), timing(0.1, "forward + backward")),
    ]
    after = rows(name, records + newcomer, reference)
    assert after["newcomer"].score is not None
    for model, row in before.items():
        assert strip(after[model]) == strip(row)


@pytest.mark.parametrize("name", NAMES)
def test_the_order_of_records_changes_nothing(name):
    records, reference = everything()
    shuffled = [records[i] for i in np.random.default_rng(1).permutation(len(records))]
    board = BOARDS[name]
    assert rank(board, records, reference) == rank(board, shuffled, reference)


@pytest.mark.parametrize("name", NAMES)
def test_no_records_give_no_rows(name):
    assert rank(BOARDS[name], []) == []


@pytest.mark.parametrize("name", ["accuracy", "efficiency", "overall"])
def test_a_failure_never_raises_a_score_and_a_lower_error_never_lowers_it(name):
    reference = ladder()
    rng = np.random.default_rng(2)
    for _ in range(10):
        records = grid("model", int(rng.integers(100)), 1.2)
        at, member = int(rng.integers(len(records))), int(rng.integers(3))
        one = records[at]
        scores = {"as it is": rows(name, records, reference)["model"].score}
        last, members = list(one.errors[0][0]), list(one.members)
        last[member] /= 2
        members[member] = "diverged"
        changes = {
            "failed": {"members": tuple(members)},
            "crashed": {"status": "crashed", "errors": (), "members": ("crashed",) * 3},
            "better": {"errors": ((tuple(last),),)},
        }
        for change, update in changes.items():
            changed = [*records[:at], one.model_copy(update=update), *records[at + 1 :]]
            scores[change] = rows(name, changed, reference)["model"].score
        assert scores["crashed"] <= scores["failed"] <= scores["as it is"] <= scores["better"]


def test_the_score_is_the_mean_of_equal_weights():
    records = [
        record("a", ("pde", "poisson", 250), [0.1, 0.01, 0.001]),
        record("a", ("pde", "heat", 250), [1.0, 1.0, 1.0]),
        record("a", ("feynman", "I.6.20", 250), [1e-4] * 3),
        record("a", ("feynman", "I.6.20", 1000), [1e-2] * 3),
    ]
    row = rows("accuracy", records)["a"]
    assert row.score == pytest.approx((1.0 + 3.0) / 2)
    assert row.columns["pde"] == pytest.approx(1.0)
    assert row.columns["feynman"] == pytest.approx(3.0)
    assert row.columns["lead"] is None
    assert row.columns["median error"] == pytest.approx((1e-2 + 1e-2) / 2)
    assert (row.tasks, row.failed) == (4, 0)


def test_failed_members_count_as_the_trivial_predictor():
    bad = record("a", errors=[0.01, 0.01, float("nan")], members=("ok", "ok", "diverged"))
    row = rows("accuracy", [bad, failed("a", ("pde", "heat", 250))])["a"]
    assert row.failed == 4
    assert row.score == pytest.approx((4 / 3 + 0) / 2)


def test_a_missing_cell_keeps_a_model_off_the_ranking_and_at_the_end():
    records = [one for one in pool() if (one.model, one.budget) != ("model-3", 1000)]
    last = rank(BOARDS["accuracy"], records)[-1]
    assert (last.model, last.missing, last.tasks) == ("model-3", 3, 3)
    assert last.score is last.rank is last.low is None


def test_a_family_without_holes_is_shown_though_another_has_some():
    records = [one for one in pool() if (one.model, one.family) != ("model-3", "pde")]
    columns = rows("accuracy", records)["model-3"].columns
    assert columns["feynman"] is not None
    assert columns["pde"] is None


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


def test_a_model_run_at_one_budget_alone_has_that_column_and_no_rank():
    records = [one for one in pool() if (one.model, one.budget) != ("model-3", 1000)]
    row = rows("accuracy", records)["model-3"]
    assert row.columns["1000"] is row.columns["pde"] is row.score is None
    at_250 = rows("accuracy", sliced(records, budgets=[250]))
    assert row.columns["250"] == at_250["model-3"].score
    assert at_250["model-3"].rank == 1


def test_slices_choose_records_by_suite_family_and_budget_and_timings_by_budget_alone():
    records = [*grid("a", 0), record("a", suite="other"), speed("a", budget=250), speed("a")]
    assert len(sliced(records)) == len(records)
    assert [one.suite for one in sliced(records, suites=["other"])] == ["other"] + ["custom"] * 2
    few = sliced(records, families=["pde"], budgets=[250])
    assert [(one.family, one.budget) for one in few] == [("pde", 250)] * 2 + [("speed", 250)]


def test_equal_tasks_count_once_in_scores_and_cells():
    equal = [
        record("a", ("feynman", name, 250), [0.1] * 3, cluster="gauss") for name in ("x", "y", "z")
    ]
    row = rows("accuracy", [*equal, record("a", ("feynman", "w", 250), [0.001] * 3)])["a"]
    assert row.score == pytest.approx((1 + 3) / 2)
    assert row.tasks == 2


def test_what_does_not_apply_or_fit_counts_nothing_overall_and_is_no_failure():
    places = [("pde", "poisson", 250), ("feynman", "I.6.20", 250), ("feynman", "I.6.20", 1000)]
    other = [record("b", place) for place in places]
    own = [
        failed("a", places[0], "not_applicable"),
        record("a", places[1], [0.01] * 3),
        failed("a", places[2], "does_not_fit"),
    ]
    row = rows("overall", [*own, *other])["a"]
    assert row.score == pytest.approx((0 + (2 + 0) / 2) / 2)
    assert (row.failed, row.not_applicable, row.does_not_fit, row.tasks) == (0, 1, 1, 3)


def test_who_leads_overall_is_said_with_its_chance_and_who_may_be_level():
    records = [*grid("a", 0, 3.0), *grid("twin", 0, 3.0), *grid("far", 1, 0.5)]
    found = rows("overall", records, ladder())
    assert [found[name].columns["leading"] for name in ("a", "twin", "far")] == ["yes", "yes", ""]
    assert [found[name].columns["P(best)"] for name in ("a", "twin", "far")] == [0.5, 0.5, 0]
    assert found["a"].columns["lead"] > 0


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


def test_reliability_is_the_share_of_members_that_failed_by_kind():
    bad = record("a", errors=[0.01, float("nan"), 1.0], members=("ok", "diverged", "timeout"))
    records = [bad, failed("a", ("pde", "heat", 250)), record("b"), record("b", PLACES[0])]
    records += [record("b", ("pde", "heat", 250)), failed("a", PLACES[0], "not_applicable")]
    found = rows("reliability", records)
    row = found["a"]
    assert row.score == pytest.approx(100 * 5 / 6)
    counts = {"members": 6, "crashed": 3, "diverged": 1, "timeout": 1, "invalid output": 0}
    assert {name: row.columns[name] for name in counts} == counts
    assert (row.not_applicable, row.failed, row.rank) == (1, 5, 2)
    assert (found["b"].score, found["b"].rank) == (0, 1)
    # Wilson's interval of 5 in 6, from its formula.
    z, share, n = 1.959964, 5 / 6, 6
    middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    assert (row.low, row.high) == pytest.approx((100 * (middle - half), 100 * (middle + half)))


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


def test_controls_are_marked():
    found = rows("accuracy", map(record, ("linear-rbf", "kan[grid=20]", "mine")))
    assert [name for name, row in found.items() if row.control] == ["linear-rbf"]


def test_the_reference_leads_itself_by_nothing_and_survives_json(tmp_path):
    reference = ladder()
    path = tmp_path / "reference.json"
    path.write_text(reference.model_dump_json())
    assert Reference.load(path) == reference
    reached = {250: 1.5, 1000: 2.5}
    records = [record("a", place, [10 ** -reached[place[2]]] * 3) for place in PLACES]
    assert rows("accuracy", records, reference)["a"].columns["lead"] == pytest.approx(0.5)
    other = [one.model_copy(update={"task_content": "other"}) for one in records]
    assert rows("accuracy", other, reference)["a"].columns["lead"] is None


def test_the_committed_reference_loads():
    assert Reference.load(HOME / "reference.json").model == "mlp-silu"


def test_the_parameters_needed_are_interpolated_and_clipped_to_the_ladder():
    envelope = np.array([[2.0, 1.0], [3.0, 2.0], [3.5, 2.0], [4.0, 3.0]])
    reached = np.array([0.0, 1.0, 1.5, 2.0, 2.5, 3.0, 6.0])
    needed = parameters_needed(reached, envelope)
    np.testing.assert_allclose(needed, [2.0, 2.0, 2.5, 3.0, 3.75, 4.0, 4.0])
    np.testing.assert_allclose(parameters_needed(reached, envelope[:1]), 2.0)


def test_the_reference_saves_no_parameters_against_itself():
    reference = ladder()
    own = [record("mlp-silu", p, [10.0 ** -(1.0 if p[2] == 250 else 2.0)] * 3) for p in PLACES]
    row = rows("efficiency", own, reference)["mlp-silu"]
    assert row.score == pytest.approx(0.0, abs=1e-9)
    assert row.columns["factor"] == pytest.approx(1.0)
    assert row.columns["pareto"] == "yes"
    assert row.columns["censored"] == 0


def test_beyond_the_ladder_the_gain_is_a_bound_and_counted():
    best = [record("a", place, [1e-6] * 3, parameters=99) for place in PLACES]
    row = rows("efficiency", best, ladder())["a"]
    assert row.score == pytest.approx(1.0)
    assert row.columns["censored"] == 6


def test_efficiency_without_a_reference_says_so():
    row = rows("efficiency", grid("a", 0))["a"]
    assert row.score is None
    assert "no frozen reference" in row.note


def test_forgetting_is_what_was_learned_and_is_gone_in_the_end():
    found = rows("forgetting", [continual("a", 3, 1), continual("b", 2, 2)])
    assert found["a"].score == pytest.approx(2.0)
    assert found["a"].columns["learned"] == pytest.approx(3.0)
    assert found["a"].columns["final"] == pytest.approx((1 + 1 + 3) / 3)
    assert (found["b"].score, found["b"].rank) == (0.0, 1)


def test_a_model_that_never_learned_is_listed_and_not_ranked():
    found = rows("forgetting", [continual("idle", 0.2, 0.2), continual("a", 3, 1)])
    assert (found["idle"].rank, found["idle"].note) == (None, "did not learn")
    assert found["a"].rank == 1


def test_a_failed_member_learned_nothing_and_helps_nobody_to_forget_less():
    whole = rows("forgetting", [continual("a", 3, 1)])["a"]
    broken = continual("a", 3, 1, members=("ok", "ok", "diverged"))
    row = rows("forgetting", [broken])["a"]
    assert row.columns["learned"] == pytest.approx(2.0)
    assert row.score >= whole.score
    assert row.failed == 1


def test_forgetting_asks_only_tasks_with_several_stages():
    found = rows("forgetting", [continual("a", 3, 1), *grid("a", 0), record("b")])
    assert found["a"].tasks == 1
    assert (found["b"].missing, found["b"].rank) == (1, None)


def test_speed_is_the_geometric_mean_at_equal_parameters():
    wide = timing(50, shape="equal width")
    found = rows("speed", [speed("a", timing(2), timing(8, "forward + backward"), wide)])
    row = found["a"]
    assert row.score == pytest.approx(4.0)
    assert row.high / row.score == pytest.approx(1.1 ** (2**0.5 / 2))
    assert row.columns["width: forward"] == pytest.approx(50)
    assert row.columns["cpu ms"] == pytest.approx(8)


def test_models_without_a_speed_or_with_a_failed_one_are_listed():
    records = [
        speed("a", timing(2)),
        record("untimed"),
        speed("broken", status="crashed", reason="no such op"),
        speed("partly", timing(2, batch=16)),
    ]
    found = rows("speed", records)
    assert found["untimed"].missing == 1
    assert (found["broken"].rank, found["broken"].note) == (None, "crashed: no such op")
    assert found["partly"].missing == 1


def test_speeds_whose_intervals_overlap_share_their_ranks():
    found = rows("speed", [speed("a", timing(2)), speed("b", timing(2.1)), speed("c", timing(9))])
    assert (found["a"].rank_low, found["a"].rank_high) == (1, 2)
    assert (found["b"].rank_low, found["b"].rank_high) == (1, 2)
    assert (found["c"].rank_low, found["c"].rank_high) == (3, 3)


def laned(model, *timings, gear="eager", dtype="float32", widths=(), device="cpu", started="2026"):
    """A Record of the speed lane."""
    place = environment().model_copy(update={"device": device, "started": started})
    lane = f"{'-'.join(map(str, widths)) or 1000}-{dtype}-{gear}-{device}"
    return speed(model, *timings, budget=0 if widths else 1000).model_copy(
        update={"lane": lane, "gear": gear, "dtype": dtype, "widths": widths, "environment": place}
    )


def test_gears_dtypes_devices_and_widths_never_enter_one_score():
    plain = laned("a", timing(2), timing(8, "forward + backward"), timing(3, "training step"))
    others = [
        laned("a", timing(70, gear="compiled"), gear="compiled"),
        laned("a", timing(80, dtype="float64"), dtype="float64"),
        laned("a", timing(90), device="NVIDIA H200"),
        laned("a", timing(50, "training step", shape="equal width"), widths=(784, 256, 10)),
    ]
    alone = rows("speed", [plain])["a"]
    row = rows("speed", [plain, *others])["a"]
    assert (row.score, row.low, row.high) == (alone.score, alone.low, alone.high)
    assert row.score == pytest.approx(4)
    columns = {name: row.columns[name] for name in ("compiled", "float64", "gpu", "step")}
    assert columns == pytest.approx({"compiled": 70, "float64": 80, "gpu": 90, "step": 3})
    assert row.columns["784-256-10 step"] == pytest.approx(50)
    assert alone.columns["gpu"] is None


def test_a_column_is_empty_where_a_timing_of_another_gear_is_missing():
    both = [timing(2, gear="compiled"), timing(4, "forward + backward", gear="compiled")]
    records = [
        *(laned(model, timing(2)) for model in "ab"),
        laned("a", *both, gear="compiled"),
        laned("b", both[0], gear="compiled").model_copy(update={"left_out": ("no",)}),
    ]
    found = rows("speed", records)
    assert found["a"].columns["compiled"] == pytest.approx(8**0.5)
    assert found["b"].columns["compiled"] is None
    assert found["b"].score is not None
    assert "1 left out" in found["b"].note


def test_a_newer_timing_replaces_the_same_one_and_a_failed_gear_fails_nobody():
    old = laned("a", timing(2), started="2025")
    broken = laned("a", gear="compiled").model_copy(update={"status": "crashed", "reason": "no"})
    row = rows("speed", [laned("a", timing(3)), old, broken])["a"]
    assert (row.score, row.tasks, row.failed) == (pytest.approx(3), 1, 0)
    assert "crashed" in row.note
