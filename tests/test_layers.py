"""Layers that are no plain basis: each is its formula, passes jets, and bears any input."""

import math
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy.interpolate import BSpline as Curve
from torch import Tensor, nn
from torch.func import functional_call, jacfwd, stack_module_state, vmap

from kansci.bases import Beside, BSpline, Hat, Pointwise, ReflectionalSwitch
from kansci.calculus import Network, Sum, derivatives
from kansci.errors import DoesNotFit, UserError
from kansci.jets import Jet
from kansci.models import KAN, KANLayer, Model, get_model, trainable
from kansci.models.branches import Branches, Factors, Power
from kansci.models.convolution import Body, with_head
from kansci.models.depth import as_deep_as_a_kan
from kansci.models.fourier_features import FourierMLP
from kansci.models.free_knots import LEAST, FreeKnots
from kansci.models.kaf import KAF
from kansci.models.layer import EdgeLayer
from kansci.models.multiply import Multiply, MultKAN
from kansci.models.power import PowerMLP
from kansci.models.rational import GroupRational
from kansci.models.siren import Siren
from kansci.models.spline_mlp import SplineMLP, SplineUnits
from kansci.models.wavelet import WAVELETS, Wavelets, WavKAN
from kansci.rules import carry

CLOSE = {"rtol": 1e-10, "atol": 1e-10}
Array = np.ndarray


def points(*shape: int, reach: float = 1.0) -> Tensor:
    unit = torch.rand(*shape, generator=torch.Generator().manual_seed(1), dtype=torch.double)
    return reach * (2 * unit - 1)


def seeded(make: Callable[[], nn.Module], *, shaken: float = 0.1) -> nn.Module:
    """In float64, its numbers moved from their start, so that none is 0 and no two are alike."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(0)
        network = make().double()
        with torch.no_grad():
            for weight in network.parameters():
                weight += shaken * torch.randn_like(weight)
    return network


def splines(dim_in: int) -> Beside:
    return Beside(BSpline(dim_in), Pointwise(dim_in))


def free(dim_in: int) -> Beside:
    return Beside(FreeKnots(dim_in, groups=2), Pointwise(dim_in))


def rational(dim_in: int) -> GroupRational:
    return GroupRational(dim_in, groups=2)


NETWORKS: dict[str, Callable[[tuple[int, ...]], nn.Module]] = {
    **{name: lambda widths, name=name: WavKAN(widths, wavelet=name) for name in WAVELETS},
    "rational": lambda widths: KAN(widths, rational, bias=True),
    "free knots": lambda widths: KAN(widths, free),
    "products": lambda widths: MultKAN(widths, splines),
    "powers": PowerMLP,
    "squares": lambda widths: PowerMLP(widths, power=2),
    "kaf": KAF,
    "siren": Siren,
    "random waves": lambda widths: FourierMLP(widths, nn.SiLU),
    "spline units": SplineMLP,
}
MIXED = ("powers", "squares", "kaf", "siren", "random waves", "spline units")  # of all inputs
every_network = pytest.mark.parametrize("name", NETWORKS)


def numbers(module: nn.Module) -> dict[str, Array]:
    tensors = dict(module.named_parameters()) | dict(module.named_buffers())
    return {name: tensor.detach().numpy() for name, tensor in tensors.items()}


def sigmoid(z: Array) -> Array:
    return 1 / (1 + np.exp(-z))


def gelu(z: Array) -> Array:
    return z / 2 * (1 + np.vectorize(math.erf)(z / math.sqrt(2)))


def wavelet_formula(name: str, t: Array) -> Array:
    bell = np.exp(-(t**2) / 2)
    if name == "mexican-hat":
        return 2 / (math.sqrt(3) * math.pi**0.25) * (1 - t**2) * bell
    return np.cos(5 * t) * bell if name == "morlet" else -t * bell


@pytest.mark.parametrize("name", WAVELETS)
def test_a_wavelet_layer_is_its_formula(name: str):
    layer = seeded(lambda: Wavelets(3, 2, wavelet=name), shaken=0.5)
    x, own = points(20, 3, reach=2), numbers(layer)
    y = np.tile(own["bias"], (20, 1))
    for o in range(2):
        for i in range(3):
            t = (x[:, i].numpy() - own["shift"][o, i]) / np.exp(-own["rate"][o, i])
            y[:, o] += own["weight"][o, i] * wavelet_formula(name, t)
    torch.testing.assert_close(layer(x), torch.from_numpy(y), **CLOSE)


def test_a_mexican_hat_stands_upright():
    hat = WAVELETS["mexican-hat"](torch.tensor([0.0, 2.0]), 0)[0]
    assert hat[0] > 0 > hat[1]


@pytest.mark.parametrize("name", WAVELETS)
def test_a_wavelet_has_no_mean(name: str):
    t = torch.linspace(-12, 12, 4001, dtype=torch.double)
    mean = torch.trapezoid(WAVELETS[name](t, 0)[0], t)
    assert abs(mean.item()) < 1e-5  # Morlet's is admissible only almost


def test_a_rational_layer_is_its_formula():
    layer = seeded(lambda: KANLayer(5, 3, GroupRational(5, groups=2), bias=True))
    x, own = points(20, 5, reach=3), numbers(layer)
    rows = []
    for i, group in enumerate([0, 0, 0, 1, 1]):
        z = x[:, i].numpy()
        p = sum(c * z**k for k, c in enumerate(own["basis.above"][group]))
        q = sum(c * z**k for k, c in enumerate(own["basis.below"][group], 1))
        rows.append(p / np.sqrt(1 + q**2))
    y = np.stack(rows, -1) @ own["coef"][..., 0].T + own["bias"]
    torch.testing.assert_close(layer(x), torch.from_numpy(y), **CLOSE)


def test_a_rational_starts_as_silu():
    x = torch.linspace(-4, 4, 101).unsqueeze(-1)
    error = (GroupRational(1)(x).squeeze(-1) - torch.nn.functional.silu(x)).abs().max()
    assert error < 2e-4


def test_groups_are_as_even_as_can_be_and_no_more_than_inputs():
    assert GroupRational(10, groups=4).group.tolist() == [0, 0, 0, 1, 1, 2, 2, 2, 3, 3]
    assert trainable(GroupRational(3)) == 3 * 10
    assert trainable(FreeKnots(3)) == 3 * 5


@pytest.mark.parametrize("degree", [1, 2, 3, 4])
@pytest.mark.parametrize("grid", [1, 5, 20])
def test_splines_on_free_knots_are_those_of_scipy(degree: int, grid: int):
    basis = seeded(lambda: FreeKnots(2, grid=grid, degree=degree), shaken=1.0)
    assert isinstance(basis, FreeKnots)
    x = points(50, 2)
    knots = basis.knots().detach().numpy()
    for order in range(3):
        found = basis.taylor(x, 2)[order]
        for i in range(2):
            curves = [
                Curve(knots[i], np.eye(grid + degree)[k], degree) for k in range(grid + degree)
            ]
            expected = np.stack(
                [
                    curve(x[:, i].numpy(), nu=order) if order <= degree else 0 * x[:, i].numpy()
                    for curve in curves
                ],
                -1,
            )
            scale = max(1.0, float(np.abs(expected).max()))
            torch.testing.assert_close(
                found[:, i].detach() / scale, torch.from_numpy(expected) / scale, **CLOSE
            )


def test_free_knots_start_even_stay_in_order_and_keep_the_ends():
    basis = FreeKnots(1).double()
    even = torch.arange(-3, 9, dtype=torch.double) * 0.4 - 1
    torch.testing.assert_close(basis.knots()[0], even, rtol=0, atol=1e-7)
    with torch.no_grad():
        basis.steps.copy_(torch.tensor([[-90.0, 90, 0, 3, -90]]))
    knots = basis.knots()[0]
    assert (knots.diff() >= 0.99 * LEAST * 0.4).all()
    assert (knots[3], knots[8]) == (-1, 1)


def test_splines_on_free_knots_sum_to_one_on_the_domain_and_fade_outside():
    basis = seeded(lambda: FreeKnots(3), shaken=1.0)
    torch.testing.assert_close(basis(points(40, 3)).sum(-1), torch.ones(40, 3).double())
    assert (basis(torch.full((1, 3), 1e4).double()) == 0).all()


def test_knots_learn():
    """The gradient is that of finite differences."""
    basis = seeded(lambda: FreeKnots(2, groups=1), shaken=0.5)
    x = points(7, 2)

    def value(steps: Tensor) -> Tensor:
        return functional_call(basis, {"steps": steps}, (x,)).sin().sum(-1).sum()

    assert isinstance(basis, FreeKnots)
    torch.autograd.gradcheck(value, (basis.steps.detach().requires_grad_(),))


def test_a_power_mlp_is_its_formula():
    network = seeded(lambda: PowerMLP((2, 4, 3)))
    x, own = points(20, 2, reach=3).numpy(), numbers(network)
    bent = np.maximum(x @ own["0.0.weight"].T + own["0.0.bias"], 0) ** 3
    z = bent + (x * sigmoid(x)) @ own["0.2.weight"].T
    y = z @ own["1.weight"].T + own["1.bias"]
    torch.testing.assert_close(network(torch.from_numpy(x)), torch.from_numpy(y), **CLOSE)


def test_a_kaf_layer_is_its_formula():
    network = seeded(lambda: KAF((3, 2), size=4))
    x, own = points(20, 3, reach=2).numpy(), numbers(network)
    z = x @ own["0.0.2.weight"].T + own["0.0.2.bias"]
    waves = np.concatenate([np.cos(z), np.sin(z)], -1) @ own["0.0.4.weight"].T
    mixed = own["0.0.1.factor"] * gelu(x) + own["0.0.4.factor"] * waves
    y = mixed @ own["0.1.weight"].T + own["0.1.bias"]
    torch.testing.assert_close(network(torch.from_numpy(x)), torch.from_numpy(y), **CLOSE)


def test_products_are_of_neighbours_after_those_that_pass():
    x = torch.arange(1.0, 8)
    assert Multiply(3, 2)(x).tolist() == [1, 2, 3, 20, 42]
    with pytest.raises(ValueError, match=r"want x \(\*, 7\), got \(6,\)"):
        Multiply(3, 2)(x[1:])


def test_a_multkan_is_its_formula():
    network = seeded(lambda: MultKAN((2, 5, 1), splines))
    x = points(20, 2)
    first, _, last = network
    z = first(x)
    assert z.shape == (20, 7)
    z = torch.stack([z[:, 0], z[:, 1], z[:, 2], z[:, 3] * z[:, 4], z[:, 5] * z[:, 6]], -1)
    torch.testing.assert_close(network(x), last(z), **CLOSE)


def test_a_siren_is_its_formula():
    network = seeded(lambda: Siren((2, 4, 3, 1), omega=6))
    z, own = points(20, 2).numpy(), numbers(network)
    for layer in (0, 2):
        z = np.sin(6 * (z @ own[f"{layer}.weight"].T + own[f"{layer}.bias"]))
    y = z @ own["4.weight"].T + own["4.bias"]
    torch.testing.assert_close(network(points(20, 2)), torch.from_numpy(y), **CLOSE)


def test_random_waves_are_their_formula():
    network = seeded(lambda: FourierMLP((2, 4, 1), nn.SiLU, size=3))
    x, own = points(20, 2).numpy(), numbers(network)
    z = x @ own["0.drawn"]
    z = math.sqrt(2 / 3) * np.concatenate([np.cos(z), np.sin(z)], -1)
    z = z @ own["2.0.weight"].T + own["2.0.bias"]
    y = (z * sigmoid(z)) @ own["2.2.weight"].T + own["2.2.bias"]
    torch.testing.assert_close(network(points(20, 2)), torch.from_numpy(y), **CLOSE)


def test_spline_units_are_their_formula():
    units = seeded(lambda: SplineUnits(3), shaken=1.0)
    x, own = points(20, 3, reach=2), numbers(units)
    knots = -2 + 0.8 * np.arange(-3, 9)
    learned = [Curve(knots, own["coef"][u], 3)(x[:, u].numpy()) for u in range(3)]
    y = x.numpy() * sigmoid(x.numpy()) + np.stack(learned, -1)
    torch.testing.assert_close(units(x), torch.from_numpy(y), **CLOSE)


def test_an_mlp_of_splines_starts_as_one_of_silu():
    def start(name: str) -> nn.Module:
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(3)
            return get_model(name, widths=(2, 6, 6, 1)).build(2, 1, 10**4)

    x = points(9, 2).float()
    torch.testing.assert_close(start("mlp-spline")(x), start("mlp-silu")(x))


def jacobians(f: Callable[[Tensor], Tensor], x: Tensor) -> dict[tuple[int, ...], Tensor]:
    """By nested forward mode through one point at a time."""
    slope, bend = vmap(jacfwd(f))(x), vmap(jacfwd(jacfwd(f)))(x)
    return {
        (): f(x),
        (0,): slope[..., 0],
        (1,): slope[..., 1],
        (0, 0): bend[..., 0, 0],
        (0, 1): bend[..., 0, 1],
        (1, 1): bend[..., 1, 1],
    }


@every_network
def test_jets_are_the_derivatives_of_torch(name: str):
    network = seeded(lambda: NETWORKS[name]((2, 5, 4, 2)))
    x = points(20, 2, reach=1.5)
    known = jacobians(network, x)
    mixed = Sum(((2.0, (0, 0)), (-0.5, (0, 1)), (3.0, (1, 1))))
    wanted = [*known, mixed]
    found = derivatives(predicting(network), x, wanted)
    summed = 2 * known[0, 0] - 0.5 * known[0, 1] + 3 * known[1, 1]
    torch.testing.assert_close(found, (*known.values(), summed), rtol=1e-8, atol=1e-8)


def predicting(network: nn.Module) -> Network:
    """As an ensemble calls it: jets pass by the rules, points through the network."""

    def call(module: nn.Module, args: tuple[object, ...]) -> object:
        (x,) = args
        return carry(module, x) if isinstance(x, Jet) else module(x)

    return Network(network, call)


def edge_layers(network: nn.Module) -> list[EdgeLayer]:
    return [part for part in network.modules() if isinstance(part, EdgeLayer)]


@every_network
def test_layers_of_edges_are_their_sums_and_the_others_say_they_have_none(name: str):
    layers = edge_layers(seeded(lambda: NETWORKS[name]((3, 4, 2))))
    assert len(layers) == (0 if name in MIXED else 2)
    for layer in layers:
        x = points(layer.dim_in, 11)
        value, slope, bend = layer.edges(x, 2)
        assert value.shape == (layer.dim_in, layer.dim_out, 11)
        y = value.sum(0).mT + (0 if layer.bias is None else layer.bias)
        torch.testing.assert_close(layer(x.mT), y, **CLOSE)
        step = 1e-4
        up, down = (layer.edges(x + way * step, 0)[0] for way in (1, -1))
        torch.testing.assert_close(slope, (up - down) / (2 * step), rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(bend, (up - 2 * value + down) / step**2, rtol=1e-2, atol=1e-3)


@pytest.mark.parametrize("name", ["mexican-hat", "rational", "free knots", "products"])
def test_an_edge_that_is_not_kept_is_gone_from_values_and_jets(name: str):
    network = seeded(lambda: NETWORKS[name]((2, 5, 1)))
    for layer in edge_layers(network):
        layer.keep(torch.zeros(layer.dim_out, layer.dim_in))
    x = points(6, 2)
    y = network(x)
    torch.testing.assert_close(y, y[:1].expand_as(y), rtol=0, atol=0)
    found = derivatives(predicting(network), x, [(0,), (0, 1)])
    assert all((one == 0).all() for one in found)


@every_network
def test_members_lifted_are_members_one_by_one(name: str):
    networks = [seeded(lambda: NETWORKS[name]((2, 5, 4, 1)), shaken=s) for s in (0.1, 0.2, 0.3)]
    parameters, buffers = stack_module_state(networks)
    x = points(3, 12, 2)

    def loss(weights: dict[str, Tensor], fixed: dict[str, Tensor], x: Tensor) -> Tensor:
        return functional_call(networks[0], {**weights, **fixed}, (x,)).square().sum()

    lifted = vmap(torch.func.grad(loss))(parameters, buffers, x)
    for place, network in enumerate(networks):
        alone = torch.autograd.grad(network(x[place]).square().sum(), list(network.parameters()))
        together = [lifted[key][place] for key, _ in network.named_parameters()]
        torch.testing.assert_close(together, list(alone), rtol=1e-9, atol=1e-9)


@every_network
@pytest.mark.parametrize("dtype", [torch.float, torch.double], ids=["float32", "float64"])
@pytest.mark.parametrize("far", [1.0, 30.0, 1e4])
def test_values_and_gradients_are_finite_however_far_the_inputs(
    name: str, dtype: torch.dtype, far: float
):
    network = seeded(lambda: NETWORKS[name]((2, 5, 1))).to(dtype)
    ends = torch.tensor([[far, -far], [-far, far], [far, far], [0.0, -far]], dtype=dtype)
    x = ends.requires_grad_()
    y = network(x)
    gradients = torch.autograd.grad(y.sum(), [x, *network.parameters()])
    assert y.dtype == dtype
    assert all(one.isfinite().all() for one in (y, *gradients))
    found = derivatives(predicting(network), ends.detach(), [(0, 0)])
    assert found[0].isfinite().all()


@every_network
def test_leading_dimensions_are_kept(name: str):
    network = NETWORKS[name]((2, 5, 3))
    for leading in ((), (4,), (2, 3)):
        x = points(*leading, 2).float()
        assert network(x).shape == (*leading, 3)


@every_network
@pytest.mark.parametrize("fan_in", [1, 2, 16, 64, 256])
@pytest.mark.parametrize("depth", [1, 2, 3, 4])
def test_outputs_start_with_the_variance_of_their_inputs(name: str, fan_in: int, depth: int):
    """A third within a factor of 2, the median of seven seeds; products lose a little more."""
    widths = (fan_in, *[32] * depth)
    x = 2 * torch.rand(256, fan_in, generator=torch.Generator().manual_seed(1)) - 1
    powers = []
    for seed in range(7):
        with torch.random.fork_rng(devices=[]), torch.no_grad():
            torch.default_generator.manual_seed(seed)
            powers.append(3 * NETWORKS[name](widths)(x).square().mean().item())
    least = 0.4 if name == "products" else 0.5
    most = 3 if name in ("random waves", "spline units") else 2  # of hidden units, biases add some
    assert least < sorted(powers)[3] < most


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("wavkan[wavelet=haar]", "want a wavelet out of .*mexican-hat.* got wavelet='haar'"),
        ("grkan[groups=0]", "want groups >= 1, got groups=0"),
        ("freeknotkan[grid=0]", "want grid >= 1, got grid=0"),
        ("freeknotkan[groups=0]", "want degree >= 1 and groups >= 1, got degree=3, groups=0"),
        ("freeknotkan[degree=0]", "got degree=0, groups=8"),
        ("multkan[grid=0]", "want grid >= 1"),
        ("kaf[size=0]", "want size >= 1, got size=0"),
        ("powermlp[power=0]", "want power >= 1, got power=0"),
        ("mlp-sine[omega=0]", "want omega >= 1, got omega=0"),
        ("mlp-rff[size=0]", "want size >= 1, got size=0"),
        ("mlp-spline[degree=0]", "want degree >= 1, got degree=0"),
    ],
)
def test_a_bad_option_is_said_before_anything_is_built(name: str, says: str):
    before = torch.get_rng_state()
    with pytest.raises(UserError, match=says):
        get_model(name)
    assert torch.equal(torch.get_rng_state(), before)


def test_frozen_waves_count_within_the_budget():
    network = get_model("mlp-rff").build(3, 1, 1_000)
    frozen = sum(buffer.numel() for buffer in network.buffers())
    assert frozen == 24
    assert 900 < trainable(network) <= 1_000 - frozen


def test_a_sum_of_branches_has_the_second_derivatives_that_any_of_them_has():
    network = seeded(lambda: Branches([nn.Linear(2, 3), nn.Sequential(nn.Linear(2, 3), Power(3))]))
    x = points(10, 2)
    found = derivatives(predicting(network), x, [(0, 1)])
    torch.testing.assert_close(found[0], jacobians(network, x)[0, 1])


def test_factors_multiply_each_number_by_its_own():
    factors = Factors(2, start=3.0)
    assert factors(torch.tensor([1.0, 2.0])).tolist() == [3, 6]


def printed(module: nn.Module) -> int:
    """As torchsummary counts: the weights and biases of layers, and no other number."""
    return sum(
        tensor.numel()
        for name, tensor in module.named_parameters()
        if name.rpartition(".")[-1] in ("weight", "bias", "coef")
    )


class Normalised(nn.Sequential):
    """A layer of FasterKAN as its authors have it: LayerNorm, then 8 switch functions."""

    def __init__(self, dim_in: int, dim_out: int) -> None:
        layer = KANLayer(dim_in, dim_out, ReflectionalSwitch(dim_in, size=8))
        super().__init__(nn.LayerNorm(dim_in), layer)


def head_of(*widths: int) -> Model:
    def build(dim_in: int, dim_out: int, parameters: int) -> nn.Module:
        wide = (dim_in, *widths, dim_out)
        return nn.Sequential(*(Normalised(i, o) for i, o in pairwise(wide)))

    return Model("switches", build)


def test_the_printed_sums_of_the_report_come_out():
    linear = Model("linear", lambda dim_in, dim_out, parameters: nn.Linear(dim_in, dim_out))
    large = with_head(linear, lambda: Body(deep=True)).build(784, 10, 10**7)
    switches = with_head(head_of(128, 64, 32, 16)).build(784, 10, 10**7)
    assert (printed(large), printed(switches)) == (3_272_842, 1_427_488)
    assert (trainable(large), trainable(switches)) == (3_272_843, 1_427_489)


@pytest.mark.parametrize("deep", [False, True])
def test_a_body_maps_pictures_of_any_leading_dimensions(deep: bool):
    body = Body(colours=3, deep=deep).eval()
    x = points(2, 2, 3 * 20 * 20).float()
    y = body(x)
    assert y.shape == (2, 2, 256)
    torch.testing.assert_close(y[1, 0], body(x[1, 0]), rtol=1e-4, atol=1e-5)
    with pytest.raises(ValueError, match="want 3 channels of 16 x 16 pixels or more, got 500"):
        body(x[..., :500])


@pytest.mark.parametrize("head", ["mlp-silu", "wavkan", "linearkan"])
def test_any_model_is_a_head_within_what_the_body_leaves(head: str):
    model = with_head(get_model(head))
    network = model.build(256, 10, 1_100_000)
    assert trainable(network) <= 1_100_000
    assert network.eval()(points(2, 256).float()).shape == (2, 10)
    assert model.name == f"convolution+{head}"
    with pytest.raises(DoesNotFit, match=r"the body has 1077057 numbers, want < 1000000"):
        model.build(256, 10, 1_000_000)
    with pytest.raises(
        DoesNotFit, match="want square pictures of 16 x 16 or more, got 250 numbers"
    ):
        model.build(250, 10, 1_100_000)


def test_depth_follows_the_budget_and_widths_are_kept():
    build = as_deep_as_a_kan(None, lambda widths: KAN(widths, Hat))
    assert [len(build(2, 1, budget)) for budget in (250, 1_000, 1_001)] == [2, 2, 3]  # type: ignore[arg-type]
    fixed = as_deep_as_a_kan((2, 3, 1), lambda widths: KAN(widths, Hat))
    assert len(fixed(2, 1, 100)) == 2  # type: ignore[arg-type]
    with pytest.raises(DoesNotFit, match="want widths from 3 to 1"):
        fixed(3, 1, 100)
