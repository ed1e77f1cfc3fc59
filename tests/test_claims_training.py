"""Laws of claims about training: what is measured, and which rules judge it."""

import struct

import numpy as np
import pytest

from kansci.claims.experiments import adam, extended, final, lbfgs, losses, trained
from kansci.claims.measurement import exactly
from kansci.claims.rules import above, as_published, below, kept, of_both, power_of
from kansci.claims.shelf import file_of, get_claims, read, results
from kansci.discover import get_model, load
from kansci.recipe import Optimizer

HOLDS, FAILS, PART, OPEN = "holds", "does not hold", "holds in part", "cannot be judged"


def between(low, high):
    return exactly("x", (low + high) / 2).model_copy(update={"low": low, "high": high})


def module(name):
    return load(file_of(get_claims([name])[0]))


@pytest.mark.parametrize(
    ("first", "others", "word"),
    [
        (HOLDS, [HOLDS, OPEN], HOLDS),
        (HOLDS, [HOLDS, FAILS], PART),
        (FAILS, [HOLDS, HOLDS], FAILS),
        (OPEN, [FAILS, FAILS], OPEN),
        (PART, [FAILS], PART),
    ],
)
def test_the_published_setting_decides_and_others_cost_no_more_than_in_part(first, others, word):
    assert as_published(first, others) == word
    if len(set(others)) == 1:
        assert of_both(first, others[0]) == word


@pytest.mark.parametrize(
    ("gained", "gone", "word"),
    [
        (between(2, 3), between(0, 0.2), HOLDS),
        (between(2, 3), between(0.4, 0.6), FAILS),
        (between(2, 3), between(0.2, 0.6), OPEN),
        (between(0.5, 0.6), between(0, 0.2), OPEN),
        (between(0.5, 0.6), between(0.4, 0.5), FAILS),
    ],
)
def test_only_what_was_learned_can_be_kept_and_what_was_not_can_be_lost(gained, gone, word):
    assert kept(gained, gone) == word


@pytest.mark.parametrize("bound", [0.0, 1.0])
def test_what_lies_across_a_bound_is_neither_more_nor_less(bound):
    for low, high, more, less in (
        (1, 2, HOLDS, FAILS),
        (-2, -1, FAILS, HOLDS),
        (-1, 1, OPEN, OPEN),
    ):
        one = between(bound + low, bound + high)
        assert (above(one, bound), below(one, bound)) == (more, less)


@pytest.mark.parametrize(
    ("low", "high", "word"),
    [(3.5, 4.1, HOLDS), (1, 5, PART), (2, 3, PART), (-1, 5, OPEN), (-2, -1, FAILS)],
)
def test_a_power_holds_if_the_interval_reaches_it_from_above_its_half(low, high, word):
    assert power_of(between(low, high), 4) == word


def test_every_loss_of_a_training_is_seen():
    model = get_model("kan", widths=(1, 1))
    recipe = adam(40, 1e-2, evaluation_seeds=(0, 1))
    every, (curve,) = (
        losses("relukan/f1", model, recipe),
        trained("relukan/f1", model, recipe).curves,
    )
    assert every.shape == (40, 2)
    np.testing.assert_allclose(every[np.array(curve.evaluations) - 1], curve.losses, rtol=1e-4)


def test_a_training_that_goes_on_from_grid_to_grid_is_one_that_divides_cells_between():
    model, recipe = get_model("kan", widths=(1, 1), grid=3), lbfgs(10, evaluation_seeds=(0, 1))
    later = Optimizer(name="lbfgs", evaluations=10, refine=2)
    whole = recipe.model_copy(update={"optimizers": (*recipe.optimizers, later, later)})
    found = extended("relukan/f1", model, recipe, times=2, grids=3)
    assert found.shape == (3, 2)
    np.testing.assert_allclose(found[-1], final(trained("relukan/f1", model, whole)), rtol=1e-3)
    np.testing.assert_allclose(found[0], final(trained("relukan/f1", model, recipe)), rtol=1e-5)


def test_a_power_ends_where_the_error_is_least_and_begins_where_a_grid_resolves():
    power = module("C23").power
    assert power(1e-2 * np.array([1.0, 2**-4, 2**-8, 1, 1])) == pytest.approx(4)
    assert power(np.array([0.8, 0.7, 1e-2, 1e-2 / 16, 1e-2 / 256])) == pytest.approx(4)
    assert power(np.array([0.4, 0.3, 0.2, 0.3, 0.4])) == 0
    assert power(np.array([0.01, 0.02, 0.03, 0.03, 0.04])) == 0


def test_rises_between_any_two_steps_count():
    curve = np.array([[1.0, 1.0], [10.0, 0.5], [1.0, 0.1], [100.0, 0.1]])
    np.testing.assert_allclose(module("C21").rises(curve), [3.0, 0.0])


def test_cosines_diagonalise_the_penalty_with_two_terms_more():
    conditioning = module("C24")
    square = conditioning.laplacian(9) @ conditioning.laplacian(9)
    more = square - conditioning.penalty(conditioning.Hat(1, grid=8))
    assert np.linalg.matrix_rank(more) == 2
    assert more[0, 0] == more[-1, -1] == -more[0, 1] == 1


def test_networks_of_the_report_have_its_numbers_and_are_trained_where_mnist_is(
    tmp_path, monkeypatch
):
    mnist = module("C7")
    rng = np.random.default_rng(0)
    for part in ("train", "t10k"):
        pixels = rng.integers(0, 256, (8, 28, 28), dtype=np.uint8)
        head = struct.pack(">4i", 2051, 8, 28, 28)
        (tmp_path / f"{part}-images-idx3-ubyte").write_bytes(head + pixels.tobytes())
        head = struct.pack(">2i", 2049, 8)
        classes = rng.integers(0, 10, 8, dtype=np.uint8)
        (tmp_path / f"{part}-labels-idx1-ubyte").write_bytes(head + classes.tobytes())
    monkeypatch.setenv(mnist.VARIABLE, str(tmp_path))
    monkeypatch.setattr(mnist, "EPOCHS", 1)
    monkeypatch.setattr(mnist, "SEEDS", (0, 1))
    found = {one.name: one for one in mnist.measure()}
    assert found[f"numbers of {mnist.KAN}"].value == pytest.approx(1_427_489, rel=1e-5)
    assert found[f"numbers of {mnist.MLP}"].value == pytest.approx(3_272_843, rel=1e-5)
    like = read(results() / "C7.json").model_copy(update={"quantities": tuple(found.values())})
    assert mnist.claim.judged(like).word in {HOLDS, FAILS, OPEN}
    monkeypatch.delenv(mnist.VARIABLE)
    less = like.model_copy(update={"quantities": tuple(mnist.measure())})
    assert mnist.claim.judged(less).word == "cannot be tested here"
