"""However members and points are evaluated, together or some at a time, the numbers are theirs."""

import pytest
import torch
from representatives import MODELS

import kansci.gears.objective
from kansci.discover import get_task
from kansci.gears.objective import Objective, pieces
from kansci.lifting.ensemble import Member
from kansci.lifting.lent import lent
from kansci.losses import MeanSquares, program_of, residuals
from kansci.models import get_model
from kansci.preparing import draw, prepare
from kansci.recipe import Optimizer, Recipe
from kansci.sampling import stream

TASKS = [get_task(name) for name in ("feynman27/I.12.11", "bumps_2d", "poisson", "helmholtz")]
PAIRS = [(task, model) for task in TASKS for model in MODELS if model.applies(task.order)]
RECIPE = Recipe(
    optimizers=(Optimizer(evaluations=3),),
    rates=(1e-2,),
    evaluation_seeds=(0,),
    dtype="float64",
    points=24,
)
MEMBERS = [Member(seed, 1e-2) for seed in (3, 4, 5)]

every_task = pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
every_pair = pytest.mark.parametrize(
    "pair", PAIRS, ids=lambda pair: f"{pair[0].name}-{pair[1].name}"
)


def asked(task, model, **how):
    """An objective on points that differ between members."""
    ensemble = prepare([task], model, 250, RECIPE, MEMBERS)
    sources = [stream("points", member.seed) for member in MEMBERS]
    batch = draw(ensemble, task.stages, RECIPE, sources)
    return ensemble, batch, Objective(ensemble, task.stages[0].loss, batch, **how)


def close(found, wanted, digits=1e-10):
    for one, other in zip(found, wanted, strict=True):
        torch.testing.assert_close(one, other, rtol=digits, atol=digits * (1 + other.abs().max()))


@every_task
def test_members_some_at_a_time_have_the_numbers_of_all_at_once(task, monkeypatch):
    _, batch, objective = asked(task, get_model("kan"))
    at_once = objective(batch)
    monkeypatch.setitem(kansci.gears.objective.AT_ONCE, "eager", 2.5 * objective.weight)
    _, batch, in_twos = asked(task, get_model("kan"))
    assert in_twos._width == 2
    close(in_twos(batch), at_once)


@every_task
def test_points_some_at_a_time_have_the_numbers_of_all_at_once(task, monkeypatch):
    _, batch, objective = asked(task, get_model("fastkan"))
    at_once = objective(batch)
    monkeypatch.setattr(kansci.gears.objective, "MOST", objective.weight / 2.5)
    _, batch, in_pieces = asked(task, get_model("fastkan"))
    assert in_pieces._pieces == 3
    close(in_pieces(batch), at_once)


@every_task
def test_pieces_of_a_batch_are_all_of_it(task):
    _, batch, _ = asked(task, get_model("mlp-silu"))
    loss = program_of(task.stages[0].loss)
    parts = [piece for _, piece in pieces(loss, batch, 5)]
    for i in {i for part in loss.parts for i in part.takes}:
        assert torch.equal(torch.cat([piece[i] for piece in parts], 1), batch[i])


@every_pair
def test_normal_equations_are_those_of_the_jacobian(pair):
    task, model = pair
    ensemble, batch, objective = asked(task, model)
    loss = program_of(task.stages[0].loss)
    assert isinstance(loss, MeanSquares)
    gram, slope, value = objective.normal(batch)
    gradient, losses = objective(batch)
    close((2 * slope, value), (gradient, losses))

    member = 1
    fixed = {name: one[member] for name, one in ensemble.fixed.items()}
    own = tuple(one[member] for one in batch)

    def weighted(row):
        predict = lent(ensemble._learner, ensemble._names, ensemble._rows.views(row), fixed)
        rows = [
            (part.weight / found.numel()) ** 0.5 * found.flatten()
            for part in loss.parts
            for found in [residuals(part, predict, own)]
        ]
        return torch.cat(rows)

    jacobian = torch.func.jacfwd(weighted)(ensemble.flat[member])
    close((gram[member],), (jacobian.mT @ jacobian,), 1e-8)


def test_a_loss_that_is_no_sum_of_squares_has_no_normal_equations():
    ensemble, batch, _ = asked(TASKS[0], get_model("mlp-silu"))
    objective = Objective(ensemble, lambda predict, x, y, std: predict(x).exp().mean(), batch)
    with pytest.raises(ValueError, match="Levenberg-Marquardt wants a loss that is a sum of mean"):
        objective.normal(batch)


def test_the_weight_of_an_evaluation_grows_with_its_points_and_its_network():
    def weight(model, points):
        recipe = RECIPE.model_copy(update={"points": points})
        ensemble = prepare([TASKS[2]], model, 4_000, recipe, MEMBERS[:1])
        batch = draw(ensemble, TASKS[2].stages, recipe, [stream("points")])
        return Objective(ensemble, TASKS[2].stages[0].loss, batch).weight

    small, large = (weight(get_model("kan", widths=(2, 5, 1)), points) for points in (256, 512))
    assert large / small == pytest.approx(2, rel=0.1)
    assert weight(get_model("kan", widths=(2, 20, 1)), 256) > 2 * small


def test_a_gear_follows_from_the_work_ahead(monkeypatch):
    asked_for = []
    monkeypatch.setattr(
        kansci.gears.objective.Objective, "_compile", lambda self, *_: asked_for.append(1)
    )
    asked(TASKS[0], get_model("mlp-silu"), ahead=10)
    assert not asked_for
    asked(TASKS[0], get_model("mlp-silu"), ahead=10**9)
    assert asked_for == [1]
    asked(TASKS[0], get_model("mlp-silu"), ahead=10**9, gear="eager")
    assert asked_for == [1]
