"""Adam and gradient descent are those of PyTorch, member by member."""

import math

import pytest
import torch

from kansci.optim import OPTIMIZERS, SGD, Adam, AdamW, constant, cosine
from kansci.optim.descent import clipped
from kansci.optim.schedules import factors
from kansci.recipe import Optimizer

RATES = (1e-3, 1e-2, 3e-1)
STEPS = 100


def problem(dtype):
    """Weights `(member, n)`, and gradients of a bumpy function that differs between members."""
    generator = torch.Generator().manual_seed(0)
    weights = torch.randn(len(RATES), 7, generator=generator, dtype=torch.double).to(dtype)
    target = torch.randn(len(RATES), 7, generator=generator, dtype=torch.double).to(dtype)

    def gradient(w, member):
        return (w - target[member]) * (1 + member) + torch.sin(3 * w)

    return weights, gradient


def train(weights, gradient, recipe, rates):
    optimizer = OPTIMIZERS[recipe.name](weights, torch.tensor(rates, dtype=torch.double), recipe)

    def objective():
        rows = [gradient(row, member) for member, row in enumerate(weights)]
        return torch.stack(rows), torch.stack([row.square().sum() for row in rows])

    for _ in range(recipe.evaluations):
        optimizer.step(objective)
    return weights


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.double, 1e-13), (torch.float, 1e-6)])
@pytest.mark.parametrize("schedule", ["constant", "cosine"])
def test_each_member_is_trained_as_by_torch(schedule, dtype, tolerance):
    weights, gradient = problem(dtype)
    alone = [row.clone().requires_grad_() for row in weights]
    recipe = Optimizer(evaluations=STEPS, schedule=schedule)
    train(weights, gradient, recipe, RATES)
    for member, (row, rate) in enumerate(zip(alone, RATES, strict=True)):
        adam = torch.optim.Adam([row], lr=rate)
        bend = torch.optim.lr_scheduler.CosineAnnealingLR(adam, T_max=STEPS)
        for _ in range(STEPS):
            row.grad = gradient(row.detach(), member)
            adam.step()
            if schedule == "cosine":
                bend.step()
        torch.testing.assert_close(weights[member], row.detach(), rtol=tolerance, atol=tolerance)


def test_members_do_not_meet_even_where_one_explodes():
    recipe = Optimizer(evaluations=20)
    weights, gradient = problem(torch.double)
    calm = train(weights.clone(), gradient, recipe, RATES)

    def explosive(w, member):
        return gradient(w, member) * (float("nan") if member == 1 else 1)

    wild = train(weights.clone(), explosive, recipe, RATES)
    assert wild[1].isnan().all()
    assert torch.equal(wild[[0, 2]], calm[[0, 2]])


def test_a_step_gives_the_losses_before_it():
    weights = torch.ones(2, 3, dtype=torch.double)
    adam = Adam(weights, torch.tensor([0.1, 0.2]), Optimizer(evaluations=1))
    loss = adam.step(lambda: (torch.ones_like(weights), weights.sum(1)))
    assert loss.tolist() == [3.0, 3.0]
    first_step = torch.tensor([[0.9], [0.8]], dtype=torch.double).expand(2, 3)
    torch.testing.assert_close(weights, first_step, rtol=0, atol=1e-7)


def test_schedules_start_at_one_and_never_rise():
    values = [cosine(step, STEPS) for step in range(STEPS)]
    assert values[0] == 1
    assert values == sorted(values, reverse=True)
    assert 0 < values[-1] < 1e-3
    assert {constant(step, STEPS) for step in range(STEPS)} == {1.0}


def test_gradient_descent_is_that_of_torch_member_by_member():
    weights, gradient = problem(torch.double)
    alone = [row.clone().requires_grad_() for row in weights]
    rates = (1e-3, 1e-2, 3e-2)
    sgd = SGD(weights, torch.tensor(rates, dtype=torch.double), Optimizer(evaluations=STEPS))

    def objective():
        rows = [gradient(row, member) for member, row in enumerate(weights)]
        return torch.stack(rows), torch.zeros(len(rows))

    for _ in range(STEPS):
        sgd.step(objective)
    for member, (row, rate) in enumerate(zip(alone, rates, strict=True)):
        theirs = torch.optim.SGD([row], lr=rate, momentum=0.9, nesterov=True)
        bend = torch.optim.lr_scheduler.CosineAnnealingLR(theirs, T_max=STEPS)
        for _ in range(STEPS):
            row.grad = gradient(row.detach(), member)
            theirs.step()
            bend.step()
        torch.testing.assert_close(weights[member], row.detach(), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.double, 1e-13), (torch.float, 1e-6)])
def test_weight_decay_is_that_of_torch_member_by_member(dtype, tolerance):
    weights, gradient = problem(dtype)
    alone = [row.clone().requires_grad_() for row in weights]
    recipe = Optimizer(name="adamw", evaluations=STEPS, decay=0.3, warmup=10, clip=2.0)
    assert OPTIMIZERS["adamw"] is AdamW
    train(weights, gradient, recipe, RATES)
    for member, (row, rate) in enumerate(zip(alone, RATES, strict=True)):
        theirs = torch.optim.AdamW([row], lr=rate, weight_decay=0.3)
        for factor in factors(recipe):
            theirs.param_groups[0]["lr"] = rate * factor
            row.grad = gradient(row.detach(), member)
            torch.nn.utils.clip_grad_norm_([row], 2.0)
            theirs.step()
        torch.testing.assert_close(weights[member], row.detach(), rtol=tolerance, atol=tolerance)


def test_a_warm_up_rises_linearly_and_the_schedule_comes_after():
    recipe = Optimizer(evaluations=10, warmup=4)
    values = factors(recipe)
    assert values[:4] == pytest.approx([0.2, 0.4, 0.6, 0.8])
    assert values[4:] == [cosine(step, 6) for step in range(6)]
    assert factors(Optimizer(evaluations=3, schedule="constant")) == [1, 1, 1]


def test_a_gradient_is_clipped_member_by_member():
    gradient = torch.tensor([[3.0, 4.0], [0.3, 0.4], [math.nan, 1.0], [math.inf, 1.0]]).double()
    short = clipped(gradient, 1.0)
    torch.testing.assert_close(short[0], gradient[0] / 5, rtol=1e-6, atol=0)
    assert torch.equal(short[1], gradient[1])
    assert short[2].isnan().all()
    assert short[3, 0].isnan()


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_step_reads_no_number_back(name):
    """On the meta device tensors have no numbers: whatever reads one ends in an error."""
    weights = torch.empty(2, 3, dtype=torch.double, device="meta")
    recipe = Optimizer(name=name, evaluations=5, decay=0.1 if name == "adamw" else 0)
    optimizer = OPTIMIZERS[name](weights, torch.ones(2), recipe)

    class Nothing:
        def __call__(self):
            return torch.empty_like(weights), torch.empty_like(weights[:, 0])

        def normal(self):
            return weights.unsqueeze(2) * weights.unsqueeze(1), *self()

    for _ in range(5):
        assert optimizer.step(Nothing()).shape == (2,)
    optimizer.finish()


@pytest.mark.parametrize("name", ["adam", "adamw", "sgd"])
def test_descent_never_stops_and_ends_where_it_is(name):
    weights = torch.ones(2, 3, dtype=torch.double)
    recipe = Optimizer(name=name, evaluations=1, decay=0.1 if name == "adamw" else 0)
    optimizer = OPTIMIZERS[name](weights, torch.full((2,), 0.1), recipe)
    optimizer.step(lambda: (torch.zeros_like(weights), weights.sum(1)))
    before = weights.clone()
    optimizer.finish()
    assert torch.equal(weights, before)
    assert not optimizer.idle()
