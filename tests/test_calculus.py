"""Jets are derivatives: of every activation, model and module, whatever stands in between."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch._inductor import standalone_compile
from torch.func import functional_call, grad_and_value, jacfwd, jacrev, stack_module_state, vmap
from torch.fx.experimental.proxy_tensor import make_fx
from torch.nn.utils import parametrizations, parametrize

from kansci.bases import Chebyshev, Gaussian
from kansci.calculus import Network, Sum, derivatives
from kansci.formulas import read
from kansci.jets import Jet, taylor
from kansci.models import KAN, MLP, KANLayer, Units, get_model, list_models
from kansci.residuals import Residual
from kansci.rules import RULES, carry
from kansci.task import Scale

SECOND = ((), (0,), (1,), (0, 0), (0, 1), (1, 1))
HIGHER = ((), (0,), (1, 1), (0, 0, 0), (1, 0, 1), (1, 0, 1, 0))
ACTIVATIONS = [
    kind
    for kind in RULES
    if kind.__module__ == "torch.nn.modules.activation" or kind is nn.Identity
]
DOMAIN = ((-1.0, 3.0), (0.0, 2.0))


def points(count: int = 20) -> Tensor:
    unit = torch.rand(count, 2, generator=torch.Generator().manual_seed(2), dtype=torch.double)
    return unit * torch.tensor([4.0, 2.0]) - torch.tensor([1.0, 0.0])


def seeded(make: Callable[[], nn.Module], seed: int = 0) -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        network = make().double().eval()
        for weight in network.parameters():
            if not weight.any():  # a start from zero has nothing to differentiate
                nn.init.normal_(weight)
    return network


def predicting(module: nn.Module) -> Network:
    """As the ensemble does it: in the units of a task."""
    units = Units(module, DOMAIN, Scale(0.5, 2.0)).double()
    return Network(units, lambda network, args: network(*args))


def expected(f: Callable[[Tensor], Tensor], x: Tensor, wanted, jacobian=jacfwd):
    """By nested Jacobians of one point at a time, with nothing of ours in between.

    Forward twice, torch's LayerNorm and BatchNorm are wrong (2.13), and in reverse some
    activations cannot be lifted.
    """

    def along(g, axis):
        return lambda z: jacobian(g)(z)[..., axis]

    def one(axes):
        g = lambda z: f(z.unsqueeze(0)).squeeze(0)  # noqa: E731
        for axis in axes:
            g = along(g, axis)
        return vmap(g)(x)

    return tuple(one(axes) for axes in wanted)


def agree(predict, x: Tensor, wanted=SECOND, *, jacobian=jacfwd, **close) -> None:
    found = derivatives(predict, x, wanted)
    close = {"rtol": 1e-9, "atol": 1e-9} | close
    torch.testing.assert_close(found, expected(predict, x, wanted, jacobian), **close)


class Waves(nn.Module):
    """Values and derivatives are known in closed form."""

    def forward(self, x: Tensor) -> Tensor:
        u, v = x.unbind(-1)
        return torch.stack([torch.sin(2 * u) * torch.exp(v), u**3 * v**2], -1)


def waves(x: Tensor) -> dict[tuple[int, ...], Tensor]:
    u, v = x.unbind(-1)
    s, c, e = torch.sin(2 * u), torch.cos(2 * u), torch.exp(v)
    return {
        axes: torch.stack(rows, -1)
        for axes, rows in {
            (): (s * e, u**3 * v**2),
            (0,): (2 * c * e, 3 * u**2 * v**2),
            (1,): (s * e, 2 * u**3 * v),
            (0, 1): (2 * c * e, 6 * u**2 * v),
            (1, 1): (s * e, 2 * u**3),
            (0, 0, 0): (-8 * c * e, 6 * v**2),
            (0, 1, 0): (-4 * s * e, 12 * u * v),
            (0, 0, 1, 1): (-4 * s * e, 12 * u),
        }.items()
    }


def test_derivatives_of_a_known_function_are_those_of_its_formulas():
    x = points()
    known = waves(x)
    found = derivatives(Waves(), x, list(known))
    torch.testing.assert_close(found, tuple(known.values()), rtol=1e-12, atol=1e-12)


def test_derivatives_come_in_the_order_asked_for_and_twice_if_asked_twice():
    x = points()
    known = waves(x)
    asked = [(1, 1), (), (1, 0), (0,), (), (1, 1), (0, 1)]
    found = derivatives(Waves(), x, asked)
    for axes, value in zip(asked, found, strict=True):
        torch.testing.assert_close(value, known[tuple(sorted(axes))])


def test_nothing_asked_for_is_nothing():
    assert derivatives(Waves(), points(), []) == ()


def test_a_constant_has_derivatives_of_zero():
    found = derivatives(lambda x: torch.ones(len(x), 1, dtype=x.dtype), points(), [(0,), (0, 1)])
    assert all((row == 0).all() for row in found)


@pytest.mark.parametrize("kind", ACTIVATIONS, ids=lambda kind: kind.__name__)
def test_jets_pass_through_every_activation(kind: type[nn.Module]):
    agree(predicting(seeded(lambda: MLP((2, 5, 5, 2), kind))), points())


def test_activations_with_rules_are_there():
    assert {nn.Tanh, nn.SiLU, nn.ReLU, nn.GELU} <= set(ACTIVATIONS)


@pytest.mark.parametrize("name", list_models())
def test_jets_pass_through_every_model(name: str):
    network = seeded(lambda: get_model(name).build(2, 2, 250))
    agree(predicting(network), points(), jacobian=jacrev)


SUMS = (
    Sum(((1.0, (0, 0)), (1.0, (1, 1)))),
    Sum(((2.0, (1, 1)), (-3.0, (1, 0)), (0.5, (0, 0)))),
    Sum(((-1.5, (0, 1)),)),
)


def agree_on_sums(predict, x: Tensor) -> None:
    u_xx, u_xy, u_yy, *found = derivatives(predict, x, [(0, 0), (0, 1), (1, 1), *SUMS])
    expected = [u_xx + u_yy, 2 * u_yy - 3 * u_xy + 0.5 * u_xx, -1.5 * u_xy]
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(derivatives(predict, x, SUMS), tuple(expected))


@pytest.mark.parametrize("name", list_models())
def test_a_collapsed_sum_is_the_sum_of_its_parts_for_every_model(name: str):
    agree_on_sums(predicting(seeded(lambda: get_model(name).build(2, 2, 250))), points())


def test_a_collapsed_sum_is_the_sum_of_its_parts_without_jets():
    agree_on_sums(Waves(), points())
    known = waves(points())
    (found,) = derivatives(Waves(), points(), [Sum(((3.0, (0, 1)), (-1.0, (1, 1))))])
    torch.testing.assert_close(found, 3 * known[0, 1] - known[1, 1])


@pytest.mark.parametrize("terms", [(), ((1.0, (0,)),), ((0.0, (0, 0)),), ((1.0, (0, 0, 1)),)])
def test_a_sum_of_anything_but_second_derivatives_is_refused(terms):
    with pytest.raises(ValueError, match="want a sum of second derivatives"):
        derivatives(Waves(), points(), [Sum(terms)])


def test_a_linear_network_has_second_derivatives_of_zero():
    network = seeded(lambda: nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1)))
    found = derivatives(predicting(network), points(), [(0, 0), SUMS[0]])
    assert all(row.shape == (20, 1) and (row == 0).all() for row in found)


@pytest.mark.parametrize("name", ["mlp-tanh", "kan", "chebykan"])
def test_orders_above_the_second_nest_around_jets(name: str):
    network = seeded(lambda: get_model(name).build(2, 1, 100))
    agree(predicting(network), points(8), HIGHER, rtol=1e-7, atol=1e-7)


@pytest.mark.slow
@pytest.mark.parametrize(
    "formula", ["u_y + 6*u*u_x + u_xxx", "u_xxxx + 2*u_xxyy + u_yyyy", "u_xx + u_yy - u**3"]
)
def test_residuals_of_every_order_are_the_same_lifted_and_compiled(formula: str):
    """Points differ between members: constant tangents crash once compiled (torch 2.13)."""
    residual = Residual(read(formula), ("x", "y"), ("u",))
    make = (
        (lambda: MLP((2, 3, 1), nn.Tanh)) if residual.order > 2 else lambda: KAN((2, 1), Chebyshev)
    )
    networks = [seeded(make, seed) for seed in range(2)]
    units = [Units(network, DOMAIN, Scale()).double() for network in networks]
    weights, buffers = stack_module_state(units)
    names = [*weights, *buffers]
    x = torch.stack([points(9), points(9).flip(0) / 2])

    def of_all(*args: Tensor) -> tuple[Tensor, ...]:
        own = dict(zip(names, args[:-1], strict=True))

        def loss(learned, fixed, x):
            network = Network(units[0], lambda m, a: functional_call(m, learned | fixed, a))
            return residual(network, x).square().mean()

        parts = ({name: own[name] for name in some} for some in (weights, buffers))
        gradients, losses = vmap(grad_and_value(loss))(*parts, args[-1])
        return (*gradients.values(), losses)

    inputs = (*(own.detach() for own in (weights | buffers).values()), x)
    lifted = of_all(*inputs)
    if residual.order == 3:  # the second is compiled elsewhere; the fourth would take minutes
        graph = make_fx(of_all, tracing_mode="symbolic")(*inputs)
        compiled = standalone_compile(graph, inputs, dynamic_shapes="from_graph")
        torch.testing.assert_close(tuple(graph(*inputs)), lifted, rtol=1e-12, atol=1e-12)
        torch.testing.assert_close(tuple(compiled(*inputs)), lifted, rtol=1e-9, atol=1e-12)
    for member, network in enumerate(units):
        whole = residual(lambda z, network=network: network(z), x[member]).square().mean()
        torch.testing.assert_close(lifted[-1][member], whole, rtol=1e-9, atol=1e-12)


class Doubled(nn.Linear):
    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        return 2 * super().forward(input).sin()


class Named(nn.Tanh):
    """Computes what its parent does."""


class Cube(nn.Module):
    """Known to nobody."""

    def forward(self, x: Tensor) -> Tensor:
        return x**3 + x.prod(-1, keepdim=True)


class Skipping(nn.Sequential):
    """A Sequential that does not only run its parts."""

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        return input + super().forward(input)


def hooked_after() -> nn.Module:
    layer = nn.Linear(3, 3)
    layer.register_forward_hook(lambda module, args, output: output.sin())
    return layer


def hooked_before() -> nn.Module:
    layer = nn.Tanh()
    layer.register_forward_pre_hook(lambda module, args: (2 * args[0],))
    return layer


def patched() -> nn.Module:
    layer = nn.Tanh()
    layer.forward = lambda input: torch.sin(input)  # noqa: A006
    return layer


def parametrized() -> nn.Module:
    return parametrizations.weight_norm(nn.Linear(3, 3))


class Squared(nn.Module):
    def forward(self, weight: Tensor) -> Tensor:
        return weight.square()


def squared() -> nn.Module:
    layer = KANLayer(3, 3, Gaussian(3))
    parametrize.register_parametrization(layer, "coef", Squared())
    return layer


STRANGERS = {
    "subclass": lambda: Doubled(3, 3),
    "subclass without forward": Named,
    "unknown module": Cube,
    "subclass of Sequential": lambda: Skipping(nn.Linear(3, 3), nn.Tanh()),
    "hook": hooked_after,
    "hook before": hooked_before,
    "patched": patched,
    "weight norm": parametrized,
    "coefficients": squared,
    "softmax": lambda: nn.Softmax(-1),
    "prelu": nn.PReLU,
    "no bias": lambda: nn.Linear(3, 3, bias=False),
}


@pytest.mark.parametrize("make", STRANGERS.values(), ids=STRANGERS.keys())
def test_what_computes_something_else_inherits_no_rule(make: Callable[[], nn.Module]):
    def network() -> nn.Module:
        return nn.Sequential(nn.Linear(2, 3), nn.Tanh(), make(), nn.Linear(3, 1))

    agree(predicting(seeded(network)), points())
    agree_on_sums(predicting(seeded(network)), points())


@pytest.mark.parametrize("affine", [True, False])
def test_layer_norm_has_the_derivatives_of_reverse_mode(affine: bool):
    """Forward over forward, torch's own is not even symmetric."""
    layers = nn.Linear(2, 3), nn.Tanh(), nn.LayerNorm(3, elementwise_affine=affine), nn.Linear(3, 1)
    network = seeded(lambda: nn.Sequential(*layers))
    x = points()
    u_xx, u_xy, u_yy = derivatives(
        Network(network, lambda module, args: carry(module, args[0])), x, [(0, 0), (0, 1), (1, 1)]
    )
    hessian = vmap(jacrev(jacrev(lambda z: network(z).squeeze(-1))))(x)
    found = torch.cat([u_xx, u_xy, u_xy, u_yy], -1).unflatten(-1, (2, 2))
    torch.testing.assert_close(found, hessian, rtol=1e-9, atol=1e-9)
    agree_on_sums(Network(network, lambda module, args: carry(module, args[0])), x)


@pytest.mark.parametrize("kind", ["hook", "hook before"])
def test_a_hook_on_the_whole_network_is_kept(kind: str):
    network = seeded(lambda: KAN((2, 3, 1), Gaussian))
    if kind == "hook":
        network.register_forward_hook(lambda module, args, output: output.square())
    else:
        network.register_forward_pre_hook(lambda module, args: (args[0].sin(),))
    agree(predicting(network), points())


@pytest.mark.parametrize("name", ["mlp-silu", "mlp-tanh", "kan", "fastkan", "relukan", "linearkan"])
def test_gradients_through_jets_are_those_through_torch_func(name: str):
    network = Units(seeded(lambda: get_model(name).build(2, 1, 250)), DOMAIN, Scale()).double()
    x = points()

    def gradient(predict) -> list[Tensor]:
        u, u_x, u_y, u_xx, u_xy, u_yy = derivatives(predict, x, SECOND)
        loss = (u * u_x + u_xx + u_yy - u_xy.sin() + u_y).square().mean()
        weights = list(network.parameters())
        found = torch.autograd.grad(loss, weights, allow_unused=True)
        return [
            torch.zeros_like(w) if g is None else g for w, g in zip(weights, found, strict=True)
        ]

    jets = gradient(Network(network, lambda module, args: module(*args)))
    whole = gradient(lambda z: network(z))  # no Network: differentiated whole
    torch.testing.assert_close(jets, whole, rtol=1e-8, atol=1e-9)


def test_weights_that_are_handed_in_are_those_that_count():
    network = Units(seeded(lambda: KAN((2, 3, 1), Gaussian)), DOMAIN, Scale()).double()
    weights = {name: 2 * weight.detach() for name, weight in network.named_parameters()}
    predict = Network(network, lambda module, args: functional_call(module, weights, args))
    agree(predict, points())
    assert not torch.allclose(predict(points()), network(points()))


@pytest.mark.parametrize("name", ["mlp-silu", "kan", "fastkan"])
def test_float32_stays_float32_and_is_close(name: str):
    double = predicting(seeded(lambda: get_model(name).build(2, 1, 250)))
    exact = derivatives(double, points(), SECOND)
    single = Network(double._module.float(), lambda module, args: module(*args))
    found = derivatives(single, points().float(), SECOND)
    for one, other in zip(found, exact, strict=True):
        assert one.dtype == torch.float32
        torch.testing.assert_close(one.double(), other, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("leading", [(), (4,), (2, 3)])
def test_jets_of_a_layer_keep_leading_dimensions(leading: tuple[int, ...]):
    layer = seeded(lambda: KANLayer(2, 3, Gaussian(2), bias=True))
    x = points(24)[: math.prod(leading)].reshape(*leading, 2)
    jet = carry(layer, Jet(x, (x * 0 + 1,), (), (((0, 0, 1.0),),)))
    assert [one.shape for one in (jet.value, *jet.first, *jet.second)] == [(*leading, 3)] * 3
    torch.testing.assert_close(jet.value, layer(x))


def test_a_jet_without_streams_has_no_second_derivatives():
    x = points(4)
    jet = carry(seeded(lambda: KAN((2, 1), Gaussian)), Jet(x, (x * 0 + 1,), (), ()))
    assert jet.second == ()
    assert [one.shape for one in jet.first] == [(4, 1)]


def test_taylor_of_a_sine_is_a_sine():
    x = torch.linspace(-3, 3, 7, dtype=torch.double)
    for order in range(5):
        rows = taylor(torch.sin, x, order)
        assert len(rows) == order + 1
        torch.testing.assert_close(rows[-1], torch.sin(x + order * math.pi / 2))
