"""Laws of every model of the zoo: counts, budgets, starts, derivatives."""

from bisect import bisect_right

import pytest
import torch
from torch import Tensor, nn
from torch.func import jvp

from kansci.errors import DoesNotFit
from kansci.models import MLP, get_model, list_models, trainable
from kansci.models.branches import Branches
from kansci.models.layer import EdgeLayer

BUDGETS = (250, 1_000, 4_000, 16_000)
COUNTS = {
    "mlp-silu": (235, 987, 3_901, 15_661),
    "mlp-tanh": (235, 987, 3_901, 15_661),
    "mlp-gelu": (235, 987, 3_901, 15_661),
    "mlp-relu": (235, 987, 3_901, 15_661),
    "mlp-sine": (235, 987, 3_901, 15_661),
    "mlp-rff": (217, 967, 3_943, 15_793),
    "mlp-spline": (233, 947, 3_923, 15_909),
    "kan": (243, 999, 3_762, 15_480),
    "bsrbfkan": (243, 999, 3_762, 15_480),
    "fastkan": (225, 981, 3_801, 15_561),
    "fastkan-norm": (241, 991, 3_877, 15_721),
    "fasterkan": (240, 984, 3_680, 15_824),
    "fasterkan-norm": (234, 988, 3_760, 15_996),
    "relukan": (238, 976, 3_669, 15_859),
    "hrkan": (238, 976, 3_669, 15_859),
    "linearkan": (240, 984, 3_680, 15_824),
    "linearkan-norm": (234, 988, 3_760, 15_996),
    "chebykan": (240, 990, 3_770, 15_950),
    "legendrekan": (240, 996, 3_960, 15_616),
    "jacobikan": (240, 996, 3_960, 15_616),
    "fourierkan": (226, 976, 3_721, 15_911),
    "sinekan": (242, 992, 3_745, 15_935),
    "wavkan": (241, 991, 3_843, 15_905),
    "grkan": (249, 997, 3_957, 15_925),
    "freeknotkan": (234, 995, 3_852, 15_570),
    "multkan": (243, 963, 3_501, 15_732),
    "kaf": (249, 999, 3_957, 15_777),
    "powermlp": (226, 941, 4_000, 15_873),
    "linear-rbf": (250, 1_000, 4_000, 16_000),
    "kan-one-layer": (250, 1_000, 4_000, 16_000),
}
SMALLEST = {
    "mlp-silu": 7, "mlp-tanh": 7, "mlp-gelu": 7, "mlp-relu": 7, "mlp-sine": 7, "mlp-rff": 21,
    "mlp-spline": 23, "kan": 27, "bsrbfkan": 27, "fastkan": 29, "fastkan-norm": 91,
    "fasterkan": 24, "fasterkan-norm": 78, "relukan": 74, "hrkan": 74, "linearkan": 24,
    "linearkan-norm": 78, "chebykan": 15, "legendrekan": 12, "jacobikan": 12, "fourierkan": 26,
    "sinekan": 42, "wavkan": 11, "grkan": 35, "freeknotkan": 42, "multkan": 27, "kaf": 99,
    "powermlp": 10, "linear-rbf": 12, "kan-one-layer": 8,
}  # fmt: skip
FROZEN = {"mlp-rff": 16}  # random numbers that are not trained, and count
FROM_ZERO = ("linear-rbf", "kan-one-layer")
AS_AN_MLP = ("mlp", "powermlp")
DERIVATIVES = {"mlp-relu": 1, "linearkan": 1, "kan-one-layer": 3}
CONTINUOUS = {
    "mlp-relu": 0, "mlp-spline": 2, "kan": 2, "bsrbfkan": 2, "relukan": 1, "hrkan": 3,
    "linearkan": 0, "linearkan-norm": 0, "freeknotkan": 2, "multkan": 2, "powermlp": 2,
    "kan-one-layer": 2,
}  # fmt: skip

every_model = pytest.mark.parametrize("name", COUNTS)


def built(name: str, dim_in: int, dim_out: int, budget: int, seed: int = 0) -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        return get_model(name).build(dim_in, dim_out, budget)


def counted(name: str, dim_in: int, dim_out: int, budget: int) -> int:
    with torch.device("meta"):
        return trainable(get_model(name).build(dim_in, dim_out, budget))


def points(*shape: int) -> Tensor:
    return 2 * torch.rand(*shape, generator=torch.Generator().manual_seed(1)) - 1


def test_the_table_has_every_form():
    """Published arms have laws of their own, and what is fitted keeps other counts."""
    forms = [name for name in list_models() if not name.endswith("-published")]
    assert [name for name in forms if not get_model(name).fitted] == list(COUNTS)


@every_model
def test_counts_are_exact(name: str):
    assert tuple(trainable(built(name, 2, 1, budget)) for budget in BUDGETS) == COUNTS[name]


@every_model
@pytest.mark.parametrize("dims", [(1, 1), (3, 2)])
def test_a_budget_is_kept_and_the_next_width_would_pass_it(name: str, dims: tuple[int, int]):
    """Of the networks of one depth: the first that has more numbers has too many."""
    for budget, most in ((700, 1_000), (5_311, 9_000)):
        count = counted(name, *dims, budget)
        assert count <= budget
        above = range(budget + 1, most + 1)
        larger = bisect_right(above, count, key=lambda more: counted(name, *dims, more))
        frozen = FROZEN.get(name, 0) * dims[0] // 2  # the table has them for two inputs
        assert counted(name, *dims, above[larger]) + frozen > budget


@every_model
def test_every_budget_is_kept_or_refused(name: str):
    for budget in range(0, 90, 13):
        try:
            assert counted(name, 2, 1, budget) + FROZEN.get(name, 0) <= budget
            assert budget >= SMALLEST[name] + FROZEN.get(name, 0)
        except DoesNotFit:
            assert budget < SMALLEST[name] + FROZEN.get(name, 0)


@every_model
def test_the_smallest_network_fits_and_a_number_less_does_not(name: str):
    least = SMALLEST[name]
    assert counted(name, 2, 1, least + FROZEN.get(name, 0)) == least
    with pytest.raises(DoesNotFit, match=f"{least} trainable numbers, want <= {least - 1}"):
        get_model(name).build(2, 1, least - 1 + FROZEN.get(name, 0))


def depth(network: nn.Module) -> int:
    """Layers that mix their inputs."""
    if isinstance(network, MLP):
        return sum(isinstance(part, nn.Linear) for part in network)
    mixing = (EdgeLayer, nn.Linear, Branches, nn.Sequential)
    parts = [depth(part) if isinstance(part, MLP) else 1 for part in network if mixes(part, mixing)]
    return sum(parts)


def mixes(part: nn.Module, mixing: tuple[type, ...]) -> bool:
    return isinstance(part, mixing) and trainable(part) > 0


@every_model
def test_networks_are_deeper_where_the_budget_is_larger(name: str):
    depths = [depth(built(name, 2, 1, budget)) for budget in BUDGETS]
    expected = [1] * 4 if name in FROM_ZERO else [2, 2, 3, 3]
    assert depths == ([3, 3, 3, 4] if name.startswith(AS_AN_MLP) else expected)


@every_model
def test_building_on_meta_draws_nothing(name: str):
    before = torch.get_rng_state()
    for budget in BUDGETS:
        counted(name, 3, 2, budget)
    assert torch.equal(torch.get_rng_state(), before)


@every_model
def test_the_same_seed_is_the_same_network_and_another_another(name: str):
    one, same, other = (
        torch.cat([weight.flatten() for weight in built(name, 2, 1, 250, seed).parameters()])
        for seed in (0, 0, 1)
    )
    assert torch.equal(one, same)
    assert name in FROM_ZERO or not torch.equal(one, other)


@every_model
def test_a_network_maps_points_with_any_leading_dimensions(name: str):
    network = built(name, 3, 2, 1_000)
    for leading in ((), (5,), (2, 3)):
        assert network(points(*leading, 3)).shape == (*leading, 2)


def drawn(name: str, budget: int = 250) -> nn.Module:
    """In float64, with coefficients of its own where it starts from zero."""
    network = built(name, 2, 1, budget).double()
    generator = torch.Generator().manual_seed(3)
    for weight in network.parameters():
        if not weight.any():
            weight.data.normal_(generator=generator)
    return network


def highest(network: nn.Module, order: int, start: Tensor | None = None) -> Tensor:
    """The derivative of that order along a slanted direction, `(point,)`."""
    start = points(200, 2).double() if start is None else start
    slope = torch.tensor([0.7, 0.4], dtype=torch.double)

    def along(f, times):
        if times == 0:
            return f
        return along(lambda t: jvp(f, (t,), (torch.ones_like(t),))[1], times - 1)

    moved = along(lambda t: network(start + t.unsqueeze(-1) * slope).squeeze(-1), order)
    return moved(torch.zeros(len(start), dtype=torch.double)).detach()


@every_model
def test_declared_derivatives_are_those_it_has(name: str):
    model, network = get_model(name), drawn(name)
    assert model.derivatives == DERIVATIVES.get(name)
    last = 3 if model.derivatives is None else model.derivatives
    assert (highest(network, last).abs() > 1e-9).double().mean() > 0.5
    if model.derivatives is not None:
        torch.testing.assert_close(highest(network, last + 1), torch.zeros(200).double())
        assert model.applies(last)
        assert not model.applies(last + 1)
    assert model.applies(0)


@pytest.mark.parametrize(
    ("name", "declared"),
    [
        ("kan[widths=2-1,base=none]", 3),
        ("kan[widths=2-1,degree=2,base=identity]", 2),
        ("kan[degree=1,base=none]", 1),
        ("kan[degree=1,base=identity]", 1),
        ("kan[degree=1]", None),
    ],
)
def test_options_move_declared_derivatives(name: str, declared: int | None):
    network = drawn(name)
    assert get_model(name).derivatives == declared
    if declared is None:
        assert (highest(network, 2).abs() > 1e-9).all()
    else:
        assert (highest(network, declared).abs() > 1e-9).any()
        torch.testing.assert_close(highest(network, declared + 1), torch.zeros(200).double())


@every_model
def test_declared_continuity_is_said_of_tasks_that_take_more(name: str):
    model = get_model(name)
    assert model.continuous == CONTINUOUS.get(name)
    assert not model.rough(model.continuous or 0)
    assert model.rough(4) == (name in CONTINUOUS)


@pytest.mark.parametrize("name", CONTINUOUS)
def test_the_derivative_after_the_last_continuous_one_jumps(name: str):
    """Between neighbours on a line, ten times as dense: a slope shrinks and a jump stays."""
    network = drawn(name)

    def largest_step(order: int, count: int) -> float:
        line = torch.linspace(-0.9, 0.9, count, dtype=torch.double).unsqueeze(-1)
        values = highest(network, order, line * torch.tensor([0.9, 0.8], dtype=torch.double))
        return values.diff().abs().max().item()

    last = CONTINUOUS[name]
    assert largest_step(last, 4_000) < 0.2 * largest_step(last, 400)
    assert largest_step(last + 1, 4_000) > 0.5 * largest_step(last + 1, 400)


@every_model
def test_every_model_says_where_it_comes_from(name: str):
    model = get_model(name)
    assert model.name == name
    assert all((model.source, model.about, model.kind))
    assert model.control == (name in FROM_ZERO)


def test_different_models_have_different_hashes():
    hashes = {get_model(name).source_hash(2, 1, 250) for name in COUNTS}
    assert len(hashes) == len(COUNTS)
