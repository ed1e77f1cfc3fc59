"""Laws of the layers, of their start, and of what a model is: names, budgets, hashes."""

import inspect
import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from kansci.bases import BSpline, Gaussian, Hat
from kansci.discover import find_model
from kansci.errors import DoesNotFit, UnknownName, UserError
from kansci.models import KAN, MLP, KANLayer, Model, Units, get_model, trainable, within
from kansci.models.mlp import mean_square
from kansci.models.model import code
from kansci.task import Scale

MINE = '''
"""A model of one's own."""
from torch import nn

from kansci.models import Model, within


class Mine(nn.Sequential):
    """One hidden layer."""

    def __init__(self, dim_in, dim_out, width):
        # wide
        super().__init__(nn.Linear(dim_in, width), nn.Tanh(), nn.Linear(width, dim_out))


def build(dim_in, dim_out, parameters):
    """As wide as it may be."""
    return within(parameters, lambda width: Mine(dim_in, dim_out, width))


model = Model("mine", build)
'''


def points(*shape: int) -> Tensor:
    return 2 * torch.rand(*shape, generator=torch.Generator().manual_seed(1)) - 1


def test_a_layer_is_the_sum_of_its_edges():
    layer = KANLayer(3, 2, Gaussian(3), bias=True)
    assert layer.bias is not None
    with torch.no_grad():
        layer.bias += torch.tensor([1.0, -1.0])
    x = points(5, 3)
    phi = layer.basis(x)
    for o in range(2):
        edges = [(phi[:, i] * layer.coef[o, i]).sum(-1) for i in range(3)]
        torch.testing.assert_close(layer(x)[:, o], sum(edges) + layer.bias[o])


@pytest.mark.parametrize("leading", [(), (4,), (2, 3), (0,)])
def test_a_layer_keeps_leading_dimensions(leading: tuple[int, ...]):
    assert KANLayer(3, 2, Hat(3))(points(*leading, 3)).shape == (*leading, 2)


def test_a_wrong_last_dimension_says_what_was_wanted_and_got():
    with pytest.raises(ValueError, match=r"want x \(\*, 3\), got \(7, 2\)"):
        KANLayer(3, 1, Hat(3))(points(7, 2))
    with pytest.raises(ValueError, match=r"want x \(\*, 1\), got \(7, 3\)"):
        KANLayer(1, 1, Hat(1))(points(7, 3))


def test_a_layer_from_zero_is_the_zero_function_and_draws_nothing():
    before = torch.get_rng_state()
    layer = KANLayer(3, 2, Gaussian(3), bias=True, zero=True)
    assert (layer(points(9, 3)) == 0).all()
    assert torch.equal(torch.get_rng_state(), before)


def test_a_layer_starts_smooth_on_the_finest_grid():
    """Nearly a straight line: what is left over has a hundredth of the variance."""
    layer = KANLayer(1, 200, BSpline(1, grid=200))
    x = torch.linspace(-1, 1, 400).unsqueeze(-1)
    y = layer(x).detach()
    line = torch.cat([x, torch.ones_like(x)], -1)
    rest = y - line @ torch.linalg.lstsq(line, y).solution
    assert 0.003 < (rest.square().mean() / y.square().mean()).item() < 0.03


@pytest.mark.parametrize("activation", [nn.SiLU, nn.Tanh, nn.ReLU])
def test_the_mean_square_of_an_activation_is_that_of_normal_inputs(activation: type[nn.Module]):
    z = torch.randn(400_000, generator=torch.Generator().manual_seed(0))
    sampled = activation()(z).square().mean().item()
    assert mean_square(activation()).item() == pytest.approx(sampled, rel=0.02)


def test_a_perceptron_has_an_activation_between_its_layers_and_none_at_the_end():
    kinds = [type(part) for part in MLP((2, 5, 5, 1), nn.Tanh)]
    assert kinds == [nn.Linear, nn.Tanh, nn.Linear, nn.Tanh, nn.Linear]


def test_units_map_the_domain_to_one_and_outputs_by_the_scale():
    network = Units(nn.Identity(), ((0.0, 4.0), (-3.0, -1.0)), Scale(10.0, 2.0))
    x = torch.tensor([[0.0, -3.0], [2.0, -2.0], [4.0, -1.0]])
    torch.testing.assert_close(network.to(x.dtype)(x), torch.tensor([8.0, 10, 12])[:, None] + x * 0)
    assert trainable(network) == 0


def test_shared_and_frozen_weights_are_counted_once_and_not_at_all():
    one = nn.Linear(3, 4)
    frozen = nn.Linear(4, 4).requires_grad_(False)
    assert trainable(nn.Sequential(one, frozen, nn.Linear(4, 3), one)) == 16 + 15


def test_within_is_the_largest_that_fits():
    for budget in (5, 6, 7, 8, 100):
        network = within(budget, lambda width: nn.Linear(1, width), least=2)
        assert trainable(network) == 2 * (budget // 2)
    with pytest.raises(DoesNotFit, match="smallest network has 4 trainable numbers, want <= 3"):
        within(3, lambda width: nn.Linear(1, width), least=2)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("kann", "unknown model 'kann': did you mean 'kan'"),
        ("xyz", "the nearest are .*; `kansci models` lists all"),
        ("kan[gird=3]", "unknown option of kan 'gird': did you mean 'grid'"),
        ("linear-rbf[size=3]", "unknown option of linear-rbf 'size': there are: none"),
        ("kan[", "want NAME or NAME"),
        ("", "want NAME or NAME"),
        ("kan[grid]", "want grid to be a whole number, got ''"),
        ("kan[grid=2.5]", "want grid to be a whole number, got 2.5"),
        ("kan[grid=True]", "want grid to be a whole number, got True"),
        ("kan[grid=0]", r"kan\[grid=0\]: want grid >= 1, got grid=0"),
        ("kan[base=tan]", "want a function out of"),
        ("kan[base=3]", "want base to be a name, or none, got 3"),
        ("mlp-silu[widths=5]", "want widths to be two or more positive numbers.*got 5"),
        ("mlp-silu[widths=2-0-1]", r"want widths to be .*got \(2, 0, 1\)"),
        ("chebykan[degree=0]", "want degree >= 1"),
    ],
)
def test_a_name_that_is_no_model_says_why_in_one_line(name: str, says: str):
    with pytest.raises(UserError, match=says) as caught:
        get_model(name)
    assert "\n" not in str(caught.value)


def test_an_unknown_name_is_a_lookup_error_too():
    with pytest.raises(LookupError):
        get_model("kann")
    with pytest.raises(UnknownName):
        get_model("kan", gird=3)


@pytest.mark.parametrize(
    ("family", "options", "name"),
    [
        ("kan", {"grid": 200, "widths": (1, 1)}, "kan[widths=1-1,grid=200]"),
        ("kan", {"base": None}, "kan[base=none]"),
        ("kan", {"degree": 2, "base": "identity"}, "kan[degree=2,base=identity]"),
        ("mlp-tanh", {"widths": (2, 8, 1)}, "mlp-tanh[widths=2-8-1]"),
        ("fastkan", {}, "fastkan"),
    ],
)
def test_options_stand_in_the_name_and_are_read_back(family: str, options: dict, name: str):
    model = get_model(family, **options)
    assert model.name == name
    again = get_model(name)
    assert again.name == name
    dims = options.get("widths", (2, 1))
    assert str(again.build(dims[0], dims[-1], 4_000)) == str(model.build(dims[0], dims[-1], 4_000))


def test_widths_that_do_not_join_the_task_or_pass_the_budget_do_not_fit():
    model = get_model("kan", widths=(2, 3, 1))
    assert trainable(model.build(2, 1, 81)) == 81
    with pytest.raises(DoesNotFit, match=r"81 trainable numbers, want <= 80"):
        model.build(2, 1, 80)
    with pytest.raises(DoesNotFit, match=r"want widths from 3 to 1"):
        model.build(3, 1, 1_000)


def hashed(text: str, path: Path) -> str:
    path.write_text(text, encoding="utf-8")
    return find_model(str(path)).source_hash(2, 1, 250)


def test_a_model_of_ones_own_is_a_file(tmp_path: Path):
    path = tmp_path / "mine.py"
    path.write_text(MINE, encoding="utf-8")
    model = find_model(str(path))
    assert (model.name, model.kind) == ("mine", "submitted")
    assert trainable(model.build(2, 1, 250)) == 249
    path.write_text("model = 3\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"want `model = Model\(name, build\)`, got 3"):
        find_model(str(path))


def test_the_hash_follows_code_and_neither_comments_nor_docstrings(tmp_path: Path):
    path = tmp_path / "mine.py"
    first = hashed(MINE, path)
    worded = MINE.replace("# wide", "# as wide as it may be, \n").replace("One hidden", "A hidden")
    assert hashed(worded, path) == first
    assert hashed(MINE.replace("nn.Tanh()", "nn.SiLU()"), path) != first
    assert hashed(MINE.replace("parameters, lambda", "parameters - 9, lambda"), path) != first
    assert hashed(MINE, tmp_path / "elsewhere.py") == first


def linear(dim_in: int, dim_out: int, parameters: int, *, bias: bool = True) -> nn.Module:
    return nn.Linear(dim_in, dim_out, bias)


class Builder:
    def __call__(self, dim_in: int, dim_out: int, parameters: int) -> nn.Module:
        return linear(dim_in, dim_out, parameters)


def test_any_callable_that_builds_can_be_hashed():
    for build in (linear, partial(linear, bias=False), Builder(), lambda i, o, p: nn.Linear(i, o)):
        assert len(Model("any", build).source_hash(2, 1, 250)) == 64


def test_a_builder_that_fails_can_be_hashed():
    def build(dim_in: int, dim_out: int, parameters: int) -> nn.Module:
        raise RuntimeError

    assert len(Model("broken", build).source_hash(2, 1, 250)) == 64


def test_the_hash_of_a_zoo_model_follows_the_rule_of_its_depth(monkeypatch: pytest.MonkeyPatch):
    before = get_model("kan").source_hash(2, 1, 250)
    source = inspect.getsource

    def changed(thing: object) -> str:
        return source(thing).replace("parameters <= 1_000", "parameters <= 2_000")

    monkeypatch.setattr(inspect, "getsource", changed)
    assert get_model("kan").source_hash(2, 1, 250) != before


def test_code_is_what_is_left_without_words():
    bare = "def f(x):\n    return x"
    worded = 'def f( x ):\n    """Says."""\n    # more\n    return (x)\n'
    assert code(worded) == code(bare)
    assert code('    class A:\n        """Only words."""\n') == "class A:\n    pass"
    assert code(bare.replace("x)", "x=1)")) != code(bare)


@pytest.mark.slow
def test_hashes_are_the_same_in_another_process():
    names = ("mlp-silu", "kan", "relukan")
    text = (
        "from kansci.models import get_model\n"
        f"for name in {names}: print(get_model(name).source_hash(2, 1, 250))"
    )
    there = subprocess.run(
        [sys.executable, "-c", text],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONHASHSEED": "7"},
    ).stdout.split()
    assert there == [get_model(name).source_hash(2, 1, 250) for name in names]


def test_a_network_is_one_of_its_widths():
    network = KAN((2, 5, 3), Hat)
    assert [(layer.dim_in, layer.coef.shape[0]) for layer in network] == [(2, 5), (5, 3)]
