"""Controls that are fitted find what their libraries find, and say what they cannot fit."""

import numpy as np
import pytest
import torch
from numpy.polynomial import legendre
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.kernel_ridge import KernelRidge

from kansci.discover import get_task
from kansci.errors import NotApplicable
from kansci.fitting.boosting import boosting
from kansci.fitting.least_squares import least_squares
from kansci.fitting.problem import Problem
from kansci.fitting.ridge import PRICE, kernel_ridge
from kansci.losses import REGRESSION, MeanSquares, Part
from kansci.models import Model, Units, get_model, list_models
from kansci.models.legendre import multi_indices, polynomials
from kansci.recipe import Optimizer, Recipe
from kansci.runner import run
from kansci.sampling import stream
from kansci.task import Scale

FITTED = [name for name in list_models() if get_model(name).fitted]
DOMAIN = ((0.0, 2.0), (-1.0, 3.0))
RECIPE = Recipe(
    optimizers=(Optimizer(evaluations=10),),
    rates=(1e-2,),
    tuning_seeds=(7,),
    evaluation_seeds=(0, 1),
    dtype="float64",
)


def data(count=200, outputs=1):
    low, high = torch.tensor(DOMAIN, dtype=torch.double).T
    x = low + (high - low) * torch.rand(count, 2, generator=stream("x"), dtype=torch.double)
    rows = [torch.sin(2 * x[:, :1]) * x[:, 1:], x.square().sum(-1, keepdim=True)]
    return x, torch.cat(rows[:outputs], 1)


def fitted(fit, name, parameters, setting, outputs=1):
    x, y = data(outputs=outputs)
    scale = Scale(y.mean().item(), y.std().item())
    network = Units(get_model(name).build(2, outputs, parameters), DOMAIN, scale).double()
    batch = (x, y, torch.tensor([scale.std], dtype=torch.double))
    fit(network, Problem(REGRESSION, batch, setting, stream("fit")))
    inputs = (x - network.centre) / network.half_width
    return network, x, inputs.numpy(), ((y - scale.mean) / scale.std).numpy(), scale


@pytest.mark.parametrize("order", [0, 1, 2, 3])
def test_polynomials_and_their_derivatives_are_those_of_numpy(order):
    x = torch.linspace(-1, 1, 9, dtype=torch.double)
    found = polynomials(x, 12, order)
    wanted = [legendre.Legendre.basis(k).deriv(order)(x.numpy()) for k in range(13)]
    np.testing.assert_allclose(found.mT.numpy(), wanted, rtol=1e-11, atol=1e-9)


def test_multi_indices_come_by_total_degree_and_none_twice():
    found = multi_indices(3, 84)  # all up to degree 6
    assert len(set(found)) == 84
    degrees = [sum(index) for index in found]
    assert degrees == sorted(degrees)
    assert degrees[-1] == 6
    assert set(found[1:4]) == {(1, 0, 0), (0, 1, 0), (0, 0, 1)}


@pytest.mark.parametrize("outputs", [1, 2])
def test_least_squares_are_those_of_numpy(outputs):
    network, x, inputs, targets, scale = fitted(least_squares, "legendre", 30, 1.0, outputs)
    table = network.network._products(torch.tensor(inputs), ()).detach().numpy()
    wanted = table @ np.linalg.lstsq(table, targets, rcond=None)[0]
    found = (network(x).detach().numpy() - scale.mean) / scale.std
    np.testing.assert_allclose(found, wanted, atol=1e-10)


def test_a_share_of_the_functions_leaves_the_others_at_zero():
    network, *_ = fitted(least_squares, "legendre", 40, 0.25)
    coefficients = network.network.coef.detach().flatten()
    assert (coefficients[:10] != 0).all()
    assert (coefficients[10:] == 0).all()


@pytest.mark.parametrize("outputs", [1, 2])
def test_kernels_around_all_points_are_kernel_ridge_regression(outputs):
    parameters = 1 + 200 * (2 + outputs)
    network, x, inputs, targets, scale = fitted(
        kernel_ridge, "kernel-ridge", parameters, 0.3, outputs
    )
    ridge = KernelRidge(alpha=PRICE, kernel="rbf", gamma=1 / (2 * 0.3**2)).fit(inputs, targets)
    found = (network(x).detach().numpy() - scale.mean) / scale.std
    np.testing.assert_allclose(found, ridge.predict(inputs).reshape(found.shape), atol=1e-5)


def test_fewer_points_than_centres_leave_the_rest_without_weight():
    network, *_ = fitted(kernel_ridge, "kernel-ridge", 1_000, 0.3)
    assert (network.network.coef[:200] != 0).all()
    assert (network.network.coef[200:] == 0).all()


@pytest.mark.parametrize("outputs", [1, 2])
@pytest.mark.parametrize("depth", [1, 3])
def test_trees_are_those_of_scikit_learn(outputs, depth):
    name = f"boosted-trees[depth={depth}]"
    network, x, inputs, targets, scale = fitted(boosting, name, 500, 0.3, outputs)
    found = (network(x).detach().numpy() - scale.mean) / scale.std
    for column, values in zip(targets.T, found.T, strict=True):
        forest = HistGradientBoostingRegressor(
            learning_rate=0.3,
            max_iter=network.network.leaf.shape[1],
            max_depth=depth,
            max_leaf_nodes=2**depth,
            min_samples_leaf=5,
            early_stopping=False,
        ).fit(inputs, column)
        np.testing.assert_allclose(values, forest.predict(inputs), atol=1e-12)


@pytest.mark.parametrize("name", FITTED)
@pytest.mark.parametrize("budget", [60, 250])
def test_a_control_keeps_its_budget_and_beats_the_mean(name, budget):
    record = run(get_task("feynman27/I.12.11"), get_model(name), budget, RECIPE)
    assert record.status == "ok"
    assert record.parameters + record.adapted <= budget
    assert record.rate in get_model(name).settings
    assert len(record.tuning) == len(get_model(name).settings)
    assert max(record.errors[-1][0]) < 0.9


def test_collocation_solves_a_linear_equation_to_many_digits():
    record = run(get_task("poisson"), get_model("legendre"), 250, RECIPE)
    assert max(record.errors[-1][0]) < 1e-5


@pytest.mark.parametrize(
    ("name", "says"),
    [("kernel-ridge", "the task gives none"), ("boosted-trees", "second derivatives")],
)
def test_what_wants_targets_does_not_apply_to_equations(name, says):
    record = run(get_task("poisson"), get_model(name), 250, RECIPE)
    assert record.status == "not_applicable"
    assert says in record.reason
    assert record.members == ()


def test_least_squares_refuse_equations_that_are_not_linear():
    def bent(predict, x, y, std):
        return (predict(x).square() - y) / std

    x, y = data()
    network = Units(get_model("legendre").build(2, 1, 30), DOMAIN, Scale()).double()
    loss = MeanSquares(Part(bent, takes=(0, 1), given=(2,)))
    batch = (x, y, torch.ones(1, dtype=torch.double))
    with pytest.raises(NotApplicable, match="linear"):
        least_squares(network, Problem(loss, batch, 1.0, stream("fit")))


def test_only_controls_are_fitted():
    with pytest.raises(ValueError, match="control"):
        Model("mine", lambda i, o, p: torch.nn.Linear(i, o), fitted="boosting", settings=(1.0,))
