"""The board of speed: packages have rows, works their columns, and time is until a loss."""

import pytest
from ledgers import RECIPE, record
from test_board import laned, timing

from kansci.api import get_board
from kansci.board import rank
from kansci.record import Curve
from kansci.reference import Reference

PLACE = ("feynman", "I.6.20", 1000)


def rows(records, reference=None):
    return {one.model: one for one in rank(get_board("speed"), records, reference)}


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
    found = rows([MLP, quick, timed("mlp-silu", 1), timed("quick", 4)], FROZEN)
    assert found["quick"].columns["time"] == pytest.approx(0.5 * 4)
    assert found["quick"].columns["reaches"] == 100
    assert found["mlp-silu"].columns["time"] == pytest.approx(1)
    assert found["mlp-silu"].columns["reaches"] == 67


def test_a_loss_that_is_never_reached_takes_for_ever():
    slow = trained("slow", (9, 9, 9), (9, 9, 9), (1, 9, 9))
    found = rows([MLP, slow, timed("slow", 1)], FROZEN)["slow"].columns
    assert (found["time"], found["reaches"]) == (None, 33)
    failed = trained("slow", (1, 1, 1), (1, 1, 1), (1, 1, 1), members=("ok", "ok", "diverged"))
    assert rows([MLP, failed, timed("slow", 1)], FROZEN)["slow"].columns["reaches"] == 67
    crashed = record("slow", PLACE).model_copy(
        update={"errors": (), "status": "crashed", "members": ("crashed",) * 3}
    )
    assert rows([MLP, crashed, timed("slow", 1)], FROZEN)["slow"].columns["reaches"] == 0


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
    found = rows([other, timed("mlp-silu", 1)], FROZEN)["mlp-silu"].columns
    assert (found["time"], found["reaches"]) == (None, None)


def test_without_a_timing_of_the_budget_there_is_no_time():
    found = rows([MLP, laned("mlp-silu", timing(1, "inference"))], FROZEN)["mlp-silu"].columns
    assert found["time"] is None
    assert "time" not in rows([MLP])["mlp-silu"].columns


def test_small_batches_have_a_column_of_their_own():
    step = (timing(3, "training step", batch=32), timing(5, "training step", batch=1024))
    wide = timing(7, "training step", shape="equal width", batch=32)
    found = rows([laned("a", *step), laned("a", wide, widths=(784, 256, 10))])["a"].columns
    names = ("small step", "step", "784-256-10 small step")
    assert [found[name] for name in names] == pytest.approx([3, 5, 7])


def test_a_package_has_a_row_that_says_which_it_is():
    one = timed("inkan-package", 3).model_copy(update={"package": "inkan 0.5.2"})
    found = rows([one, timed("kan", 2), MLP])
    assert found["inkan-package"].score == pytest.approx(3**0.5)
    assert found["inkan-package"].note == "the package inkan 0.5.2"
    assert found["kan"].rank == 1


@pytest.mark.parametrize("name", ["efficiency", "forgetting"])
def test_what_was_only_timed_is_no_row_of_boards_of_errors(name):
    found = rank(get_board(name), [MLP, timed("inkan-package", 3)])
    assert "inkan-package" not in {row.model for row in found}
