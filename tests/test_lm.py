"""Levenberg-Marquardt goes as far as SciPy's least squares, member by member."""

import math

import numpy as np
import pytest
import scipy.optimize
import torch

from kansci.optim import LevenbergMarquardt, SumOfSquares
from kansci.optim.lm import LARGEST
from kansci.recipe import Optimizer

MEMBERS = 4
X = torch.linspace(0, 4, 40, dtype=torch.double)
MEASURED = 2 * torch.exp(-1.3 * X) + 0.5 + 0.02 * torch.sin(40 * X)


def decay(w):
    return w[0] * torch.exp(-w[1] * X) + w[2] - MEASURED


def rosenbrock(w):
    return torch.cat((10 * (w[1:] - w[:-1] ** 2), 1 - w[:-1]))


def line(w):
    """Linear, in units that are far apart."""
    return 1e4 * w[0] + 1e-3 * w[1] * X - torch.cos(X)


def network(w):
    x = (X / 2 - 1).unsqueeze(-1)
    slope, shift, height = w[:-1].chunk(3)
    answer = (torch.tanh(x * slope + shift) * height).sum(-1) + w[-1]
    return answer - torch.sin(4 * x).squeeze(-1)


class Squares:
    """A sum of squares from the residuals of one network."""

    def __init__(self, residuals, weights):
        self.residuals = residuals
        self.weights = weights
        self.evaluations = 0

    def __call__(self):
        _, half, loss = self.normal()
        return 2 * half, loss

    def normal(self):
        self.evaluations += 1
        r = torch.vmap(self.residuals)(self.weights)  # (member, point)
        jacobian = torch.vmap(torch.func.jacfwd(self.residuals))(self.weights)
        half = (jacobian.mT @ r.unsqueeze(2)).squeeze(2)
        return jacobian.mT @ jacobian, half, r.square().sum(1)


def start(numbers, scale=0.5, dtype=torch.double):
    generator = torch.Generator().manual_seed(7)
    draws = torch.randn(MEMBERS, numbers, generator=generator, dtype=torch.double)
    return (1 + scale * draws).to(dtype)


def optimizer(weights, evaluations):
    recipe = Optimizer(name="lm", evaluations=evaluations)
    return LevenbergMarquardt(weights, torch.ones(len(weights)), recipe)


def minimised(residuals, weights, evaluations):
    ours = optimizer(weights, evaluations)
    squares = Squares(residuals, weights)
    losses = torch.stack([ours.step(squares) for _ in range(evaluations)])
    assert squares.evaluations == evaluations
    ours.finish()
    return losses


def lowest_of_scipy(residuals, first, method, evaluations=None):
    found = scipy.optimize.least_squares(
        lambda w: residuals(torch.tensor(w)).numpy(),
        first.numpy(),
        jac=lambda w: torch.func.jacfwd(residuals)(torch.tensor(w)).numpy(),
        method=method,
        xtol=1e-15,
        ftol=1e-15,
        gtol=1e-15,
        max_nfev=evaluations,
    )
    return 2 * found.cost


@pytest.mark.parametrize("method", ["lm", "trf"])
@pytest.mark.parametrize(
    ("residuals", "numbers"),
    [(decay, 3), (rosenbrock, 8), (line, 2)],
    ids=["decay-3", "rosenbrock-8", "line-2"],
)
def test_every_member_ends_where_scipy_ends(residuals, numbers, method):
    weights = start(numbers)
    first = weights.clone()
    ours = minimised(residuals, weights, 60)[-1]
    theirs = [lowest_of_scipy(residuals, row, method) for row in first]
    assert ours.tolist() == pytest.approx(theirs, rel=1e-9, abs=1e-20)


def test_a_small_network_is_fitted_as_well_as_by_scipy():
    """Which minimum is found is luck, so the geometric mean over members is compared."""
    weights = start(25, 1.0)
    first = weights.clone()
    ours = minimised(network, weights, 100)[-1].log10().mean()
    theirs = np.log10([lowest_of_scipy(network, row, "lm", 100) for row in first]).mean()
    assert ours < theirs + 0.5
    assert ours < -3


@pytest.mark.parametrize("dtype", [torch.float, torch.double], ids=str)
def test_losses_never_rise_and_the_weights_end_at_the_lowest(dtype):
    weights = start(25, 1.0, dtype)

    def residuals(w):
        return network(w).to(dtype)

    losses = minimised(residuals, weights, 40)
    assert (losses[1:] <= losses[:-1]).all()
    assert (losses[-1] < 1e-2 * losses[0]).all()
    own = torch.stack([residuals(row).square().sum() for row in weights]).double()
    torch.testing.assert_close(own, losses[-1], rtol=1e-5, atol=0)


def test_a_linear_problem_is_solved_to_the_last_digits_and_then_rests():
    weights = start(2)
    ours, squares = optimizer(weights, 40), Squares(line, weights)
    for _ in range(40):
        ours.step(squares)
    assert ours.idle()
    design = torch.stack((torch.full_like(X, 1e4), 1e-3 * X), 1)
    exact = torch.linalg.lstsq(design, torch.cos(X).unsqueeze(1)).solution.squeeze(1)
    torch.testing.assert_close(weights, exact.expand(MEMBERS, -1), rtol=1e-8, atol=0)


def test_members_do_not_meet_even_where_one_explodes():
    calm, wild = start(8), start(8)
    expected = minimised(rosenbrock, calm, 30)
    wild[1, 2] = math.nan
    losses = minimised(rosenbrock, wild, 30)
    others = [0, 2, 3]
    assert losses[:, 1].isnan().all()
    assert torch.equal(losses[:, others], expected[:, others])
    assert torch.equal(wild[others], calm[others])


def test_a_member_goes_as_it_would_alone():
    together = start(8)
    losses = minimised(rosenbrock, together, 12)
    for member in range(MEMBERS):
        alone = start(8)[member : member + 1].clone()
        own = minimised(rosenbrock, alone, 12)
        torch.testing.assert_close(own[:, 0], losses[:, member], rtol=1e-9, atol=1e-25)


def test_a_trial_without_a_finite_loss_is_refused_and_damped():
    """The root of a negative number: beyond 0, where the first trials go, nothing is finite."""

    def walled(w):
        return torch.sqrt(w) - torch.tensor([0.01, 0.01])

    weights = torch.full((MEMBERS, 2), 4.0, dtype=torch.double)
    losses = minimised(walled, weights, 60)
    assert losses.isfinite().all()
    torch.testing.assert_close(weights, torch.full_like(weights, 1e-4), rtol=1e-6, atol=0)


def test_weights_that_nothing_depends_on_stay_where_they_are():
    """Their rows and columns of the matrix are 0; the others are found none the less."""

    def residuals(w):
        return w[:2] - torch.tensor([3.0, 4.0])

    weights = start(4)
    first = weights.clone()
    minimised(residuals, weights, 30)
    assert torch.equal(weights[:, 2:], first[:, 2:])
    expected = torch.tensor([3.0, 4.0]).double().expand(MEMBERS, 2)
    torch.testing.assert_close(weights[:, :2], expected, rtol=1e-9, atol=0)


def test_a_network_that_is_too_large_is_refused():
    weights = torch.zeros(1, LARGEST + 1)
    with pytest.raises(
        ValueError, match=f"at most {LARGEST} numbers, got {LARGEST + 1}: use lbfgs"
    ):
        optimizer(weights, 3)


def test_an_objective_without_normal_equations_is_refused():
    weights = start(2)
    with pytest.raises(TypeError, match=r"wants a sum of squares with normal\(\), got function"):
        optimizer(weights, 3).step(lambda: (weights, weights.sum(1)))
    assert isinstance(Squares(line, weights), SumOfSquares)
