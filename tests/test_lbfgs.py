"""L-BFGS goes as far as those of PyTorch and SciPy, member by member, and members never meet."""

import math
from typing import NamedTuple

import numpy as np
import pytest
import scipy.optimize
import torch

from kansci.optim import LBFGS
from kansci.recipe import Optimizer


def rosenbrock(w):
    return (100 * (w[..., 1:] - w[..., :-1] ** 2) ** 2 + (1 - w[..., :-1]) ** 2).sum(-1)


def ill_conditioned(w):
    return (torch.logspace(0, 6, w.shape[-1], dtype=w.dtype) * w**2).sum(-1) / 2


def least_squares(w):
    generator = torch.Generator().manual_seed(1)
    draws = torch.randn(40, w.shape[-1] + 1, generator=generator, dtype=torch.double).to(w.dtype)
    sizes = torch.logspace(-1, 1, w.shape[-1], dtype=w.dtype)
    return ((w @ (draws[:, 1:] * sizes).T - draws[:, 0]) ** 2).sum(-1)


def network(w):
    """A tanh network of 15 units that learns a bumpy function, a member or many at once."""
    x = torch.linspace(-1, 1, 64, dtype=w.dtype).unsqueeze(-1)
    target = (torch.sin(4 * x) + torch.cos(9 * x) / 2).squeeze(-1)
    slope, shift, height = w[..., :-1].unsqueeze(-2).chunk(3, -1)
    answer = (torch.tanh(x * slope + shift) * height).sum(-1) + w[..., -1:]
    return ((answer - target) ** 2).mean(-1)


class Problem(NamedTuple):
    loss: object
    numbers: int
    evaluations: int


PROBLEMS = {
    "rosenbrock 2": Problem(rosenbrock, 2, 60),
    "rosenbrock 10": Problem(rosenbrock, 10, 120),
    "rosenbrock 30": Problem(rosenbrock, 30, 300),
    "ill conditioned": Problem(ill_conditioned, 30, 150),
    "least squares": Problem(least_squares, 20, 100),
    "network": Problem(network, 46, 200),
}
MEMBERS = 5
HISTORY = 20


def start(numbers, dtype=torch.double):
    generator = torch.Generator().manual_seed(5)
    return torch.randn(MEMBERS, numbers, generator=generator, dtype=torch.double).to(dtype)


def objective(loss, weights, spoil=lambda gradient, losses: (gradient, losses)):
    def evaluate():
        leaf = weights.detach().clone().requires_grad_()
        losses = loss(leaf)
        (gradient,) = torch.autograd.grad(losses.sum(), leaf)
        return spoil(gradient, losses.detach())

    return evaluate


def optimizer(weights, evaluations, history=HISTORY):
    recipe = Optimizer(name="lbfgs", evaluations=evaluations, history=history)
    return LBFGS(weights, torch.ones(len(weights)), recipe)


def minimised(loss, weights, evaluations, **more):
    """Losses after every step, `(evaluation, member)`; `weights` end at the best."""
    ours = optimizer(weights, evaluations)
    evaluate = objective(loss, weights, **more)
    losses = torch.stack([ours.step(evaluate) for _ in range(evaluations)])
    ours.finish()
    return losses


def lowest_of_torch(loss, first, evaluations):
    weights, seen = first.clone().requires_grad_(), []
    theirs = torch.optim.LBFGS(
        [weights],
        max_iter=evaluations,
        max_eval=evaluations,
        history_size=HISTORY,
        line_search_fn="strong_wolfe",
        tolerance_grad=1e-12,
        tolerance_change=1e-15,
    )

    def closure():
        theirs.zero_grad()
        value = loss(weights)
        value.backward()
        seen.append(value.item())
        return value

    theirs.step(closure)
    return min(seen[:evaluations])


def lowest_of_scipy(loss, first, evaluations):
    seen = []

    def evaluate(point):
        weights = torch.tensor(point, requires_grad=True)
        value = loss(weights)
        value.backward()
        seen.append(value.item())
        return seen[-1], weights.grad.numpy()

    options = {"maxcor": HISTORY, "maxfun": evaluations, "ftol": 1e-15, "gtol": 1e-12}
    scipy.optimize.minimize(evaluate, first.numpy(), jac=True, method="L-BFGS-B", options=options)
    return min(seen[:evaluations])


@pytest.mark.parametrize("problem", PROBLEMS.values(), ids=PROBLEMS)
def test_as_many_evaluations_reach_as_low_a_loss_as_torch_and_scipy(problem):
    """Each member as well but for its luck, and all together in the geometric mean."""
    loss, numbers, evaluations = problem
    weights = start(numbers)
    first = weights.clone()
    ours = minimised(loss, weights, evaluations)[-1].numpy()
    assert loss(weights).numpy() == pytest.approx(ours, rel=1e-12, abs=1e-30)
    for lowest in (lowest_of_torch, lowest_of_scipy):
        theirs = np.array([lowest(loss, row, evaluations) for row in first])
        ratio = np.log10(np.maximum(ours, 1e-15) / np.maximum(theirs, 1e-15))
        assert ratio.mean() < 0.15
        assert ratio.max() < 0.6


def test_the_first_iterations_are_those_of_torch():
    """Until rounding grows: the same trials, so the same losses."""
    for loss, numbers, _ in PROBLEMS.values():
        weights = start(numbers)
        first = weights.clone()
        ours = minimised(loss, weights, 12)[-1]
        theirs = [lowest_of_torch(loss, row, 12) for row in first]
        assert ours.tolist() == pytest.approx(theirs, rel=1e-6)


@pytest.mark.parametrize("dtype", [torch.float, torch.double], ids=str)
def test_losses_never_rise_and_the_weights_end_at_the_lowest(dtype):
    weights = start(46, dtype)
    losses = minimised(network, weights, 150)
    assert (losses[1:] <= losses[:-1]).all()
    torch.testing.assert_close(network(weights).double(), losses[-1], rtol=1e-6, atol=0)
    assert (losses[-1] < 1e-2 * losses[0]).all()


def test_a_training_that_ends_within_a_search_ends_at_its_best_trial():
    for evaluations in range(1, 25):
        weights = start(10)
        losses = minimised(rosenbrock, weights, evaluations)
        torch.testing.assert_close(rosenbrock(weights), losses[-1], rtol=1e-14, atol=0)


def test_members_do_not_meet_even_where_one_explodes():
    calm = start(46)
    expected = minimised(network, calm, 60)

    def explosive(gradient, losses):
        return gradient * torch.tensor([1, math.nan, 1, 1, 1]).unsqueeze(1), losses

    wild = start(46)
    losses = minimised(network, wild, 60, spoil=explosive)
    others = [0, 2, 3, 4]
    assert losses[:, 1].isnan().all()
    assert torch.equal(losses[:, others], expected[:, others])
    assert torch.equal(wild[others], calm[others])
    assert torch.equal(wild[1], start(46)[1])


def test_a_member_goes_as_it_would_alone():
    """As many neighbours as there are may only move the last digits of products."""
    together = start(46)
    losses = minimised(network, together, 25)
    for member in range(MEMBERS):
        alone = start(46)[member : member + 1].clone()
        own = minimised(network, alone, 25)
        torch.testing.assert_close(own[:, 0], losses[:, member], rtol=1e-9, atol=0)


def test_members_that_have_converged_stand_still_while_others_go_on():
    weights = start(10)
    weights[2] = 1  # the minimum of Rosenbrock's function
    weights[3] = 1 + 1e-3 * weights[3]
    ours = optimizer(weights, 400)
    evaluate = objective(rosenbrock, weights)
    still = None
    for step in range(400):
        losses = ours.step(evaluate)
        if step == 0:
            still = weights[2].clone()
        if step == 40:
            near = weights[3].clone()
            assert losses[3] < 1e-15
            assert losses[[0, 1, 4]].max() > 1e-3
            assert not ours.idle()
        if step > 40:
            assert torch.equal(weights[3], near)
        assert torch.equal(weights[2], still)
    assert ours.idle()
    assert (losses < 1e-15).all()


def test_a_trial_without_a_finite_loss_shortens_the_step():
    """A wall that the first trials of a search run into: the loss beyond it is not finite."""

    def walled(w):
        return -torch.log(1 - w.square()).sum(-1) + 3 * w.sum(-1)

    weights = torch.tensor([[0.9, 0.2], [0.999, -0.999]], dtype=torch.double)
    losses = minimised(walled, weights, 80)
    exact = (1 - math.sqrt(10)) / 3  # where 2w / (1 - w^2) = -3
    torch.testing.assert_close(weights, torch.full_like(weights, exact), rtol=1e-8, atol=0)
    assert losses.isfinite().all()


def test_a_member_that_starts_without_a_finite_loss_is_frozen_as_it_is():
    weights = start(10)
    weights[1, 3] = math.inf
    before = weights.clone()
    losses = minimised(rosenbrock, weights, 30)
    assert losses[:, 1].isnan().all()
    assert torch.equal(weights[1], before[1])
    assert losses[:, [0, 2, 3, 4]].isfinite().all()


def test_a_search_that_cannot_succeed_ends_in_a_frozen_member():
    """The gradient points uphill, so no step is accepted, along the gradient neither."""
    weights = start(3)
    ours = optimizer(weights, 100)

    def misleading():
        return -2 * weights, weights.square().sum(1)

    before = weights.clone()
    for _ in range(100):
        losses = ours.step(misleading)
    assert ours.idle()
    ours.finish()
    assert torch.equal(weights, before)
    assert losses.tolist() == before.square().sum(1).tolist()


@pytest.mark.parametrize(("spoiled", "stuck"), [(30, False), (60, True)])
def test_a_failed_search_is_begun_anew_along_the_gradient_and_once_only(spoiled, stuck):
    """Nothing is finite for so many trials: as many as one search has, or as two have."""
    weights = start(10)
    ours = optimizer(weights, 400)
    evaluate = objective(rosenbrock, weights)
    for _ in range(20):
        before = ours.step(evaluate)
    for _ in range(spoiled):
        gradient, losses = evaluate()
        ours.step(lambda found=(gradient, losses + math.inf): found)
    assert ours.idle() == stuck
    for _ in range(200):
        after = ours.step(evaluate)
    if stuck:
        assert torch.equal(after, before)
    else:
        assert (after < before).all()
