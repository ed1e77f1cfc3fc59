"""Laws of the start: one variance for all forms, starts that are what they say, norms, bends."""

import pytest
import torch
from torch import Tensor, nn
from torch.func import grad, jvp

from kansci.bases import KnotSpline
from kansci.errors import DoesNotFit, UserError
from kansci.models import KANLayer, get_model, list_models, trainable
from kansci.models.bending import bending, bends
from kansci.models.layer import EdgeLayer
from kansci.models.norm import HiddenNorm

FORMS = [
    name
    for name in list_models()
    if not name.endswith("-published") and not get_model(name).control
]
NORMED = ("fastkan-norm", "fasterkan-norm", "linearkan-norm")
WIDTH = 32  # of hidden layers, and outputs to average over


def points(*shape: int, reach: float = 1.0) -> Tensor:
    return reach * (2 * torch.rand(*shape, generator=torch.Generator().manual_seed(1)) - 1)


def built(name: str, widths: tuple[int, ...], seed: int = 0) -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        return get_model(name, widths=widths).build(widths[0], widths[-1], 10**9)


def layers(network: nn.Module) -> list[KANLayer]:
    return [part for part in network.children() if isinstance(part, KANLayer)]


def allowed(name: str, depth: int) -> float:
    """How far the scale may be off.

    One layer is drawn to the variance; what is left are some hundred random edges. Behind a hidden
    layer values are no longer uniform: bells and squashed inputs fade beyond [-1, 1], so that
    fan-in 1 and four layers leave two thirds of the scale. Spread biases of perceptrons add to
    each hidden layer.
    """
    if depth == 1:
        return 1.15
    return max(1.6, 1.25 ** (depth - 1)) if name.startswith("mlp") else 1.6


@pytest.mark.parametrize("depth", [1, 2, 3, 4])
@pytest.mark.parametrize("name", FORMS)
@torch.no_grad()
def test_outputs_start_with_the_scale_of_uniform_inputs_at_every_fan_in(name: str, depth: int):
    for fan_in in (1, 2, 16, 64, 256):
        x, widths = points(256, fan_in), (fan_in, *[WIDTH] * depth)
        seeds = range(10 if fan_in <= 2 else 3)  # few edges leave more to chance
        squares = [built(name, widths, seed)(x).square().mean().item() for seed in seeds]
        scale = (3 * sum(squares) / len(squares)) ** 0.5
        assert 1 / allowed(name, depth) < scale < allowed(name, depth), f"{fan_in=}"


both = pytest.mark.parametrize("parameterisation", ["points", "bends"])


def linear(parameterisation: str, start: str, *widths: int) -> nn.Module:
    return built(f"linearkan[start={start},parameterisation={parameterisation}]", widths)


@both
def test_a_start_from_the_identity_is_the_identity_even_outside(parameterisation: str):
    network, x = linear(parameterisation, "identity", 3, 3, 3), points(50, 3, reach=9)
    torch.testing.assert_close(network(x), x, rtol=1e-5, atol=1e-5)


@both
def test_layers_that_have_no_identity_start_as_lines(parameterisation: str):
    network = linear(parameterisation, "identity", 2, 5, 5, 1)
    first, middle, last = layers(network)
    x = points(50, 5)
    torch.testing.assert_close(middle(x), x, rtol=1e-5, atol=1e-5)
    assert all(layer.coef.std() > 0 for layer in (first, last))


@both
def test_a_start_from_zero_is_the_zero_function_and_learns(parameterisation: str):
    network, x = linear(parameterisation, "zero", 2, 5, 1), points(50, 2, reach=9)
    y = network(x)
    assert (y == 0).all()
    (y - x[:, :1]).square().mean().backward()
    with torch.no_grad():
        for weight in network.parameters():
            assert weight.grad is not None
            weight -= 0.01 * weight.grad
    (network(x) - x[:, :1]).square().mean().backward()
    gradients = [weight.grad for weight in network.parameters()]
    assert all(one is not None and one.abs().max() > 0 for one in gradients)


def test_normal_values_on_the_grid_are_independent_and_of_the_variance_that_says():
    network = built("linearkan[start=normal,grid=9]", (4, 500))
    values = layers(network)[0].coef.flatten(0, 1)  # (edge, point)
    torch.testing.assert_close(values.T.cov(), torch.eye(10) / 8, rtol=0, atol=0.02)


def test_both_parameterisations_start_from_the_same_values():
    x = points(50, 2, reach=2)
    one, other = (linear(kind, "normal", 2, 5, 1) for kind in ("points", "bends"))
    assert trainable(one) == trainable(other) == 120
    torch.testing.assert_close(one(x), other(x), rtol=1e-4, atol=1e-4)


def test_bends_are_second_differences_and_their_penalty_the_squares_of_parameters():
    one, other = (linear(kind, "normal", 2, 5, 1) for kind in ("points", "bends"))
    first, coef = bends(layers(one)[0]), layers(one)[0].coef
    torch.testing.assert_close(first, coef[..., 2:] - 2 * coef[..., 1:-1] + coef[..., :-2])
    assert first.shape == (5, 2, 6)
    torch.testing.assert_close(first, bends(layers(other)[0]), rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(bending(one), bending(other))
    squares = torch.stack([layer.coef[..., 2:].square().sum() for layer in layers(other)]).sum()
    torch.testing.assert_close(bending(other), squares)


def test_straight_lines_do_not_bend():
    assert bending(linear("points", "identity", 3, 3)) < 1e-9


def test_what_has_no_hats_has_no_bends():
    with pytest.raises(ValueError, match=r"want a network with layers of hats, got KAN"):
        bending(built("kan", (2, 3, 1)))
    with pytest.raises(ValueError, match=r"want a layer of hats, got one of Beside"):
        bends(layers(built("kan", (2, 3, 1)))[0])


@pytest.mark.parametrize("name", NORMED)
def test_hidden_layers_are_normalised_and_inputs_never(name: str):
    network = built(name, (2, 5, 6, 1))
    kinds = [type(part) for part in network.children()]
    assert kinds == [KANLayer, HiddenNorm, KANLayer, HiddenNorm, KANLayer]
    plain = built(name.removesuffix("-norm"), (2, 5, 6, 1))
    assert trainable(network) == trainable(plain) + 2 * (5 + 6)


def test_hidden_values_start_with_a_third_and_no_mean():
    y = HiddenNorm(7)(points(50, 7, reach=20))
    torch.testing.assert_close(y.square().mean(-1), torch.full((50,), 1 / 3), rtol=1e-4, atol=0)
    torch.testing.assert_close(y.mean(-1), torch.zeros(50), rtol=0, atol=1e-6)


@pytest.mark.parametrize("name", NORMED)
def test_the_order_of_hidden_values_alone_is_no_network(name: str):
    with pytest.raises(UserError, match=r"want 3 or more features to normalise, got width=2"):
        get_model(name, widths=(2, 2, 1))
    least = trainable(built(name, (2, 3, 1)))
    with pytest.raises(DoesNotFit, match=f"{least} trainable numbers, want <= {least - 1}"):
        get_model(name).build(2, 1, least - 1)
    assert trainable(get_model(name).build(2, 1, least)) == least


@pytest.mark.parametrize("name", NORMED)
def test_a_network_of_one_layer_has_nothing_to_normalise(name: str):
    assert [type(part) for part in built(name, (2, 1)).children()] == [KANLayer]


def of_edges(name: str) -> bool:
    with torch.device("meta"):
        return isinstance(next(built(name, (3, 4, 1)).children()), EdgeLayer)


@pytest.mark.parametrize("name", list(filter(of_edges, FORMS)))
def test_a_wrong_last_dimension_says_what_was_wanted_and_got(name: str):
    network = built(name, (3, 4, 1))
    with pytest.raises(ValueError, match=r"want x \(\*, 3\), got \(7, 2\)"):
        network(points(7, 2))


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("kan[grid=0]", "want grid >= 1, got grid=0"),
        ("kan[degree=0]", "want degree >= 1, got degree=0"),
        ("kan[knots=odd]", "want knots out of .*got knots='odd'"),
        ("kan[knots=movable,grid=0]", "want grid >= 1, got grid=0"),
        ("bsrbfkan[grid=0]", "want grid >= 1, got grid=0"),
        ("bsrbfkan[degree=0]", "want degree >= 1, got degree=0"),
        ("hrkan[power=1]", "want power >= 2, got power=1"),
        ("linearkan[start=one]", "want a start out of .*got start='one'"),
        ("linearkan[parameterisation=dct]", "want parameterisation points or bends, got"),
        ("linearkan-norm[grid=0]", "want grid >= 1, got grid=0"),
        ("legendrekan[degree=0]", "want degree >= 1, got degree=0"),
        ("jacobikan[a=-1]", "want a > -1 and b > -1, got a=-1, b=1"),
        ("fourierkan[frequencies=0]", "want frequencies >= 1, got frequencies=0"),
        ("sinekan[size=0]", "want size >= 1, got size=0"),
    ],
)
def test_a_bad_option_says_what_was_wanted_and_got(name: str, says: str):
    with pytest.raises(UserError, match=says) as caught:
        get_model(name)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("knots", ["movable", "chebyshev"])
def test_a_network_on_knots_is_lifted_and_differentiated_as_any(knots: str):
    network = built(f"kan[knots={knots}]", (2, 4, 1)).double()
    x = points(20, 2).double()
    along = torch.vmap(grad(lambda z: network(z).sum()))(x)
    one = torch.zeros_like(x)
    one[:, 0] = 1
    torch.testing.assert_close(jvp(network, (x,), (one,))[1].squeeze(-1), along[:, 0])


def test_movable_knots_are_those_of_the_uniform_grid_until_they_move():
    one, other = built("kan", (2, 4, 1)), built("kan[knots=movable]", (2, 4, 1))
    x = points(50, 2, reach=1.5)
    torch.testing.assert_close(one(x), other(x), rtol=1e-4, atol=1e-5)
    assert trainable(one) == trainable(other)


def test_chebyshev_knots_are_denser_at_the_ends():
    basis = layers(built("kan[knots=chebyshev,grid=8,base=none]", (1, 1)))[0].basis
    assert isinstance(basis, KnotSpline)
    cells = basis.knots[0].diff()
    torch.testing.assert_close(cells, cells.flip(0))
    assert cells[0] < 0.3 * cells[4]
    assert cells.sum().item() == pytest.approx(2)
