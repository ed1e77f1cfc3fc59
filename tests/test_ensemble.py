"""The rules of lifting: members train together, each as it would alone."""

import ast
import random
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from representatives import MODELS, NAMES
from torch import nn

import kansci.lifting.ensemble
from kansci.discover import get_task
from kansci.draws import Draws
from kansci.gears.objective import Objective
from kansci.lifting.ensemble import Member
from kansci.lifting.liftable import Lifting
from kansci.losses import program_of
from kansci.models import Model, get_model
from kansci.preparing import draw, maker, prepare
from kansci.recipe import Optimizer, Recipe
from kansci.sampling import stream
from kansci.training import learn

REGRESSION = get_task("feynman27/I.12.11")
PDE = get_task("poisson")
PAIRS = [
    (task, model) for task in (REGRESSION, PDE) for model in MODELS if model.applies(task.order)
]
NAN = float("nan")


def recipe(evaluations=50, **more):
    more = {"dtype": "float64", "points": 32, **more}
    adam = Optimizer(evaluations=evaluations)
    return Recipe(optimizers=(adam,), rates=(1e-2,), evaluation_seeds=(0,), **more)


def trained(task, model, members, evaluations=50):
    """An ensemble that has learned a task, a stage of which it answers at its own end."""
    ensemble = prepare([task], model, 250, recipe(evaluations), members)
    learn(ensemble, [task], recipe(evaluations), None)
    return ensemble


def by_hand(task, model, member, evaluations=50):
    """The same network, trained alone in plain PyTorch."""
    with Draws("start", member.seed):
        network = maker(task, model, 250, recipe())().train()
    batch = task.stages[0].sample(stream("points", member.seed), 32)
    adam = torch.optim.Adam(network.parameters(), lr=member.rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(adam, evaluations)
    for _ in range(evaluations):
        adam.zero_grad()
        task.stages[0].loss(network, *batch).backward()
        adam.step()
        schedule.step()
    return network.eval()


def together(network):
    return torch.cat([weight.detach().flatten() for weight in network.parameters()])


def labels(pair):
    task, model = pair
    return f"{task.name}-{model.name}"


class Plain(nn.Module):
    """A small network that others below vary."""

    def __init__(self, dim_in, dim_out):
        super().__init__()
        self.first = nn.Linear(dim_in, 8)
        self.last = nn.Linear(8, dim_out)

    def forward(self, x):
        return self.last(self.middle(self.first(x)))

    def middle(self, z):
        return torch.tanh(z)


class Normalised(Plain):
    def __init__(self, dim_in, dim_out):
        super().__init__(dim_in, dim_out)
        self.norm = nn.BatchNorm1d(8)

    def middle(self, z):
        return torch.tanh(self.norm(z))


class RunningMean(Plain):
    """Keeps a mean in a buffer that is changed in place."""

    def __init__(self, dim_in, dim_out):
        super().__init__(dim_in, dim_out)
        self.register_buffer("mean", torch.zeros(()))

    def middle(self, z):
        if self.training:
            self.keep(0.9 * self.mean + 0.1 * z.detach().mean())
        return torch.tanh(z - self.mean)

    def keep(self, mean):
        self.mean.copy_(mean)


class AssignedMean(RunningMean):
    def keep(self, mean):
        self.mean = mean


class Tied(Plain):
    """Two layers share one weight."""

    def __init__(self, dim_in, dim_out):
        super().__init__(dim_in, dim_out)
        self.one, self.two = nn.Linear(8, 8), nn.Linear(8, 8)
        self.two.weight = self.one.weight

    def middle(self, z):
        return torch.tanh(self.two(torch.tanh(self.one(z))))


class Scaled(Plain):
    """Has a weight without dimensions."""

    def __init__(self, dim_in, dim_out):
        super().__init__(dim_in, dim_out)
        self.factor = nn.Parameter(torch.tensor(1.5))

    def middle(self, z):
        return self.factor * torch.tanh(z)


class Branching(Plain):
    def middle(self, z):
        return torch.tanh(z) if z.mean() > 0 else torch.sigmoid(z)


class ThroughNumPy(Plain):
    def middle(self, z):
        return torch.tanh(z) * (1 + float(np.abs(z.detach().numpy()).max()))


class OldFunction(torch.autograd.Function):
    @staticmethod
    def forward(ctx, z):
        ctx.save_for_backward(z)
        return torch.tanh(z)

    @staticmethod
    def backward(ctx, gradient):
        (z,) = ctx.saved_tensors
        return gradient * (1 - torch.tanh(z).square())


class OwnGradient(Plain):
    def middle(self, z):
        return OldFunction.apply(z)


class Dropping(Plain):
    def middle(self, z):
        return F.dropout(torch.tanh(z), 0.3, self.training)


class Skipping(Plain):
    """Draws from Python's generator, which a lift would not see."""

    def middle(self, z):
        return torch.tanh(z) if not self.training or random.random() < 0.7 else z


class Frozen(Plain):
    """Random features that are never trained, nor part of the saved state."""

    def __init__(self, dim_in, dim_out):
        super().__init__(dim_in, dim_out)
        self.register_buffer("features", torch.randn(8), persistent=False)

    def middle(self, z):
        return torch.tanh(z * self.features)


def model_of(kind):
    def build(dim_in, dim_out, parameters):
        return kind(dim_in, dim_out)

    return Model(kind.__name__, build)


LIFTED = (Plain, Normalised, RunningMean, AssignedMean, Tied, Scaled, Frozen)
LOOPED = (Branching, ThroughNumPy, OwnGradient)


@pytest.mark.parametrize("pair", PAIRS, ids=labels)
def test_a_gradient_does_not_depend_on_how_many_members_there_are(pair):
    task, model = pair

    def gradients(members):
        ensemble = prepare([task], model, 250, recipe(), members)
        sources = [stream("points", member.seed) for member in members]
        batch = draw(ensemble, task.stages, recipe(), sources)
        return Objective(ensemble, task.stages[0].loss, batch)(batch)

    many, losses = gradients([Member(3, 1e-2), Member(4, 1e-2), Member(5, 1e-2)])
    one, loss = gradients([Member(4, 1e-2)])
    torch.testing.assert_close(many[1:2], one, rtol=1e-10, atol=1e-12)
    torch.testing.assert_close(losses[1:2], loss, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("pair", PAIRS, ids=labels)
def test_a_member_trains_as_it_would_alone_whatever_its_neighbours_do(pair):
    task, model = pair
    members = [Member(3, 1e-2), Member(4, 1e-3), Member(5, NAN)]
    ensemble = trained(task, model, members, 10)
    alone = trained(task, model, members[1:2], 10)
    assert ensemble.lifted
    assert ensemble.flat[2].isnan().all()
    assert ensemble.flat[:2].isfinite().all()
    torch.testing.assert_close(ensemble.flat[1], alone.flat[0], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("kind", LIFTED + LOOPED, ids=lambda kind: kind.__name__)
def test_a_member_trains_as_plain_pytorch_would_train_it(kind):
    member = Member(4, 1e-2)
    ensemble = trained(REGRESSION, model_of(kind), [Member(3, 3e-2), member, Member(5, NAN)])
    alone = by_hand(REGRESSION, model_of(kind), member)
    assert ensemble.lifted == (kind in LIFTED)
    torch.testing.assert_close(ensemble.flat[1], together(alone), rtol=1e-8, atol=1e-8)
    x = REGRESSION.probes[0].x[:50]
    with torch.no_grad():
        torch.testing.assert_close(ensemble.predict(x)[1], alone(x), rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("pair", PAIRS, ids=labels)
def test_a_loop_gives_the_numbers_of_a_lift(pair, monkeypatch):
    task, model = pair
    members = [Member(3, 1e-2), Member(4, 3e-2)]
    lifted = trained(task, model, members, 5)
    monkeypatch.setattr(
        kansci.lifting.ensemble, "tried", lambda *_: Lifting(lifted=False, changes=False)
    )
    looped = trained(task, model, members, 5)
    assert lifted.lifted
    assert not looped.lifted
    torch.testing.assert_close(lifted.flat, looped.flat, rtol=1e-9, atol=1e-9)


def test_rates_of_members_are_those_of_separate_runs():
    model = get_model("kan")
    rates = (1e-4, 1e-3, 1e-1)
    ensemble = trained(REGRESSION, model, [Member(7, rate) for rate in rates], 20)
    for row, rate in zip(ensemble.flat, rates, strict=True):
        alone = trained(REGRESSION, model, [Member(7, rate)], 20)
        torch.testing.assert_close(row, alone.flat[0], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("kind", [Dropping, Skipping], ids=lambda kind: kind.__name__)
def test_a_network_that_draws_in_training_is_looped_with_draws_of_its_own(kind):
    members = [Member(3, 1e-2), Member(4, 1e-2)]
    ensemble = trained(REGRESSION, model_of(kind), members, 20)
    again = trained(REGRESSION, model_of(kind), members, 20)
    alone = trained(REGRESSION, model_of(kind), members[1:], 20)
    assert not ensemble.lifted
    assert torch.equal(ensemble.flat, again.flat)
    torch.testing.assert_close(ensemble.flat[1], alone.flat[0], rtol=1e-9, atol=1e-9)


def test_draws_differ_between_seeds_where_starts_do_not():
    class Same(Dropping):
        def __init__(self, dim_in, dim_out):
            super().__init__(dim_in, dim_out)
            with torch.no_grad():
                for weight in self.parameters():
                    weight.fill_(0.1)

    ensemble = prepare(
        [REGRESSION], model_of(Same), 250, recipe(), [Member(3, 1e-2), Member(4, 1e-2)]
    )
    same = draw(ensemble, REGRESSION.stages, recipe(), None)
    gradients, _ = Objective(ensemble, REGRESSION.stages[0].loss, same)(same)
    assert not torch.allclose(gradients[0], gradients[1])


@pytest.mark.parametrize("kind", [Plain, Dropping, Skipping], ids=lambda kind: kind.__name__)
def test_global_generators_are_left_alone(kind):
    def build(dim_in, dim_out, parameters):
        torch.manual_seed(0)  # noqa: TID251 - what a careless model does
        np.random.seed(0)  # noqa: NPY002, TID251
        random.seed(0)
        return kind(dim_in, dim_out)

    def states():
        return torch.get_rng_state().tolist(), str(np.random.get_state()), random.getstate()  # noqa: NPY002

    before = states()
    trained(REGRESSION, Model("reseeds", build), [Member(3, 1e-2), Member(4, 1e-2)], 3)
    assert states() == before


def test_starts_come_from_the_seed_of_the_member_for_every_generator():
    def build(dim_in, dim_out, parameters):
        network = Plain(dim_in, dim_out)
        with torch.no_grad():
            network.last.bias.fill_(np.random.rand() + random.random())  # noqa: NPY002
        return network

    def start(*seeds):
        members = [Member(seed, 1e-2) for seed in seeds]
        return prepare([REGRESSION], Model("draws", build), 250, recipe(), members).flat

    assert torch.equal(start(3, 4)[1], start(4)[0])
    assert (start(3, 4)[0] != start(3, 4)[1]).all()


def test_what_differs_or_changes_and_is_not_trained_is_counted_as_adapted():
    members = [Member(3, 1e-2), Member(4, 1e-2)]
    counted = {kind: trained(REGRESSION, model_of(kind), members, 3).adapted() for kind in LIFTED}
    mean_variance_and_batches = 8 + 8 + 1
    assert counted[Normalised] == mean_variance_and_batches
    assert counted[RunningMean] == counted[AssignedMean] == 1
    assert counted[Frozen] == 8
    assert counted[Plain] == counted[Tied] == counted[Scaled] == 0
    fixed_grids = [trained(REGRESSION, model, members, 1).adapted() for model in MODELS]
    drawn = [16 if name == "mlp-rff" else 0 for name in NAMES]
    assert fixed_grids == drawn


def test_a_shared_weight_counts_once():
    ensemble = prepare([REGRESSION], model_of(Tied), 250, recipe(), [Member(3, 1e-2)])
    plain = prepare([REGRESSION], model_of(Plain), 250, recipe(), [Member(3, 1e-2)])
    assert ensemble.parameters_of_one == plain.parameters_of_one + 64 + 2 * 8


@pytest.mark.parametrize("kind", [*LIFTED, *LOOPED, None], ids=lambda k: k.__name__ if k else "kan")
def test_an_exported_network_gives_the_predictions_of_its_member(kind):
    model = model_of(kind) if kind else get_model("kan")
    ensemble = trained(REGRESSION, model, [Member(3, 1e-2), Member(4, 1e-2)], 5)
    network = ensemble.export(1, maker(REGRESSION, model, 250, recipe())()).eval()
    x = REGRESSION.probes[0].x[:50]
    with torch.no_grad():
        torch.testing.assert_close(network(x), ensemble.predict(x)[1], rtol=1e-10, atol=1e-10)


def test_predictions_in_chunks_are_those_at_once(monkeypatch):
    ensemble = prepare(
        [REGRESSION], get_model("kan"), 250, recipe(), [Member(3, 1e-2), Member(4, 1e-2)]
    )
    x = REGRESSION.probes[0].x[:50]
    at_once = ensemble.predict(x)
    monkeypatch.setattr(kansci.lifting.ensemble, "POINTS", 7)
    torch.testing.assert_close(ensemble.predict(x), at_once, rtol=1e-12, atol=1e-12)


def test_judging_does_not_train():
    ensemble = prepare([REGRESSION], model_of(AssignedMean), 250, recipe(), [Member(3, 1e-2)])
    before = {name: tensor.clone() for name, tensor in ensemble.fixed.items()}
    weights = ensemble.flat.clone()
    ensemble.predict(REGRESSION.probes[0].x[:10])
    batch = draw(ensemble, REGRESSION.stages, recipe(), None)
    ensemble.losses(program_of(REGRESSION.stages[0].loss), batch)
    assert torch.equal(ensemble.flat, weights)
    assert all(torch.equal(ensemble.fixed[name], tensor) for name, tensor in before.items())


def test_speed_is_measured_without_an_ensemble():
    files = (Path(kansci.__file__).parent / "speed").glob("*.py")
    trees = [ast.parse(file.read_text(encoding="utf-8")) for file in files]
    nodes = (node for tree in trees for node in ast.walk(tree))
    modules = {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module}
    assert "kansci.models" in modules
    ensembles = ("lifting", "gears", "lesson", "preparing", "runner", "training")
    above = tuple(f"kansci.{name}" for name in ensembles)
    assert not [module for module in modules if module.startswith(above)]
