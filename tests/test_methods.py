"""What each continual method keeps, on all members at once, by hand and against plain torch."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from torch import nn

from kansci.additions import with_additions
from kansci.discover import get_task
from kansci.errors import NotApplicable
from kansci.gears.objective import Objective
from kansci.judging import judge
from kansci.lesson import Lesson
from kansci.lifting.ensemble import Member
from kansci.losses import cross_entropy
from kansci.methods import METHODS, lasting, method_of, taught
from kansci.methods.fisher import diagonal
from kansci.methods.frozen import last_layer
from kansci.models import Model, get_model, list_models
from kansci.preparing import draw, prepare
from kansci.recipe import Recipe
from kansci.runner import run
from kansci.sampling import stream
from kansci.task import Stage
from kansci.training import learn
from kansci.way import Way

TASK = get_task("feynman_slabs/I.16.6")
SHORT = replace(TASK, stages=TASK.stages[:3])
MEMBERS = [Member(seed, 1e-2) for seed in (3, 4)]
every_method = pytest.mark.parametrize("method", METHODS)


def recipe(method="naive", evaluations=8, **changes):
    given = {
        "optimizers": ({"evaluations": evaluations, "schedule": "constant"},),
        "rates": (1e-2,),
        "evaluation_seeds": (3, 4),
        "dtype": "float64",
        "points": 24,
        "method": method,
    }
    return Recipe(**{**given, **changes})


def ensemble_of(name, given, members=MEMBERS):
    return prepare([TASK], get_model(name), 60, given, members)


def batch_of(ensemble, given, stage=0):
    sources = [stream("points", member.seed) for member in ensemble.members]
    return draw(ensemble, [TASK.stages[stage]], given, sources)


def trained(name, given, members=MEMBERS, *, lifted=True):
    ensemble = ensemble_of(name, given, members)
    ensemble.lifted &= lifted
    learn(ensemble, [SHORT], given, None)
    return ensemble.flat


class Alone(nn.Module):
    """Layers whose order its form does not tell."""

    def __init__(self, dim_in, dim_out):
        super().__init__()
        self.first, self.last = nn.Linear(dim_in, 3), nn.Linear(3, dim_out)

    def forward(self, x):
        return self.last(self.first(x).tanh())


@every_method
def test_members_learn_together_what_they_learn_alone(method):
    given = recipe(method)
    together = trained("mlp-tanh", given)
    for row, member in zip(together, MEMBERS, strict=True):
        torch.testing.assert_close(trained("mlp-tanh", given, [member])[0], row)


@pytest.mark.parametrize(
    ("method", "resample"),
    [("joint", 0), ("replay", 0), ("replay", 1), ("ewc", 0), ("lwf", 0), ("lwf", 1), ("frozen", 0)],
)
def test_what_is_looped_learns_what_is_lifted(method, resample, monkeypatch):
    monkeypatch.setattr("kansci.methods.ewc.POINTS", 6)
    given = recipe(method, resample=resample)
    torch.testing.assert_close(trained("kan", given, lifted=False), trained("kan", given))


def test_both_gears_compute_the_same_of_what_methods_add():
    """All terms in one program."""
    ensemble = ensemble_of("mlp-tanh", recipe())
    additions = []
    for method in ("replay", "ewc", "lwf"):
        made = method_of(recipe(method), ensemble)
        made.learned(TASK.stages[:1], batch_of(ensemble, recipe()))
        additions += made.additions(TASK.stages[1:2])
    ensemble.flat.add_(0.1)
    batch = batch_of(ensemble, recipe(), 1)
    loss, more = with_additions(TASK.stages[1].loss, batch, additions)
    eager, compiled = (
        Objective(ensemble, loss, more, gear=gear)(more) for gear in ("eager", "compiled")
    )
    torch.testing.assert_close(compiled, eager)


@pytest.mark.parametrize("method", ["replay", "ewc", "lwf", "frozen"])
def test_the_first_stage_is_learned_as_by_any_network(method):
    given = recipe(method)
    ensemble = ensemble_of("kan", given)
    made = method_of(given, ensemble)
    assert not made.additions(TASK.stages[:1])
    assert made.mask() is None


@pytest.fixture(scope="module")
def naive_error():
    return left_of_the_first("naive")


def left_of_the_first(method):
    """The error on the first of three slabs when all are learned, mean over members."""
    whole = get_task("feynman_slabs/II.35.18")
    task = replace(whole, stages=whole.stages[:3])
    given = recipe(method, 100, points=64, dtype="float32")
    members = [Member(seed, 3e-2) for seed in (3, 4)]
    ensemble = prepare([task], get_model("mlp-tanh"), 120, given, members)
    learned = learn(ensemble, [task], given, "test")[0]
    return np.array(judge(task, learned)["errors"])[-1, 0].mean()


@pytest.mark.parametrize("method", ["replay", "ewc", "lwf", "joint"])
def test_a_method_against_forgetting_forgets_less(method, naive_error):
    assert left_of_the_first(method) < 0.6 * naive_error


def test_ewc_pulls_every_weight_to_where_it_was_by_how_much_it_mattered():
    """Two stages: the one spring that it holds is the sum of both."""
    given = recipe("ewc", strength=30.0)
    ensemble = ensemble_of("mlp-tanh", given)
    ewc = method_of(given, ensemble)
    springs = []
    for stage in TASK.stages[:2]:
        ensemble.flat.add_(0.1 * torch.randn_like(ensemble.flat))
        before = ewc._held
        ewc.learned([stage], ())
        own = method_of(given, ensemble)
        own.learned([stage], ())
        fisher = own._held[0] if not before else ewc._held[0] - before[0]
        springs.append((fisher, ensemble.flat.clone()))
    ensemble.flat.add_(0.1 * torch.randn_like(ensemble.flat))
    batch = batch_of(ensemble, given, 2)
    loss, more = with_additions(TASK.stages[2].loss, batch, ewc.additions(TASK.stages[2:3]))
    found = ensemble.losses(loss, more) - ensemble.losses(TASK.stages[2].loss.program, batch)
    wanted = sum((f * (ensemble.flat - at).square()).sum(1) for f, at in springs)
    torch.testing.assert_close(found, wanted)
    assert (found > 0).all()


def test_the_information_of_squares_is_that_of_outputs_in_standard_units():
    given = recipe()
    ensemble = ensemble_of("kan", given)
    batch = batch_of(ensemble, given)
    found = diagonal(ensemble, TASK.stages[0].loss.program, batch)
    for index, row in enumerate(found):
        network = ensemble.network(index)
        total = torch.zeros_like(row)
        for point in batch[0][index]:
            output = network(point.unsqueeze(0)).squeeze() / TASK.scale.std
            slopes = torch.autograd.grad(output, list(network.parameters()))
            total += torch.cat([one.flatten() for one in slopes]).square()
        torch.testing.assert_close(row, total / len(batch[0][index]))


def test_the_information_of_classes_is_the_squared_gradient_at_the_true_ones():
    given = recipe()
    ensemble = ensemble_of("mlp-tanh", given)
    x = batch_of(ensemble, given)[0]
    y = torch.ones(2, 24, 1, dtype=torch.double)

    def stretched(predict, x, y):  # one output, and its negative, as two classes
        return cross_entropy(
            lambda x: torch.cat((predict(x), -predict(x)), -1), x, torch.cat((y, 1 - y), -1)
        )

    found = diagonal(ensemble, stretched, (x, y))
    network = ensemble.network(1)
    total = torch.zeros_like(found[1])
    for point in x[1]:
        output = network(point.unsqueeze(0))
        loss = nn.functional.cross_entropy(torch.cat((output, -output), -1), torch.tensor([0]))
        slopes = torch.autograd.grad(loss, list(network.parameters()))
        total += torch.cat([one.flatten() for one in slopes]).square()
    torch.testing.assert_close(found[1], total / len(x[1]))


@pytest.mark.parametrize("resample", [0, 1])
def test_replay_keeps_points_it_has_seen_and_learns_them_again(resample):
    given = recipe("replay", memory=5, resample=resample)
    ensemble = ensemble_of("kan", given)
    replay = method_of(given, ensemble)
    seen = [batch_of(ensemble, given, stage) for stage in (0, 1)]
    for stage, batch in enumerate(seen):
        replay.learned(TASK.stages[stage : stage + 1], batch)
    batch = batch_of(ensemble, given, 2)
    (addition,) = replay.additions(TASK.stages[2:3])
    x, y = addition.own(batch)
    assert x.shape == (2, 10, 2)
    for member in (0, 1):
        both = [torch.cat((one[0][member], one[1][member]), -1) for one in seen]
        rows = torch.cat((x[member], y[member]), -1)
        assert all((rows[:, None] == one).all(-1).any(-1).sum() == 5 for one in both)
    loss, more = with_additions(TASK.stages[2].loss, batch, (addition,))
    program = TASK.stages[2].loss.program
    wanted = ensemble.losses(program, batch) + ensemble.losses(program, (x, y, batch[2]))
    if not resample:
        torch.testing.assert_close(ensemble.losses(loss, more), wanted)


def test_lwf_holds_the_network_to_its_old_answers_whatever_has_moved_since():
    given = recipe("lwf", strength=3.0)
    ensemble = ensemble_of("kan", given)
    lwf = method_of(given, ensemble)
    old = [ensemble.network(index) for index in (0, 1)]
    lwf.learned(TASK.stages[:1], ())
    ensemble.flat.add_(0.1)
    moved = ensemble.flat.clone()
    batch = batch_of(ensemble, given, 1)
    loss, more = with_additions(TASK.stages[1].loss, batch, lwf.additions(TASK.stages[1:2]))
    assert torch.equal(ensemble.flat, moved)
    found = ensemble.losses(loss, more) - ensemble.losses(TASK.stages[1].loss.program, batch)
    with torch.no_grad():
        wanted = [
            3 * ((ensemble.network(i)(x) - old[i](x)) / TASK.scale.std).square().mean()
            for i, x in enumerate(batch[0])
        ]
    torch.testing.assert_close(found, torch.stack(wanted))


def test_lwf_softens_the_shares_of_classes():
    given = recipe("lwf")
    ensemble = ensemble_of("mlp-tanh", given)
    lwf = method_of(given, ensemble)
    lwf.learned(TASK.stages[:1], ())
    stage = Stage("classes", TASK.stages[0].sample, cross_entropy, 24)
    (addition,) = lwf.additions([stage])
    before = torch.tensor([[2.0, -2.0], [0.0, 4.0]], dtype=torch.double)
    now = torch.tensor([[1.0, 0.0], [0.0, 0.0]], dtype=torch.double)
    x = torch.zeros(2, 1)
    found = addition.term(lambda x: now, (x, x), (before, torch.tensor(1.0)))
    shares, guess = torch.softmax(before / 2, -1), torch.log_softmax(now / 2, -1)
    torch.testing.assert_close(found, -(shares * guess).sum(-1).mean())


def test_frozen_moves_the_last_layer_alone_after_the_first_stage():
    given = recipe("frozen")
    ensemble = ensemble_of("mlp-tanh", given)
    method = method_of(given, ensemble)
    method.learned(TASK.stages[:1], ())
    before = ensemble.network(0).state_dict()
    sources = [stream("points", member.seed) for member in MEMBERS]
    Lesson(ensemble, TASK.stages[1:2], given, sources, Way(), (), method.mask()).run()
    after = ensemble.network(0).state_dict()
    moved = {name for name in after if not torch.equal(after[name], before[name])}
    last = max(name for name in after if name.startswith("network.")).rpartition(".")[0]
    assert moved == {f"{last}.weight", f"{last}.bias"}


@pytest.mark.parametrize("name", list_models())
def test_the_last_layer_of_every_model_of_the_zoo_can_be_told(name):
    model = get_model(name)
    if model.fitted:
        pytest.skip("it has no layers: it is fitted at once")
    network = model.build(2, 1, 1_000)
    last, every = last_layer(network), dict(network.named_parameters())
    trained = [one for one in every if every[one].requires_grad]
    assert last
    assert trained[-1] in last
    assert len(last) < len(trained) or model.control


def test_a_norm_at_the_end_goes_with_the_layer_before_it():
    network = nn.Sequential(nn.Linear(2, 3), nn.Sequential(nn.Linear(3, 1), nn.LayerNorm(1)))
    assert last_layer(network) == {"1.0.weight", "1.0.bias", "1.1.weight", "1.1.bias"}


def test_frozen_refuses_a_network_whose_last_layer_cannot_be_told():
    with pytest.raises(NotApplicable, match=r"layers in an nn.Sequential, got a Alone"):
        last_layer(Alone(2, 1))
    record = run(TASK, Model("alone", lambda i, o, p: Alone(i, o)), 250, recipe("frozen"))
    assert record.status == "not_applicable"
    assert "nn.Sequential" in record.reason


def test_a_joint_training_is_one_stage_of_all_points_with_all_the_work():
    given = recipe("joint")
    (stage,) = taught(TASK, given)
    x, y = stage.sample(stream("points"), 24)
    assert len(x) == len(y) == 24
    edges = torch.tensor([-0.45, 0.0, 0.45], dtype=torch.double)
    counts = torch.bincount(torch.searchsorted(edges, x[:, 0].contiguous()))
    assert counts.tolist() == [6] * 4
    longer = lasting(given, TASK)
    assert (longer.evaluations, longer.points) == (4 * given.evaluations, 4 * 24)
    assert lasting(recipe("joint", resample=1), TASK).points == 24
    assert lasting(recipe(), TASK) == recipe()


def test_a_record_of_a_joint_training_has_one_stage():
    record = run(TASK, get_model("kan-one-layer"), 250, recipe("joint"))
    assert record.stages == ("all stages",)
    assert np.array(record.errors).shape == (1, 4, 2)
    assert np.array(record.untrained).shape == (4, 2)
    assert len(record.curves) == 1
    assert record.curves[0].evaluations[-1] == 32


def test_recipes_of_old_keep_their_keys_and_new_ones_say_their_numbers():
    plain = recipe().content()
    assert "strength" not in plain
    assert "memory" not in plain
    assert recipe("ewc").strength == 500
    assert recipe("lwf").strength == 1
    assert recipe("replay").memory == 20
    assert recipe("ewc", strength=500.0).content() == recipe("ewc").content() != plain
    assert Recipe.model_validate_json(recipe("ewc").model_dump_json()) == recipe("ewc")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"strength": 3.0}, "strength is of ewc and lwf, got 3 for naive: omit it"),
        ({"method": "ewc", "memory": 3}, "memory is of replay, got 3 for ewc: omit it"),
        ({"method": "ewc", "strength": 0.0}, "greater than 0"),
        ({"method": "replay", "memory": 0}, "greater than 0"),
        ({"method": "rehearsal"}, "'naive', 'joint', 'replay'"),
        ({"method": "frozen", "optimizers": ({"name": "adamw", "evaluations": 3, "decay": 0.1},)},
         "frozen wants weights that stay"),
        ({"method": "ewc", "optimizers": ({"name": "lm", "evaluations": 3},)},
         "lm wants the squares of a stage alone"),
    ],
)  # fmt: skip
def test_a_method_that_makes_no_sense_is_refused(changes, message):
    with pytest.raises(ValidationError, match=message):
        recipe(**changes)
