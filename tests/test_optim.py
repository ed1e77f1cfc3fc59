"""Adam is PyTorch's, member by member."""

import pytest
import torch

from kansci.optim import SGD, Adam, constant, cosine
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
    adam = Adam(weights, torch.tensor(rates, dtype=torch.double), recipe)

    def objective():
        rows = [gradient(row, member) for member, row in enumerate(weights)]
        return torch.stack(rows), torch.stack([row.square().sum() for row in rows])

    for _ in range(recipe.evaluations):
        adam.step(objective)
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
