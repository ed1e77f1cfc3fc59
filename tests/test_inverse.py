"""Inverse problems: coefficients are learned beside networks, and fields as unknowns."""

import numpy as np
import pytest
import torch
from numpy.polynomial.legendre import legvander2d
from torch import nn

from kansci.beside import ASKED
from kansci.calculus import Network
from kansci.discover import get_task
from kansci.engines.engine import execute
from kansci.gears.objective import Objective
from kansci.lifting.ensemble import Member
from kansci.models import Units, get_model, trainable
from kansci.models.units import without_units
from kansci.preparing import draw, prepare
from kansci.recipe import Optimizer, Recipe
from kansci.runner import run
from kansci.sampling import stream
from kansci.suite import Cell
from kansci.task import Scale
from kansci.together import Job

TASK = get_task("inverse_diffusion")
RECIPE = Recipe(
    optimizers=(Optimizer(evaluations=20, schedule="constant"),),
    rates=(1e-2,),
    evaluation_seeds=(0, 1),
    dtype="float64",
    points=32,
)
MEMBERS = [Member(seed, 1e-2) for seed in (3, 4, 5)]


def an_ensemble(name: str = "mlp-tanh"):
    ensemble = prepare([TASK], get_model(name), 100, RECIPE, MEMBERS)
    batch = draw(ensemble, TASK.stages, RECIPE, [stream("points", one.seed) for one in MEMBERS])
    return ensemble, batch


def test_coefficients_start_where_the_task_says_and_are_no_part_of_the_budget():
    ensemble, _ = an_ensemble()
    network = ensemble.network(0)
    assert isinstance(network, Units)
    assert network.coefficients is not None
    assert network.coefficients.tolist() == [0.0, 0.0]
    assert trainable(network) == trainable(without_units(network)) + 2
    assert ensemble.parameters_of_one == trainable(without_units(network)) <= 100
    assert ensemble.flat.shape[1] == ensemble.parameters_of_one + 2


def test_every_member_has_coefficients_of_its_own_in_the_residual():
    """u_t - kappa u_xx + lam u, from derivatives that are asked for each."""
    ensemble, batch = an_ensemble()
    own = torch.tensor([[0.1, 0.5], [2.0, -1.0], [0.0, 3.0]]).double()
    ensemble.params["coefficients"].copy_(own)
    (residual,) = (part.residual for part in TASK.stages[0].loss.parts[:1])  # type: ignore[attr-defined]
    for index in range(3):
        network = ensemble.network(index)
        x = batch[0][index].clone().requires_grad_()
        u = network(x)
        first = torch.autograd.grad(u.sum(), x, create_graph=True)[0]
        second = torch.autograd.grad(first[:, 0].sum(), x)[0][:, 0]
        kappa, lam = own[index]
        expected = first[:, 1] - kappa * second + lam * u.squeeze(-1)
        found = ensemble.answers(lambda one, z: residual(one, z).unsqueeze(-1), x.detach())
        torch.testing.assert_close(found[index].squeeze(-1), expected)


def test_gradients_of_coefficients_are_those_of_differences():
    ensemble, batch = an_ensemble()
    objective = Objective(ensemble, TASK.stages[0].loss, batch, gear="eager")
    gradients, _ = objective(batch)
    start = list(ensemble.params).index("coefficients")
    assert start == 0  # they come first in a row of weights
    for place in range(2):
        step = 1e-6
        losses = []
        for sign in (1, -1):
            ensemble.flat[:, place] += sign * step
            losses.append(ensemble.losses(TASK.stages[0].loss, batch))
            ensemble.flat[:, place] -= sign * step
        slope = (losses[0] - losses[1]) / (2 * step)
        torch.testing.assert_close(gradients[:, place], slope, rtol=1e-6, atol=1e-7)


def test_a_function_that_is_no_network_is_asked_at_the_true_coefficients():
    (residual,) = (part.residual for part in TASK.stages[0].loss.parts[:1])  # type: ignore[attr-defined]
    x = torch.rand(5, 2, generator=torch.Generator().manual_seed(0), dtype=torch.double)
    found = residual(lambda z: z[:, :1] ** 2 + z[:, 1:], x)
    expected = 1 - 0.1 * 2 + 0.5 * (x[:, 0] ** 2 + x[:, 1])
    torch.testing.assert_close(found, expected)


def test_a_child_finds_what_this_process_finds_and_a_record_keeps_it():
    job = Job((Cell(TASK, get_model("mlp-tanh"), 100, RECIPE, "custom"),))
    (there,) = execute([job], workers=1)
    here = run(TASK, get_model("mlp-tanh"), 100, RECIPE)
    for record in (here, there):
        assert record.status == "ok", record.reason
        assert set(record.beside) == {"max", "kappa", "lam"}
        assert set(record.coefficients) == {"kappa", "lam"}
        for name, true in (("kappa", 0.1), ("lam", 0.5)):
            off = np.abs(np.array(record.coefficients[name]) - true) / true
            np.testing.assert_allclose(record.beside[name], off, rtol=1e-4)
        assert record.coefficients["kappa"] != (0.0, 0.0)
    assert here.coefficients == there.coefficients
    assert here.parameters == there.parameters
    again = type(here).model_validate_json(here.model_dump_json())
    assert again.beside == here.beside


def test_coefficients_are_found_once_the_solution_is_known():
    """At the truth the loss is least at the true coefficients, and they are the only such."""
    loss, batch = TASK.stages[0].loss, TASK.stages[0].sample(stream("test"), 200)
    (residual,) = (part.residual for part in loss.parts[:1])  # type: ignore[attr-defined]
    truth = TASK.probes[0].answers
    assert callable(truth)

    class Exact(nn.Module):
        def forward(self, x):
            return truth(x)

    rows = []
    for kappa, lam in ((0.0, 0.0), (1.0, 0.0), (0.0, 1.0)):
        network = Units(Exact(), ((-1.0, 1.0), (-1.0, 1.0)), Scale(), None, TASK.coefficients)
        assert network.coefficients is not None
        network.coefficients.data = torch.tensor([kappa, lam]).double()
        rows.append(_residual_of(network, residual, batch[0]))
    none, diffusion, decay = rows
    columns = torch.stack([diffusion - none, decay - none], -1)
    found = torch.linalg.lstsq(columns, -none.unsqueeze(-1)).solution.squeeze(-1)
    torch.testing.assert_close(found, torch.tensor([0.1, 0.5]).double())
    assert torch.linalg.cond(columns) < 100


def _residual_of(network: Units, residual, x):
    predict = Network(network, lambda module, given: module(*given))
    return residual(predict, x).detach()


def test_the_field_of_inverse_poisson_is_the_only_one():
    """The least singular value of b -> div(b grad u), over all polynomials of a degree.

    It stays away from 0 even without the values of the field on the edges.
    """
    points, weights = np.polynomial.legendre.leggauss(40)
    x, y = (one.ravel() for one in np.meshgrid((points + 1) / 2, (points + 1) / 2))
    weight = np.sqrt(np.outer(weights, weights).ravel() / 4)
    for degree in (4, 8, 12):
        step = 1e-6
        b = _fields(x, y, degree)
        bx = (_fields(x + step, y, degree) - _fields(x - step, y, degree)) / (2 * step)
        by = (_fields(x, y + step, degree) - _fields(x, y - step, degree)) / (2 * step)
        u = np.sin(np.pi * x) * np.sin(np.pi * y)
        ux = np.pi * np.cos(np.pi * x) * np.sin(np.pi * y)
        uy = np.pi * np.sin(np.pi * x) * np.cos(np.pi * y)
        rows = bx * ux[:, None] + by * uy[:, None] - 2 * np.pi**2 * u[:, None] * b
        least = np.linalg.svd(weight[:, None] * rows, compute_uv=False)[-1]
        assert least > 0.1


def _fields(x: np.ndarray, y: np.ndarray, degree: int) -> np.ndarray:
    """Legendre polynomials that are orthonormal on the unit square, `(point, field)`."""
    number = np.sqrt(2 * np.arange(degree + 1) + 1)
    return legvander2d(2 * x - 1, 2 * y - 1, [degree, degree]) * np.outer(number, number).ravel()


@pytest.mark.parametrize("name", ["mlp-tanh", "kan"])
def test_slopes_of_trained_networks_are_their_derivatives(name: str):
    task = get_task("poisson", boundary="hard")
    ensemble = prepare([task], get_model(name), 100, RECIPE, MEMBERS)
    x = 2 * torch.rand(7, 2, generator=torch.Generator().manual_seed(0), dtype=torch.double) - 1
    found = ensemble.answers(ASKED["slopes"], x)
    for index in range(3):
        z = x.clone().requires_grad_()
        ensemble.network(index)(z).sum().backward()
        torch.testing.assert_close(found[index], z.grad)
