"""Laws that every board keeps, on Records made up for the purpose."""

import json

import numpy as np
import pytest
from calling import call
from ledgers import PLACES, continual, failed, grid, ladder, pool, record, rows, speed, timing

from kansci.api import frozen_reference, get_board
from kansci.boards.board import rank
from kansci.boards.reference import Reference
from kansci.boards.tables import footnotes
from kansci.discover import home
from kansci.ledger import save
from kansci.record import Trial
from kansci.statistics.standing import sliced

NAMES = ("accuracy", "efficiency", "forgetting", "overall", "reliability", "speed")


def strip(row):
    """A row without what compares models."""
    relative = ("pareto", "P(best)", "leading")
    columns = {name: value for name, value in row.columns.items() if name not in relative}
    fields = row.model_dump(exclude={"rank", "rank_low", "rank_high", "columns"})
    return fields, columns


def everything():
    """Records that every board can rank."""
    records, reference = pool(), ladder()
    for i, model in enumerate(sorted({one.model for one in records})):
        records.append(continual(model, 1.5 + i / 2, 1.0 + i / 3))
        records.append(continual(model, 1.4 + i / 2, 1.0 + i / 3).updated(task="drift@1"))
        records.append(speed(model, timing(1 + i), timing(2 + i, "forward + backward")))
    return records, reference


@pytest.mark.parametrize("name", [name for name in NAMES if name != "reliability"])
def test_every_model_has_one_row_and_the_best_comes_first(name):
    records, reference = everything()
    found = rank(get_board(name), records, reference)
    assert sorted(row.model for row in found) == [f"model-{i}" for i in range(4)]
    assert [row.rank for row in found] == [1, 2, 3, 4]
    scores = [row.score for row in found]
    assert scores == sorted(scores, reverse=get_board(name).higher_is_better)
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
        continual("newcomer", 5, 5).updated(task="drift@1"),
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
    board = get_board(name)
    assert rank(board, records, reference) == rank(board, shuffled, reference)


@pytest.mark.parametrize("name", NAMES)
def test_no_records_give_no_rows(name):
    assert rank(get_board(name), []) == []


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


def test_a_family_without_holes_is_shown_though_another_has_some():
    records = [one for one in pool() if (one.model, one.family) != ("model-3", "pde")]
    columns = rows("accuracy", records)["model-3"].columns
    assert columns["feynman"] is not None
    assert columns["pde"] is None


def test_a_model_run_at_one_budget_alone_has_that_column_and_no_rank():
    records = [one for one in pool() if (one.model, one.budget) != ("model-3", 1000)]
    row = rows("accuracy", records)["model-3"]
    assert row.columns["1000"] is row.columns["pde"] is row.score is None
    at_250 = rows("accuracy", sliced(records, budgets=[250]))
    assert row.columns["250"] == at_250["model-3"].score
    assert at_250["model-3"].rank == 1


def test_columns_of_budgets_are_of_the_tasks_that_ran_at_every_one():
    easy, small, large = places = [
        ("feynman", "I.6.20", 250), ("pde", "poisson", 250), ("pde", "poisson", 1000),
    ]  # fmt: skip
    errors = {easy: 1e-4, small: 1e-1, large: 1e-2}
    columns = rows("accuracy", [record("a", at, [errors[at]] * 3) for at in places])["a"].columns
    assert [columns[name] for name in ("250", "1000")] == pytest.approx([1, 2])
    assert [columns[name] for name in ("feynman", "pde")] == pytest.approx([4, 1.5])


def test_one_task_has_no_interval_over_tasks_and_one_seed_has_none_and_nobody_is_told_apart():
    place = ("pde", "poisson", 250)
    records = [record(f"model-{i}", place, [10.0**-i] * 3) for i in range(3)]
    row = rows("accuracy", records)["model-1"]
    assert (row.low, row.high) == (None, None)
    assert row.seed_low is not None
    assert any("nothing of other tasks" in note for note in footnotes([row]))
    single = [record(f"model-{i}", place, [10.0**-i]) for i in range(3)]
    for row in rows("accuracy", single).values():
        assert (row.low, row.seed_low, row.rank_low, row.rank_high) == (None, None, 1, 3)
        assert (row.columns["P(best)"], row.columns["leading"]) == (None, None)


def test_columns_of_budgets_leave_out_a_task_that_does_not_fit_at_one_of_them():
    easy, hard = (
        [("feynman", task, budget) for budget in (250, 1000)] for task in ("I.6.20", "I.8.14")
    )
    other = [record("b", place) for place in (*easy, *hard)]
    own = [
        *(record("a", place, [1e-2] * 3) for place in easy),
        failed("a", hard[0], "does_not_fit"),
        record("a", hard[1], [1e-4] * 3),
    ]
    columns = rows("accuracy", [*own, *other])["a"].columns
    assert [columns[name] for name in ("250", "1000")] == pytest.approx([2, 2])
    assert columns["feynman"] == pytest.approx((2 + 4) / 2)


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


def test_a_mean_over_other_tasks_has_no_rank_on_accuracy_and_one_overall():
    records = [*grid("whole", 0), *grid("part", 1, 4.0)]
    records = [one for one in records if (one.model, one.family) != ("part", "pde")]
    records += [failed("part", place, "not_applicable") for place in PLACES if place[0] == "pde"]
    row = rows("accuracy", records)["part"]
    assert (row.rank, row.columns["P(best)"]) == (None, None)
    assert row.score > 3
    assert rows("overall", records)["part"].rank == 1


@pytest.mark.parametrize("name", ["overall", "accuracy"])
def test_members_at_the_cap_are_said_as_their_score_is_a_bound(name):
    row = rows(name, [record("a", errors=[1e-9, 1e-3, 1e-8])])["a"]
    assert row.note == "2 of 3 members at the cap of 6 decades"


def test_rates_at_an_edge_of_what_was_tried_and_rough_derivatives_are_counted():
    def tuned(place, rate, **more):
        tuning = tuple(Trial(rate=one, seed=0, score=1.0) for one in (0.001, 0.01, 0.1))
        return record("a", place, rate=rate, tuning=tuning, **more)

    cells = [tuned(PLACES[0], 0.1), tuned(PLACES[1], 0.01, rough=True), tuned(PLACES[2], 0.001)]
    columns = rows("reliability", [*cells, record("a", PLACES[3])])["a"].columns
    assert (columns["at edge"], columns["rough"]) == (pytest.approx(200 / 3), 1)


@pytest.mark.parametrize("name", ["overall", "accuracy"])
def test_who_leads_is_said_with_its_chance_and_who_may_be_level(name):
    records = [*grid("a", 0, 3.0), *grid("twin", 0, 3.0), *grid("far", 1, 0.5)]
    found = rows(name, records, ladder())
    assert [found[name].columns["leading"] for name in ("a", "twin", "far")] == ["yes", "yes", ""]
    assert [found[name].columns["P(best)"] for name in ("a", "twin", "far")] == [0.5, 0.5, 0]
    assert found["a"].columns["lead"] > 0


@pytest.mark.parametrize("name", ["overall", "accuracy"])
def test_a_yardstick_wins_no_contest_and_one_contender_alone_has_none(name):
    records = [*grid("legendre", 0, 5.0), *grid("a", 0, 3.0), *grid("far", 1, 0.5)]
    found = rows(name, records)
    assert found["legendre"].rank == 1
    chances = {model: row.columns["P(best)"] for model, row in found.items()}
    assert chances == {"legendre": None, "a": 1, "far": 0}
    assert found["a"].columns["leading"] == "yes"
    alone = rows(name, records[: -len(grid("far", 1))])
    assert {row.columns["leading"] for row in alone.values()} == {None}


@pytest.mark.parametrize("name", ["overall", "accuracy"])
def test_a_lead_is_over_the_reference_on_all_cells_or_there_is_none(name):
    part = ladder()
    part = part.model_copy(update={"rows": tuple(r for r in part.rows if r.budget != 1000)})
    row = rows(name, grid("a", 0, 3.0), part)["a"]
    assert row.columns["lead"] is None
    assert row.score is not None
    lacking = sum(place[2] == 1000 for place in PLACES)
    assert row.note == f"no lead: {lacking} of {len(PLACES)} cells have no frozen reference"


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


def test_freezing_anew_replaces_rungs_in_their_place_and_keeps_all_others():
    before, here, there = ladder(), record("mlp-silu", PLACES[0], [1e-3] * 3), PLACES[0][:2]
    beyond = record("mlp-silu", (*there, 4000), [1e-4] * 3)
    after = Reference.from_records([here, beyond]).replacing(before)
    assert after.version == before.version + 1
    assert after.rung(here).decades == pytest.approx((3, 3, 3))
    assert after.rung(beyond).decades == pytest.approx((4, 4, 4))
    kept = {one for one in before.rows if before.rung(here) != one}
    assert kept < set(after.rows)
    assert len(after.rows) == len(before.rows) + 1


def test_board_freeze_raises_the_version_of_the_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for place in PLACES:
        save(record("mlp-silu", place, [1e-2] * 3), tmp_path / "records")
    for version in (1, 2):
        made = call("board", "accuracy", "--records", "records", "--freeze", "frozen.json")
        assert made.code == 0, made.stderr
        frozen = Reference.load("frozen.json")
        assert frozen.version == version
        assert len(frozen.rows) == len(PLACES)


def test_tables_beside_the_boards_are_shown_by_name_and_are_in_json():
    ledger = ("--records", home("leaderboards") / "records")
    shown = call("board", "significance", *ledger)
    assert shown.code == 0, shown.stderr
    assert "Which models differ?" in shown.stdout
    assert "Who is the most accurate" not in shown.stdout
    (only,) = json.loads(call("board", "robustness", *ledger, "--json").stdout)
    assert only == "robustness"
    every = json.loads(call("board", *ledger, "--json").stdout)
    assert {"overall", "significance", "robustness", "profiles"} < set(every)
    assert every["significance"][0]["model"] == "kan"
    assert "did you mean 'profiles'" in call("board", "profile").stderr


def test_the_committed_reference_loads():
    assert frozen_reference().model == "mlp-silu"
