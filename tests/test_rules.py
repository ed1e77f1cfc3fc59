"""What cannot be differentiated by its inputs, or point by point, is told in one line."""

import pytest
import torch
from torch import nn

from kansci import Model
from kansci.discover import get_task
from kansci.draws import Draws
from kansci.jets import Jet, nested
from kansci.models import get_model, list_models, within
from kansci.models.layer import EdgeLayer
from kansci.recipe import Optimizer, Recipe
from kansci.rules import carry
from kansci.runner import run


class Old(torch.autograd.Function):
    """Of the form that torch.func refuses."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.sin()

    @staticmethod
    def backward(ctx, cotangent):
        (x,) = ctx.saved_tensors
        return cotangent * x.cos()


class OldSine(nn.Module):
    def forward(self, x):
        return Old.apply(x)


class ByNumPy(nn.Module):
    def forward(self, x):
        return x + torch.from_numpy(0 * x.detach().numpy())


def record(part, task, optimizer):
    def make(width):
        return nn.Sequential(nn.Linear(2, width), part(width), nn.Tanh(), nn.Linear(width, 1))

    model = Model("mine", lambda dim_in, dim_out, parameters: within(parameters, make))
    recipe = Recipe(
        optimizers=(Optimizer(name=optimizer, evaluations=2),),
        rates=(1e-2,),
        evaluation_seeds=(0,),
        points=16,
    )
    return run(get_task(task), model, 60, recipe)


@pytest.mark.parametrize(
    ("part", "reason"),
    [
        (
            nn.BatchNorm1d,
            "got BatchNorm1d, which changes its own state as it learns: use LayerNorm",
        ),
        (lambda width: OldSine(), "got OldSine, whose autograd.Function is of the old form: give"),
        (lambda width: ByNumPy(), "got ByNumPy, which leaves torch, for NumPy perhaps: compute"),
    ],
)
def test_a_layer_that_has_no_slopes_by_its_inputs_is_named(part, reason):
    found = record(part, "poisson", "adam")
    assert found.status == "crashed"
    assert f"derivatives by the inputs want layers that torch.func can follow, {reason}" in (
        found.reason
    )


@pytest.mark.parametrize(
    ("part", "reason"),
    [
        (nn.BatchNorm1d, "got one that changes its own state as it learns, as BatchNorm does"),
        (lambda width: nn.Dropout(0.1), "got one that cannot be lifted, as with Dropout"),
    ],
)
def test_levenberg_marquardt_says_of_which_networks_it_finds_no_slopes(part, reason):
    found = record(part, "feynman27/I.12.11", "lm")
    assert found.status == "crashed"
    assert f"wants slopes of a network point by point, {reason}" in found.reason
    assert found.reason.endswith(": use another optimizer")


def test_another_problem_of_a_layer_is_told_as_it_is():
    class Broken(nn.Module):
        def forward(self, x):
            raise RuntimeError("broken in a way of its own")

    with pytest.raises(RuntimeError, match="broken in a way of its own"):
        carry(Broken(), Jet(torch.zeros(2, 2), (), (), ()))


@pytest.mark.parametrize("name", [n for n in list_models() if get_model(n).applies(2)])
def test_no_layer_of_edges_is_differentiated_forward_over_forward(name: str, monkeypatch) -> None:
    """Their derivatives are known; without them training is slower, and may not be compiled."""

    def refused(module: nn.Module, jet: Jet) -> Jet:
        assert not isinstance(module, EdgeLayer)
        return nested(module, jet)

    monkeypatch.setattr("kansci.rules.nested", refused)
    with Draws("trial"):
        network = get_model(name).build(2, 1, 250)
    x = torch.linspace(-1, 1, 6).view(3, 2)
    first = tuple(torch.eye(2).repeat(3, 1, 1).unbind(1))
    carry(network, Jet(x, first, (), (((0, 0, 1.0),), ((1, 1, 1.0),))))
