"""The board of speed: packages have rows, works their columns, and time is until a loss."""

import pytest
from ledgers import RECIPE, laned, record, rows, speed, timing

from kansci.boards.reference import Reference
from kansci.record import Curve
from kansci.speed.timed import waiting

PLACE = ("feynman", "I.6.20", 1000)


def trained(model, *losses, **more):
    """Its members' losses at 1, 5 and 10 evaluations of 10."""
    curve = Curve(stage="part 0", evaluations=(1, 5, 10), losses=losses)
    return record(model, PLACE, curves=(curve,), **more)


MLP = trained("mlp-silu", (9, 9, 9), (4, 5, 6), (1, 2, 3))
FROZEN = Reference.from_records([MLP])


def timed(model, ratio):
    return laned(model, timing(1, "forward"), timing(ratio, "forward + backward"))


def test_the_reference_is_frozen_with_the_losses_it_ends_with():
    (rung,) = FROZEN.rows
    assert rung.losses == (1, 2, 3)
    assert Reference.model_validate_json(FROZEN.model_dump_json()) == FROZEN
    staged = record("mlp-silu", PLACE, curves=MLP.curves * 2)
    assert Reference.from_records([staged]).rows[0].losses == ()


def test_the_time_is_evaluations_until_the_reference_s_loss_times_what_one_costs():
    quick = trained("quick", (9, 9, 9), (2, 2, 9), (1, 1, 2))
    found = rows("speed", [MLP, quick, timed("mlp-silu", 1), timed("quick", 4)], FROZEN)
    assert found["quick"].columns["time"] == pytest.approx(0.5 * 4)
    assert found["quick"].columns["reaches"] == 100
    assert found["mlp-silu"].columns["time"] == pytest.approx(1)
    assert found["mlp-silu"].columns["reaches"] == 67


def test_what_waits_for_a_core_is_seen_by_the_wall_clock():
    alone, shared = (
        timing(1, "forward").model_copy(update={"cpu_ms": 2.0, "wall_ms": wall})
        for wall in (2.0, 5.0)
    )
    assert waiting([alone, alone, shared]) == 1
    assert waiting([shared]) == 2.5
    assert waiting([shared.model_copy(update={"device_ms": 1.0})]) is None, "there the CPU waits"
    found = rows("speed", [laned("kan", shared, shared)])["kan"]
    assert found.columns["wall / cpu"] == 2.5


def test_a_loss_that_is_never_reached_takes_for_ever():
    slow = trained("slow", (9, 9, 9), (9, 9, 9), (1, 9, 9))
    found = rows("speed", [MLP, slow, timed("slow", 1)], FROZEN)["slow"].columns
    assert (found["time"], found["reaches"]) == (None, 33)
    failed = trained("slow", (1, 1, 1), (1, 1, 1), (1, 1, 1), members=("ok", "ok", "diverged"))
    assert rows("speed", [MLP, failed, timed("slow", 1)], FROZEN)["slow"].columns["reaches"] == 67
    crashed = record("slow", PLACE).model_copy(
        update={"errors": (), "status": "crashed", "members": ("crashed",) * 3}
    )
    assert rows("speed", [MLP, crashed, timed("slow", 1)], FROZEN)["slow"].columns["reaches"] == 0


@pytest.mark.parametrize(
    "more",
    [
        {"metric": "relative_l2"},
        {"stages": ("one", "two")},
        {"recipe": RECIPE.model_copy(update={"resample": 1})},
    ],
    ids=["derivatives", "stages", "minibatches"],
)
def test_losses_that_mean_something_else_say_nothing(more):
    other = trained("mlp-silu", (9, 9, 9), (4, 5, 6), (1, 2, 3), **more)
    found = rows("speed", [other, timed("mlp-silu", 1)], FROZEN)["mlp-silu"].columns
    assert (found["time"], found["reaches"]) == (None, None)


def test_without_a_timing_of_the_budget_there_is_no_time():
    found = rows("speed", [MLP, laned("mlp-silu", timing(1, "inference"))], FROZEN)[
        "mlp-silu"
    ].columns
    assert found["time"] is None
    assert "time" not in rows("speed", [MLP])["mlp-silu"].columns


def test_small_batches_have_a_column_of_their_own():
    step = (timing(3, "training step", batch=32), timing(5, "training step", batch=1024))
    wide = timing(7, "training step", shape="equal width", batch=32)
    found = rows("speed", [laned("a", *step), laned("a", wide, widths=(784, 256, 10))])["a"].columns
    names = ("small step", "step", "784-256-10 small step")
    assert [found[name] for name in names] == pytest.approx([3, 5, 7])


def test_a_package_has_a_row_that_says_which_it_is():
    one = timed("inkan-package", 3).model_copy(update={"package": "inkan 0.5.2"})
    found = rows("speed", [one, timed("kan", 2), MLP])
    assert found["inkan-package"].score == pytest.approx(3**0.5)
    assert found["inkan-package"].note == "the package inkan 0.5.2"
    assert found["kan"].rank == 1


@pytest.mark.parametrize("name", ["efficiency", "forgetting"])
def test_what_was_only_timed_is_no_row_of_boards_of_errors(name):
    assert "inkan-package" not in rows(name, [MLP, timed("inkan-package", 3)])


def test_speed_is_the_geometric_mean_at_equal_parameters():
    wide = timing(50, shape="equal width")
    found = rows("speed", [speed("a", timing(2), timing(8, "forward + backward"), wide)])
    row = found["a"]
    assert row.score == pytest.approx(4.0)
    assert row.columns["width: forward"] == pytest.approx(50)
    assert row.columns["cpu ms"] == pytest.approx(8)


def test_intervals_of_one_lap_add_up_and_those_of_several_in_squares():
    one = speed("a", timing(2), timing(8, "forward + backward"))
    other = one.model_copy(update={"budget": 4000})
    alone, both = (rows("speed", records)["a"] for records in ([one], [one, other]))
    assert alone.high / alone.score == pytest.approx(1.1)
    assert both.high / both.score == pytest.approx(1.1 ** (2**-0.5))


def test_models_without_a_speed_or_with_a_failed_one_are_listed():
    records = [
        speed("a", timing(2)),
        record("untimed"),
        speed("broken", status="crashed", reason="no such op"),
        speed("partly", timing(2, batch=16)),
    ]
    found = rows("speed", records)
    assert found["untimed"].missing == 2  # what others are timed at, batches of 256 and of 16
    assert (found["broken"].rank, found["broken"].note) == (None, "crashed: no such op")
    assert found["partly"].missing == 1


def test_speeds_whose_intervals_overlap_share_their_ranks():
    found = rows("speed", [speed("a", timing(2)), speed("b", timing(2.1)), speed("c", timing(9))])
    assert (found["a"].rank_low, found["a"].rank_high) == (1, 2)
    assert (found["b"].rank_low, found["b"].rank_high) == (1, 2)
    assert (found["c"].rank_low, found["c"].rank_high) == (3, 3)


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
