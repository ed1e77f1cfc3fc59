"""The continual tasks against formulas of our own, and what their stages and orders are."""

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from kansci.discover import find_tasks, get_task
from kansci.errors import UserError
from kansci.models import get_model
from kansci.recipe import Recipe
from kansci.runner import run
from kansci.sampling import stream

SLABS = {task.name.partition("/")[2]: task for task in find_tasks("feynman_slabs/*")}
DIGITS = ("digits_classes", "digits_domains", "digits_domains[by=permutations]")
every_digits = pytest.mark.parametrize("name", DIGITS)


def drawn(task, seed=0):
    return [stage.sample(stream("points", seed), stage.points) for stage in task.stages]


def test_the_bumps_that_are_published_keep_their_content():
    """Records are compared by it."""
    assert get_task("bumps_1d").content.startswith("60d1e13a7a10a384")
    assert get_task("bumps_2d").content.startswith("5aec1257d7da4189")


def test_relukan_s_bumps_are_a_thousand_even_points_on_each_window():
    task = get_task("bumps_relukan")
    x, y = (torch.cat(parts).squeeze(-1) for parts in zip(*drawn(task), strict=True))
    torch.testing.assert_close(x, torch.arange(5_000, dtype=torch.double) / 5_000)
    z = torch.linspace(-1, 1, 1_001, dtype=torch.double)[:-1].repeat(5)
    density = torch.exp(-((5 * z) ** 2) / 2) / np.sqrt(2 * np.pi) / 5
    torch.testing.assert_close(y, density / 0.08)


def test_cyclic_bumps_are_those_of_bumps_1d_three_times():
    task, once = get_task("bumps_cyclic"), get_task("bumps_1d")
    names = [stage.name for stage in once.stages]
    assert [stage.name for stage in task.stages] == 3 * names
    assert [probe.name for probe in task.judged_by("test")] == names
    for found, wanted in zip(drawn(task), 3 * drawn(once), strict=True):
        torch.testing.assert_close(found, wanted)


def test_a_number_draws_another_order_of_revisits():
    orders = [get_task("bumps_cyclic", order=order) for order in (0, 1, 2)]
    stages = [[stage.name for stage in task.stages] for task in orders]
    assert len({tuple(one) for one in stages}) == 3
    for one in stages:
        assert all(len(set(one[i : i + 5])) == 5 for i in (0, 5, 10))
    assert len({task.content for task in orders}) == 3


@pytest.mark.parametrize("name", ["drift_window", "drift_function"])
def test_a_window_drifts_over_a_function_that_stays_or_fades(name):
    task = get_task(name)
    last = 0.5 if name == "drift_function" else 1
    centres = np.linspace(-0.8, 0.8, 8)

    def truth(x):
        return np.exp(-60 * (x.numpy() - centres) ** 2).sum(1)

    for k, (x, y) in enumerate(drawn(task)):
        share = 1 + (last - 1) * k / 7
        np.testing.assert_allclose(y[:, 0], share * truth(x), rtol=1e-12)
        assert (x - centres[k]).abs().max() <= 0.35
    for probe in task.judged_by("test"):
        np.testing.assert_allclose(probe.y[:, 0], last * truth(probe.x), rtol=1e-12)
    windows = [stage.name for stage in task.stages]
    assert [stage.name for stage in task.tuning.stages] == windows[::-1]


FORMULAS = {
    "I.6.2": lambda theta, sigma: np.exp(-((theta / sigma) ** 2) / 2) / np.sqrt(2 * np.pi) / sigma,
    "I.16.6": lambda a, b: (a + b) / (1 + a * b),
    "I.29.16": lambda a, s, t: np.sqrt(1 + a**2 - 2 * a * np.cos(s - t)),
    "I.50.26": lambda a, alpha: np.cos(a) * (1 + alpha * np.cos(a)),
    "II.35.18": lambda n0, a: n0 / (2 * np.cosh(a)),
}


@pytest.mark.parametrize("name", FORMULAS)
def test_an_equation_falls_into_four_slabs_along_its_first_variable(name):
    task = SLABS[name]
    low, high = task.domain[0]
    probes = [(probe.x, probe.y) for probe in task.judged_by("test")]
    for k, pairs in enumerate(zip(drawn(task), probes, strict=True)):
        for x, y in pairs:
            np.testing.assert_allclose(y[:, 0], FORMULAS[name](*x.numpy().T), rtol=1e-12)
            share = (x[:, 0] - low) / (high - low) * 4
            assert ((share >= k - 1e-9) & (share <= k + 1 + 1e-9)).all()
    assert list(SLABS) == sorted(FORMULAS)


@every_digits
def test_digits_are_divided_once_and_no_test_image_is_learned_or_tuned_on(name):
    task = get_task(name)
    images = {tuple(row) for row in load_digits().data / 16}
    learned = {tuple(row) for row in drawn(task)[0][0].tolist()}
    judged = {tuple(row) for row in task.judged_by("test")[0].x.tolist()}
    assert learned <= images  # the first stage is as it was taken
    assert judged <= images
    assert not learned & judged
    if name != "digits_classes":
        assert (len(learned), len(judged)) == (1_257, 540)
        return
    reserved = [probe.x for probe in task.tuning.probes] + [x for x, _ in drawn(task.tuning)]
    seen = {tuple(row) for part in reserved for row in part.tolist()}
    every = {tuple(row) for probe in task.judged_by("test") for row in probe.x.tolist()}
    assert not seen & every


@every_digits
def test_digits_have_one_output_for_each_class_and_guesses_score_nothing(name):
    task = get_task(name)
    assert (task.dim_in, task.dim_out, task.metric, task.smallest) == (64, 10, "error_rate", 4_000)
    assert task.trivial == 0.9
    for x, y in drawn(task):
        assert x.shape[1:] == (64,)
        assert ((x >= 0) & (x <= 1)).all()
        assert (y.sum(1) == 1).all()
        assert set(y.unique().tolist()) == {0, 1}


def test_classes_come_in_pairs():
    task = get_task("digits_classes")
    classes = [sorted(set(y.argmax(-1).tolist())) for _, y in drawn(task)]
    assert classes == [[0, 1], [2, 3], [4, 5], [6, 7], [8, 9]]
    other = get_task("digits_classes", order=1)
    assert sorted(c for _, y in drawn(other) for c in set(y.argmax(-1).tolist())) == [*range(10)]


def test_domains_turn_or_rearrange_the_same_images():
    turned, permuted = map(get_task, DIGITS[1:])
    plain = turned.judged_by("test")[0].x.reshape(-1, 8, 8)
    quarter = turned.judged_by("test")[3].x.reshape(-1, 8, 8)
    torch.testing.assert_close(quarter, plain.rot90(1, (1, 2)))
    for probe in permuted.judged_by("test")[1:]:
        flat = plain.flatten(1)
        torch.testing.assert_close(probe.x.sort(1).values, flat.sort(1).values)
        assert not torch.equal(probe.x, flat)
    assert torch.equal(permuted.judged_by("test")[0].x, plain.flatten(1))


def test_an_option_that_a_task_does_not_have_is_refused():
    with pytest.raises(UserError, match="want by=rotations or by=permutations, got 'colours'"):
        get_task("digits_domains", by="colours")


def test_minibatches_differ_between_members_and_hold_no_image_twice():
    stage = get_task("digits_domains").stages[0]
    one, other = (stage.sample(stream("points", seed), 64)[0] for seed in (0, 1))
    assert not torch.equal(one, other)
    assert len(one.unique(dim=0)) == 64
    whole = stage.sample(stream("points"), 2_600)[0]
    assert whole.unique(dim=0, return_counts=True)[1].min() >= 2


def test_a_budget_below_the_smallest_of_a_task_is_a_row_with_its_reason():
    quick = Recipe(optimizers=({"evaluations": 2},), rates=(0.1,), evaluation_seeds=(0,), points=8)
    record = run(get_task("digits_classes"), get_model("mlp-silu"), 1_000, quick)
    assert record.status == "does_not_fit"
    assert record.reason == "the task wants a budget of at least 4000, got 1000"


def test_digits_are_learned_by_minibatches():
    given = Recipe(
        optimizers=({"evaluations": 60},),
        rates=(1e-2,),
        evaluation_seeds=(0,),
        points=64,
        resample=1,
    )
    record = run(get_task("digits_classes"), get_model("mlp-silu"), 5_000, given)
    assert record.status == "ok"
    assert np.diag(np.array(record.errors)[..., 0]).max() < 0.15
    assert np.array(record.errors)[-1, 0, 0] > 0.8
