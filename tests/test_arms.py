"""Published arms against their formulas, written a second time in NumPy, and their quirks.

The formulas take complex numbers: of an analytic function f, the imaginary part of f(x + ih) is
h f'(x) to the last digit, so that gradients need no differences.
"""

import math
import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.special import eval_jacobi
from torch import Tensor, nn
from torch.func import jvp

from kansci.errors import DoesNotFit
from kansci.jets import Jet, nested
from kansci.models import get_model, list_models, trainable
from kansci.models.layer import EdgeLayer
from kansci.models.model import module_code
from kansci.models.published.told import quirks
from kansci.rules import carry

WIDTHS = (3, 5, 4, 2)
ARMS = [name for name in list_models() if name.endswith("-published")]
BUDGETS = (250, 1_000, 4_000, 16_000)
COUNTS = {
    "kan": (240, 984, 3_680, 15_824),
    "efficientkan": (240, 990, 3_780, 15_580),
    "inkan": (243, 999, 3_762, 15_480),
    "flashkan": (243, 999, 3_762, 15_480),
    "bsrbfkan": (236, 990, 3_842, 15_644),
    "fastkan": (245, 995, 3_881, 15_725),
    "fasterkan": (238, 992, 3_764, 16_000),
    "relukan": (238, 976, 3_669, 15_859),
    "linearkan": (192, 960, 3_456, 14_720),
    "chebykan": (240, 990, 3_770, 15_950),
    "jacobikan": (240, 996, 3_960, 15_616),
    "fourierkan": (249, 993, 3_817, 15_657),
    "sinekan": (242, 992, 3_745, 15_935),
    "wavkan": (200, 838, 3_698, 15_612),
    "grkan": (245, 981, 3_507, 15_091),
}
SMALLEST = {
    "kan": 24, "efficientkan": 30, "inkan": 27, "flashkan": 27, "bsrbfkan": 33, "fastkan": 65,
    "fasterkan": 30, "relukan": 74, "linearkan": 96, "chebykan": 15, "jacobikan": 12,
    "fourierkan": 32, "sinekan": 42, "wavkan": 13, "grkan": 85,
}  # fmt: skip
DERIVATIVES = {"linearkan": 1}
CONTINUOUS = {
    "kan": 2, "efficientkan": 2, "inkan": 2, "flashkan": 2, "bsrbfkan": 2, "relukan": 1,
    "linearkan": 0, "grkan": 0,
}  # fmt: skip

every_arm = pytest.mark.parametrize("name", COUNTS)
every_dtype = pytest.mark.parametrize("dtype", [torch.float32, torch.float64])


def built(name: str, *widths: int, seed: int = 0, dtype: torch.dtype = torch.float64) -> nn.Module:
    """A network that does not learn from its points, Wav-KAN's included."""
    model = get_model(f"{name}-published", widths=widths)
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        return model.build(widths[0], widths[-1], 10**9).to(dtype).eval()


def moved(name: str, *widths: int, dtype: torch.dtype = torch.float64) -> nn.Module:
    """Away from its start, as training would leave it: no number is 0 or 1 any more."""
    network = built(name, *widths, dtype=dtype)
    generator = torch.Generator().manual_seed(4)
    for weight in network.parameters():
        noise = torch.rand(weight.shape, generator=generator, dtype=torch.double) - 0.5
        weight.data += (0.1 * noise).to(dtype)
    for buffer in network.buffers():
        if (buffer.shape and not buffer.any()) or (buffer == 1).all():  # Wav-KAN's running means
            noise = torch.rand(buffer.shape, generator=generator, dtype=torch.double)
            buffer.data += (0.1 * noise).to(buffer.dtype)
    return network


def points(*shape: int) -> Tensor:
    unit = torch.rand(*shape, generator=torch.Generator().manual_seed(1), dtype=torch.double)
    return 2 * unit - 1


def own(module: nn.Module, name: str) -> np.ndarray:
    tensor = module.get_parameter(name) if name in dict(module.named_parameters()) else None
    tensor = module.get_buffer(name) if tensor is None else tensor
    return tensor.detach().double().numpy()


# Bases, `(point, in)` to `(point, in, size)`, and what else layers are made of.


def relu(x):
    return np.where(x.real > 0, x, 0)


def silu(x):
    return x / (1 + np.exp(-x))


def splines(x, grid, low=-1.0, high=1.0, degree=3):
    """Cox and de Boor, on knots that go on evenly beyond the ends."""
    knots = low + (high - low) / grid * np.arange(-degree, grid + degree + 1)
    x = x[..., None]
    found = ((x.real >= knots[:-1]) & (x.real < knots[1:])).astype(x.dtype)
    for d in range(1, degree + 1):
        left = (x - knots[: -d - 1]) / (knots[d:-1] - knots[: -d - 1])
        right = (knots[d + 1 :] - x) / (knots[d + 1 :] - knots[1:-d])
        found = left * found[..., :-1] + right * found[..., 1:]
    return found


def gaussians(x, size, low, high):
    centres, step = np.linspace(low, high, size, retstep=True)
    return np.exp(-(((x[..., None] - centres) / step) ** 2))


def cubes(x, grid):
    """The package's numbers are rounded to float32 at first: its places, and its sixth."""
    step = np.float32(2 / grid)
    starts = np.arange(grid + 3, dtype=np.float32) * step - np.float32(1)
    starts = (starts - np.float32(3 * 2 / grid)).astype(float)
    u = (x[..., None] - starts) * (grid / 2)
    cut = [relu(u - n) for n in range(5)]
    return 0.16666667 * sum(c * r**3 for c, r in zip((1, -4, 6, -4, 1), cut, strict=True))


def hats(x):
    at = np.linspace(-2, 2, 32)
    cell = np.clip(np.floor((x.real + 2) * 31 / 4).astype(int), 0, 30)
    share = ((x - at[cell]) * 31 / 4)[..., None]
    unit = np.eye(32)
    return (1 - share) * unit[cell] + share * unit[cell + 1]


def layer_norm(module, x):
    x = x - x.mean(-1, keepdims=True)
    x = x / np.sqrt((x**2).mean(-1, keepdims=True) + 1e-5)
    return x * own(module, "weight") + own(module, "bias")


def batch_norm(module, x):
    mean, variance = own(module, "running_mean"), own(module, "running_var")
    x = (x - mean) / np.sqrt(variance + 1e-5)
    return x * own(module, "weight") + own(module, "bias")


def summed(basis: Callable, *, bias: bool = False) -> Callable:
    """A layer of coefficients `(out, in, size)`."""

    def layer(module, x):
        y = np.einsum("pik,oik->po", basis(module, x), own(module, "coef"))
        return y + own(module, "bias") if bias else y

    return layer


def scaled(grid: int) -> Callable:
    def layer(module, x):
        spline = np.einsum("pik,oik->poi", splines(x, grid), own(module, "splines"))
        edges = own(module, "scale") * spline + own(module, "base") * silu(x)[:, None]
        return edges.sum(-1)

    return layer


def with_base(basis: Callable) -> Callable:
    return lambda module, x: np.concatenate([basis(x), silu(x)[..., None]], -1)


def both(x):
    return splines(x, 5, -1.5, 1.5) + gaussians(x, 8, -1.5, 1.5)


def fast(module, x):
    bells, base = module
    y = summed(lambda _, z: gaussians(z, 8, -2, 2))(bells[1], layer_norm(bells[0], x))
    return y + summed(lambda _, z: silu(z)[..., None], bias=True)(base, x)


def bells(module, x):
    start, end = own(module, "basis.start"), own(module, "basis.end")
    x = x[..., None]
    return (relu(end - x) * relu(x - start) * 4 * 5**2 / (3 + 1) ** 2) ** 2


def chebyshev(_, x):
    return np.cos(np.arange(5) * np.arccos(np.tanh(x))[..., None])


def jacobi(_, x):
    z = np.tanh(x)
    if np.iscomplexobj(x):  # by its own derivative, P_n' = (n + 3)/2 P_{n-1} with a = b = 2
        slope = [(n + 3) / 2 * eval_jacobi(n - 1, 2, 2, z.real) for n in range(1, 4)]
        slope = np.stack([np.zeros_like(z.real), *slope], -1)
        value = np.stack([eval_jacobi(n, 1, 1, z.real) for n in range(4)], -1)
        return value + 1j * slope * z.imag[..., None]
    return np.stack([eval_jacobi(n, 1, 1, z) for n in range(4)], -1)


def waves(_, x):
    angle = x[..., None] * np.arange(1, 6)
    return np.concatenate([np.cos(angle), np.sin(angle)], -1)


def sines(module, x):
    dim_in = x.shape[-1]
    place = np.linspace(0, np.pi, dim_in)[:, None]
    phase = np.arange(1, 9) / 9 + place
    for n in range(1, 8):
        phase = phase * (0.9724108095811765 * n**-0.9884401790754128 + 0.999449553483052)
    return np.sin(x[..., None] * own(module, "basis.frequency") + phase)


def wavelets(module, x):
    t = (x[:, None] - own(module, "shift")) / own(module, "scale")  # (point, out, in)
    hat = 2 / (np.sqrt(3) * np.pi**0.25) * (t**2 - 1) * np.exp(-(t**2) / 2)
    return (own(module, "weight") * hat).sum(-1)


def rationals(module, x):
    above, below = own(module, "basis.numerator"), own(module, "basis.denominator")
    below = np.repeat(below, x.shape[-1] // len(below), 0)  # (in, 4)
    size = np.where(x.real < 0, -x, x)[..., None]
    p = (above * x[..., None] ** np.arange(6)).sum(-1)
    return (p / (1 + (abs(below) * size ** np.arange(1, 5)).sum(-1)))[..., None]


def switches(_, x):
    return 1 - np.tanh(x[..., None] - np.linspace(-1.2, 1.2, 8)) ** 2


FORMULAS: dict[str, dict[str, Callable]] = {
    "kan": {"PykanLayer": scaled(3)},
    "efficientkan": {"EfficientKANLayer": scaled(5)},
    "inkan": {"InkanLayer": summed(with_base(lambda x: splines(x, 5)))},
    "flashkan": {"FlashKANLayer": summed(with_base(lambda x: cubes(x, 5)))},
    "bsrbfkan": {"LayerNorm": layer_norm, "BSRBFLayer": summed(with_base(both))},
    "fastkan": {"FastKANLayer": fast},
    "fasterkan": {"LayerNorm": layer_norm, "FasterKANLayer": summed(switches)},
    "relukan": {
        "FromZero": lambda _, x: (x + 1) / 2,
        "ReluKANLayer": summed(bells, bias=True),
    },
    "linearkan": {"LinearKANLayer": summed(lambda _, x: hats(x))},
    "chebykan": {"ChebyKANLayer": summed(chebyshev)},
    "jacobikan": {"JacobiKANLayer": summed(jacobi)},
    "fourierkan": {"FourierKANLayer": summed(waves, bias=True)},
    "sinekan": {"SineKANLayer": summed(sines, bias=True)},
    "wavkan": {"WavKANLayer": wavelets, "BatchNorm": batch_norm},
    "grkan": {"GRKANLayer": summed(rationals, bias=True)},
}


def by_formula(name: str, network: nn.Module, x: np.ndarray) -> np.ndarray:
    for part in network:
        x = FORMULAS[name][type(part).__name__](part, x)
    return x


def gradient_by_formula(name: str, network: nn.Module, x: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Of the outputs weighted by `v`, `(point, in)`."""
    slopes = []
    for unit in np.eye(x.shape[-1]):
        y = by_formula(name, network, x + 1e-30j * unit)
        slopes.append((y.imag / 1e-30 * v).sum(-1))
    return np.stack(slopes, -1)


def close(found: Tensor, expected: np.ndarray, dtype: torch.dtype) -> None:
    """Within 1e-5 in float32 and 1e-10 in float64, of the largest number."""
    within = (1e-5 if dtype is torch.float32 else 1e-10) * max(1, np.abs(expected).max())
    np.testing.assert_allclose(found.detach().double(), expected, rtol=0, atol=within)


def slopes(network: nn.Module, x: Tensor, v: Tensor) -> Tensor:
    x = x.clone().requires_grad_()
    return torch.autograd.grad((network(x) * v).sum(), x)[0]


@every_dtype
@every_arm
def test_values_are_those_of_the_published_formula(name: str, dtype: torch.dtype):
    network, x = moved(name, *WIDTHS, dtype=dtype), points(60, 3).to(dtype)
    close(network(x), by_formula(name, network, x.double().numpy()), dtype)


@every_dtype
@every_arm
def test_gradients_are_those_of_the_published_formula(name: str, dtype: torch.dtype):
    """Or, FasterKAN's, half of them at each of its three layers."""
    network, x = moved(name, *WIDTHS, dtype=dtype), points(60, 3).to(dtype)
    v = points(60, 2).to(dtype)
    expected = gradient_by_formula(name, network, x.double().numpy(), v.double().numpy())
    expected = expected / 8 if name == "fasterkan" else expected
    close(slopes(network, x, v), expected, dtype)


@every_arm
def test_every_number_that_counts_is_trained(name: str):
    network = moved(name, *WIDTHS).train()
    (network(points(60, 3)) * points(60, 2)).sum().backward()
    for weight, gradient in ((key, one.grad) for key, one in network.named_parameters()):
        assert gradient is not None, weight
        assert gradient.any(), weight


@every_dtype
@every_arm
def test_an_arm_takes_any_leading_dimensions_in_either_dtype(name: str, dtype: torch.dtype):
    network = get_model(f"{name}-published").build(2, 1, 250).to(dtype).eval()
    x = points(4, 5, 2).to(dtype)
    y = network(x)
    assert y.shape == (4, 5, 1)
    assert y.dtype == dtype
    rows = torch.stack([network(one) for one in x.flatten(0, 1)]).view_as(y)
    torch.testing.assert_close(rows, y)


@every_arm
def test_counts_are_exact(name: str):
    model = get_model(f"{name}-published")
    assert tuple(trainable(model.build(2, 1, budget)) for budget in BUDGETS) == COUNTS[name]
    least = SMALLEST[name]
    running = 6 if name == "wavkan" else 0  # two means, two variances, two counts of batches
    assert trainable(model.build(2, 1, least + running)) == least
    with pytest.raises(DoesNotFit, match=f"{least} trainable numbers, want <= {least - 1}"):
        model.build(2, 1, least - 1 + running)


@pytest.mark.parametrize("budget", BUDGETS)
def test_running_means_of_wavkan_are_within_the_budget(budget: int):
    network = get_model("wavkan-published").build(2, 1, budget)
    held = trainable(network) + sum(buffer.numel() for buffer in network.buffers())
    assert 0.95 * budget < held <= budget


def test_a_fair_count_of_the_hello_network_of_pykan_is_150():
    assert trainable(get_model("kan-published[widths=2-5-1,grid=5]").build(2, 1, 250)) == 150


def directed(network: nn.Module, x: Tensor) -> tuple[Jet, Jet]:
    """A jet along two directions, and the one that enters."""
    first = (points(len(x), 3), points(len(x), 3).flip(0))
    streams = (((0, 0, 1.0), (1, 1, 2.0)), ((0, 1, 1.0),))
    enters = Jet(x, first, (), streams)
    return carry(network, enters), enters


@every_arm
def test_jets_are_the_derivatives_that_reverse_mode_gives(name: str):
    """Of FasterKAN, too, where both are wrong alike."""
    network, x = moved(name, *WIDTHS), points(30, 3)
    found, enters = directed(network, x)
    z = x.clone().requires_grad_()
    for o in range(2):
        y = network(z)[:, o].sum()
        (g,) = torch.autograd.grad(y, z, create_graph=True)
        along = [(g * one).sum() for one in enters.first]
        for one, row in zip(enters.first, found.first, strict=True):
            torch.testing.assert_close((g * one).sum(-1), row[:, o], rtol=1e-8, atol=1e-9)
        bends = [
            torch.autograd.grad(one, z, retain_graph=True, materialize_grads=True)[0]
            if one.requires_grad
            else torch.zeros_like(z)
            for one in along
        ]
        curves = [[(bend * one).sum(-1) for one in enters.first] for bend in bends]
        expected = (curves[0][0] + 2 * curves[1][1], curves[0][1])
        for one, row in zip(expected, found.second, strict=True):
            torch.testing.assert_close(one, row[:, o], rtol=1e-7, atol=1e-8)


@every_arm
def test_declared_derivatives_are_those_it_has(name: str):
    model = get_model(f"{name}-published")
    assert model.derivatives == DERIVATIVES.get(name)
    assert model.continuous == CONTINUOUS.get(name)
    found, _ = directed(moved(name, *WIDTHS), points(30, 3))
    assert all((one.abs() > 1e-12).any() for one in found.first)
    assert all((one.abs() > 1e-12).any() == (name != "linearkan") for one in found.second)


def test_every_arm_lists_its_quirks_and_where_it_comes_from():
    assert list(COUNTS) == [name.removesuffix("-published") for name in ARMS]
    for name in ARMS:
        model = get_model(name)
        assert model.name == name
        assert model.quirks
        assert all(one[0].isupper() and one.endswith(".") for one in model.quirks)
        assert all((model.source, model.about, model.kind))
    others = [get_model(name) for name in list_models() if name not in ARMS]
    assert not any(model.quirks for model in others)


def test_the_page_of_arms_names_all_of_them():
    page = (Path(__file__).parent.parent / "docs" / "arms.md").read_text(encoding="utf-8")
    assert [name for name in ARMS if f"`{name}`" not in page] == []


def test_quirks_are_read_from_a_docstring():
    told = "A net.\n\nSource: here.\nQuirks:\n- One of\n  two lines.\n- Two.\nWe differ: no.\n"
    assert quirks(told) == ("One of two lines.", "Two.")
    for missing in (None, "A net without any."):
        with pytest.raises(ValueError, match=r"^want a list after a line 'Quirks:', got"):
            quirks(missing)


def test_words_about_quirks_are_no_part_of_a_key():
    """They stand in docstrings, which are no code."""
    for name in ARMS:
        model = get_model(name)
        assert model.entry is not None
        source = module_code(model.entry.__module__)
        assert model.name in source
        assert not any(one[:30] in source for one in model.quirks)


@pytest.mark.parametrize(
    "name",
    [
        "kan-published[grid=0]",
        "kan-published[degree=0]",
        "efficientkan-published[grid=0]",
        "inkan-published[grid=0]",
        "flashkan-published[grid=0]",
        "relukan-published[grid=0]",
        "relukan-published[order=0]",
        "chebykan-published[degree=0]",
        "jacobikan-published[degree=0]",
        "fourierkan-published[grid=0]",
        "sinekan-published[size=0]",
    ],
)
def test_a_bad_option_says_what_was_wanted_and_got(name: str):
    with pytest.raises(Exception, match=r"want .*got \w+="):
        get_model(name)


@every_arm
def test_naming_a_model_draws_nothing(name: str):
    before = torch.get_rng_state()
    get_model(f"{name}-published")
    assert torch.equal(torch.get_rng_state(), before)


# Starts.


def test_pykan_starts_from_noise_at_the_points_of_its_grid():
    layer = built("kan", 3, 40)[0]
    at = torch.linspace(-1, 1, 4, dtype=torch.double).unsqueeze(-1)
    noise = layer.basis.parts[0](at).squeeze(1) @ layer.splines.flatten(0, 1).mT
    assert 0.049 < noise.abs().max() <= 0.05
    torch.testing.assert_close(layer.scale, torch.full_like(layer.scale, 1 / math.sqrt(3)))
    assert 0.97 < layer.base.abs().max() * math.sqrt(3) <= 1


def test_efficient_kan_starts_with_small_numbers_times_small_numbers():
    layer = built("efficientkan", 3, 40)[0]
    at = torch.linspace(-1, 1, 6, dtype=torch.double).unsqueeze(-1)
    noise = layer.basis.parts[0](at).squeeze(1) @ layer.splines.flatten(0, 1).mT
    assert 0.0099 < noise.abs().max() <= 0.01 + 1e-8
    for weight in (layer.scale, layer.base):
        assert 0.97 < weight.abs().max() * math.sqrt(3) <= 1 + 1e-6
    x = points(500, 3)
    silu_branch = nn.functional.silu(x) @ layer.base.mT
    splines_alone = layer(x) - silu_branch
    assert 40 < silu_branch.std() / splines_alone.std() < 90


@pytest.mark.parametrize(("name", "deviation"), [("inkan", 0.1), ("flashkan", 0.1)])
def test_packed_weights_start_alike_whatever_the_number_of_inputs_is(name: str, deviation: float):
    for dim_in in (2, 200):
        assert built(name, dim_in, 200)[0].coef.std().item() == pytest.approx(deviation, rel=0.03)


@pytest.mark.parametrize(("name", "size"), [("chebykan", 5), ("jacobikan", 4)])
def test_polynomials_start_smaller_the_more_inputs_there_are(name: str, size: int):
    for dim_in in (2, 50):
        deviation = built(name, dim_in, 400)[0].coef.std().item()
        assert deviation == pytest.approx(1 / (dim_in * size), rel=0.05)


def test_linearkan_starts_31_quarters_too_large():
    layer = built("linearkan", 3, 6)[0]
    x = points(40, 3)
    slope = (layer(x + 0.1) - layer(x)).mean(0) / 0.1  # the sum of slopes over inputs
    index = layer.coef.diff(dim=-1)
    torch.testing.assert_close(index, index[..., :1].expand_as(index), atol=1e-5, rtol=0)
    norms = index[..., 0].square().sum(1).sqrt()
    torch.testing.assert_close(norms, torch.ones_like(norms), atol=1e-6, rtol=0)
    torch.testing.assert_close(slope, 31 / 4 * index[..., 0].sum(1), atol=1e-5, rtol=0)


def test_sinekan_draws_one_number_for_all_functions_of_an_edge():
    first, second, _ = built("sinekan", 3, 7, 5, 1)
    for layer in (first, second):
        one = layer.coef * torch.arange(1, 9) * layer.dim_out
        torch.testing.assert_close(one, one[..., :1].expand_as(one), rtol=1e-6, atol=0)
        torch.testing.assert_close(layer.bias.mean().item(), 1 / layer.dim_out)
    assert (second.coef[..., 0] * 5).abs().max() <= 1
    assert first.basis.frequency.tolist() == list(range(1, 9))
    torch.testing.assert_close(second.basis.frequency * 9, torch.arange(1.0, 9).double())


def test_gr_kan_starts_next_to_nothing_where_its_paper_keeps_the_variance():
    layer = built("grkan", 64, 400)[0]
    assert layer.coef.std().item() == pytest.approx(0.02, rel=0.03)
    assert not layer.bias.any()
    assert layer(points(200, 64)).std() < 0.12


def test_starts_of_linear_maps_are_uniform_within_their_bounds():
    fast_bells, fast_base = built("fastkan", 4, 60)[0]
    assert fast_bells[1].coef.std().item() == pytest.approx(0.1, rel=0.05)
    bounds = {
        (fast_base.coef,): 1 / 2,
        (fast_base.bias,): 1 / 2,
        (built("fasterkan", 4, 60)[1].coef,): math.sqrt(6 / (4 * 8 + 60)),
        (built("relukan", 4, 60)[1].coef,): 1 / math.sqrt(32),
        (built("bsrbfkan", 4, 60)[1].coef[..., :-1],): 1 / math.sqrt(32),
        (built("bsrbfkan", 4, 60)[1].coef[..., -1],): 1 / 2,
        (built("wavkan", 4, 60)[0].weight,): 1 / 2,
    }
    for (weight,), bound in bounds.items():
        assert 0.9 * bound < weight.abs().max() <= bound * (1 + 1e-6)


def test_fourierkan_starts_all_frequencies_alike():
    coef = built("fourierkan", 8, 500)[0].coef.unflatten(-1, (2, 5))
    torch.testing.assert_close(
        coef.square().mean((0, 1)).sqrt(), torch.full((2, 5), 1 / math.sqrt(40)).double(),
        rtol=0.05, atol=0,
    )  # fmt: skip


@every_arm
def test_an_arm_draws_from_the_generator_it_is_given_and_seeds_none(name: str):
    state, numbers = random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002
    one, same, other = (
        torch.cat([weight.flatten() for weight in built(name, *WIDTHS, seed=seed).parameters()])
        for seed in (0, 0, 1)
    )
    assert torch.equal(one, same)
    assert not torch.equal(one, other)
    assert random.getstate() == state
    assert np.random.get_state()[1].tolist() == numbers  # noqa: NPY002


# Quirks.


def test_fasterkan_halves_the_gradient_of_a_layer_and_bends_it_wrongly():
    layer, x = built("fasterkan", 1, 1)[1], points(50, 1)
    with torch.no_grad():
        layer.coef.zero_()
        layer.coef[0, 0, 2] = 1  # a single switch
    centre = -1.2 + 2 * 2.4 / 7
    t = torch.tanh(x - centre)
    bell = 1 - t**2

    def first(z: Tensor) -> Tensor:
        return jvp(layer, (z,), (torch.ones_like(z),))[1]

    second = jvp(first, (x,), (torch.ones_like(x),))[1]
    torch.testing.assert_close(layer(x), bell)
    torch.testing.assert_close(first(x), -t * bell)  # and not -2 t b
    torch.testing.assert_close(second, t**2 * bell)  # and not (4 - 6 b) b
    torch.testing.assert_close(slopes(layer, x, torch.ones_like(x)), -t * bell)
    z = x.clone().requires_grad_()
    (g,) = torch.autograd.grad(layer(z).sum(), z, create_graph=True)
    (h,) = torch.autograd.grad(g.sum(), z, create_graph=True)
    (third,) = torch.autograd.grad(h.sum(), z)
    torch.testing.assert_close(h.detach(), t**2 * bell)
    torch.testing.assert_close(third, -(t**3) * bell)


@pytest.mark.parametrize("name", ["fasterkan", "bsrbfkan"])
def test_layer_norm_leaves_of_two_inputs_which_is_larger_and_of_one_nothing(name: str):
    x = points(300, 2)
    apart = x[(x[:, 0] - x[:, 1]).abs() > 0.2]
    y = moved(name, 2, 6, 1)(apart).squeeze(-1)
    larger = apart[:, 0] > apart[:, 1]
    for side in (y[larger], y[~larger]):
        assert side.std() < 0.01 * y.std()
    alone = moved(name, 1, 6, 1)(points(100, 1))
    torch.testing.assert_close(alone, alone[:1].expand_as(alone))


def test_fastkan_refuses_one_input_and_keeps_raw_ones_in_its_base_branch_alone():
    with pytest.raises(DoesNotFit, match="2 inputs or more apart, got dim_in=1"):
        get_model("fastkan-published").build(1, 1, 10**6)
    x = points(300, 2)
    apart = x[(x[:, 0] - x[:, 1]).abs() > 0.2]
    larger = apart[apart[:, 0] > apart[:, 1]]
    bells, base = moved("fastkan", 2, 1)[0]
    assert bells(larger).std() < 0.01 * base(larger).std()


def test_relukan_is_deaf_and_dumb_outside_its_interval():
    layer = built("relukan", 1, 1)[1]
    z = torch.tensor([[-0.7], [1.7], [5.0]], dtype=torch.double).requires_grad_()
    y = layer(z)
    torch.testing.assert_close(y, layer.bias.expand_as(y))
    y.sum().backward()
    assert z.grad is not None
    assert not z.grad.any()


def test_bells_of_relukan_that_grow_wider_grow_higher():
    basis = built("relukan", 1, 1)[1].basis
    with torch.no_grad():
        basis.end += basis.end - basis.start  # twice as wide
    middle = ((basis.start + basis.end) / 2).mT
    peaks = basis(middle).diagonal(dim1=0, dim2=2)
    torch.testing.assert_close(peaks, torch.full_like(peaks, 16), rtol=1e-6, atol=0)


def test_chebykan_has_no_gradient_once_tanh_rounds_to_one():
    for dtype, last in ((torch.float32, 9), (torch.float64, 19)):
        network = built("chebykan", 1, 1, dtype=dtype)
        x = torch.tensor([[last - 1.0], [last + 1.0]], dtype=dtype)
        assert network(x).isfinite().all()
        assert slopes(network, x, torch.ones_like(x)).isnan().flatten().tolist() == [False, True]


@pytest.mark.parametrize(("grid", "error", "far"), [(5, 5e-5, 1.0), (20, 2e-3, 60), (200, 2, 1e5)])
def test_flashkan_is_wrong_by_what_cancels(grid: int, error: float, far: float):
    """Its splines in float32, near the grid and at x = 100, where they should be 0."""
    model = get_model("flashkan-published", widths=(1, 1), grid=grid)
    basis = model.build(1, 1, 999)[0].basis.parts[0]
    x = torch.linspace(-1.6, 1.6, 4001).unsqueeze(-1)
    wrong = np.abs(basis(x).double().numpy() - splines(x.double().numpy(), grid)).max()
    assert error < wrong < 4 * error
    assert far < basis(torch.tensor([[100.0]])).abs().max() < 1.5 * far


def test_wavkan_learns_a_point_by_the_others_and_none_alone():
    network, x = built("wavkan", 2, 4, 1).train(), points(50, 2)
    y = network(x)
    torch.testing.assert_close(y.mean().item(), 0.0, atol=1e-12, rtol=0)
    moved_one = x.clone()
    moved_one[7] += 0.3
    assert (network(moved_one) != y).all()
    with pytest.raises(ValueError, match="more than 1 value"):
        network(x[:1])


def test_wavkan_stands_on_its_head():
    layer = built("wavkan", 1, 1)[0]
    with torch.no_grad():
        layer.weight.fill_(1)
    assert layer(torch.zeros(1, 1).double()).item() == pytest.approx(-0.8673250705840776)


def test_jets_of_wavkan_in_training_are_those_of_its_batch():
    """By elementary operations, nested; and its running means move by one step."""
    network, x = moved("wavkan", 3, 4, 2).train(), points(20, 3)

    def plain(z: Tensor) -> Tensor:
        for layer, norm in zip(network[::2], network[1::2], strict=True):
            z = layer(z)
            z = (z - z.mean(0)) / (z.var(0, correction=0) + 1e-5).sqrt() * norm.weight + norm.bias
        return z

    before = [norm.num_batches_tracked.item() for norm in network[1::2]]
    found, enters = directed(network, x)
    expected = nested(plain, enters)
    torch.testing.assert_close(found, expected, rtol=1e-8, atol=1e-8)
    after = [norm.num_batches_tracked.item() for norm in network[1::2]]
    assert after == [count + 1 for count in before]


def test_rationals_of_gr_kan_are_no_gelu_far_from_zero():
    """The start of the second layer: the paper's denominator fits, the kernel's does not."""
    basis = built("grkan", 8, 8, 8)[1].basis
    x = torch.linspace(-3, 3, 601, dtype=torch.double).unsqueeze(-1).expand(-1, 8)
    found, gelu = basis(x)[:, 0, 0], nn.functional.gelu(x[:, 0])
    assert (found - gelu)[x[:, 0].abs() <= 1].abs().max() < 0.02
    assert 1.4 < (found - gelu).abs().max() < 1.5
    below = (basis.denominator[0] * x[:, :1] ** torch.arange(1, 5)).sum(-1)
    above = (basis.numerator * x[:, :1] ** torch.arange(6)).sum(-1)
    assert (above / (1 + below.abs()) - gelu).abs().max() < 0.003


def test_denominators_of_gr_kan_that_start_from_zero_are_trained():
    network = built("grkan", 8, 8, 1)
    network(points(50, 8)).sum().backward()
    assert network[0].basis.denominator.grad.all()
    assert not network[0].basis.denominator.any()


def test_groups_of_gr_kan_divide_both_eight_and_the_inputs():
    groups = {n: len(built("grkan", n, 8)[0].basis.denominator) for n in (1, 2, 3, 12, 16, 64)}
    assert groups == {1: 1, 2: 2, 3: 1, 12: 4, 16: 8, 64: 8}


def test_order_of_inputs_matters_to_sinekan():
    network, x = built("sinekan", 2, 1), points(20, 2)
    with torch.no_grad():
        network[0].coef.fill_(1)
    assert not torch.allclose(network(x), network(x.flip(-1)))


def test_edges_of_arms_are_open_to_inspection():
    """But for what is normalised, which is an edge layer behind a norm."""
    for name in COUNTS:
        network = built(name, 3, 4, 2)
        layers = [part for part in network.modules() if isinstance(part, EdgeLayer)]
        assert len(layers) == (4 if name == "fastkan" else 2)
        x = points(10, layers[0].dim_in)
        edges = layers[0].edges(x.mT, 0)[0]
        y = edges.sum(0).mT
        y = y if layers[0].bias is None else y + layers[0].bias
        torch.testing.assert_close(layers[0](x), y)
