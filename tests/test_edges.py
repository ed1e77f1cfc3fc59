"""Laws of looking at edges: curves, scores, the penalty, pruning, pictures."""

from __future__ import annotations

import math
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call

from kansci.bases import BSpline, Gaussian, ReluBell
from kansci.models import KAN, KANLayer, Units, get_model, list_models
from kansci.models.edges import (
    edge_functions,
    edge_layers,
    importance,
    penalty,
    plot,
    prune,
    train,
)
from kansci.models.edges.axes import AXES
from kansci.models.edges.narrow import narrowed
from kansci.models.edges.parts import fed
from kansci.models.layer import EdgeLayer
from kansci.models.multiply import Multiply
from kansci.task import Scale


def has_edges(name: str) -> bool:
    try:
        edge_layers(get_model(name).build(3, 2, 1_000))
    except ValueError:
        return False
    return True


WITH_EDGES = [name for name in list_models() if has_edges(name)]


def points(*shape: int) -> Tensor:
    return 2 * torch.rand(*shape, generator=torch.Generator().manual_seed(1)) - 1


def seeded(make, seed=0):
    with torch.random.fork_rng():
        torch.random.default_generator.manual_seed(seed)
        return make()


def build(name: str, dim_in=3, dim_out=2, parameters=1_000) -> nn.Module:
    return seeded(lambda: get_model(name).build(dim_in, dim_out, parameters)).eval()


def test_the_classic_forms_have_edges_and_perceptrons_have_none():
    assert {"kan", "fastkan", "fasterkan", "relukan", "linearkan", "chebykan"} <= set(WITH_EDGES)
    with pytest.raises(ValueError, match=r"want a network with learned functions.*Linear, SiLU"):
        edge_functions(build("mlp-silu"), 0)


@pytest.mark.parametrize("name", WITH_EDGES)
def test_edges_sum_to_what_a_layer_gives(name: str):
    network, data = build(name), points(50, 3)
    number = 0
    for part, x in fed(network, data):
        if isinstance(part, EdgeLayer):
            curves = edge_functions(network, number, data, points=11)
            assert curves.y.shape == (part.dim_in, part.dim_out, 11)
            torch.testing.assert_close(curves.x[:, 0], x.amin(0))
            torch.testing.assert_close(curves.x[:, -1], x.amax(0))
            bias = 0 if part.bias is None else part.bias
            torch.testing.assert_close(
                curves.y.sum(0).mT + bias, part(curves.x.mT), rtol=1e-4, atol=1e-5
            )
            number += 1


def test_curves_of_a_task_are_over_its_domain_and_data_are_in_its_units():
    network = Units(KAN((1, 1), Gaussian), ((0.0, 10.0),), Scale())
    assert edge_functions(network, 0).x[0, 0] == pytest.approx(-1, abs=0.01)
    assert edge_functions(network, 0).x[0, -1] == pytest.approx(1, abs=0.01)
    x = edge_functions(network, 0, torch.tensor([[5.0], [7.5]])).x
    assert (x[0, 0].item(), x[0, -1].item()) == pytest.approx((0, 0.5))


def test_a_layer_that_is_not_there_is_an_index_error():
    with pytest.raises(IndexError, match="want a layer out of 0 to 1, got 2"):
        edge_functions(KAN((2, 3, 1), Gaussian), 2)


def test_scores_are_shares_of_the_deviation_handed_back_from_the_outputs():
    """A transcription of the formulas in plain numpy, with two outputs."""
    network, data = build("kan", 2, 2, 300), points(400, 2)
    first, second = edge_layers(network)
    found = importance(network, data)
    with torch.no_grad():
        edges = [
            layer.edges(z.mT, 0)[0].double().numpy()
            for layer, z in ((first, data), (second, first(data)))
        ]
    score = np.eye(2)
    for number in (1, 0):
        std = edges[number].std(-1)  # (in, out)
        share = std / edges[number].sum(0).std(-1)
        each = score[:, None, :] * share  # (output, in, out)
        np.testing.assert_allclose(found.edges[number], each.mean(0).T, rtol=1e-4)
        score = each.sum(-1)
        np.testing.assert_allclose(found.inputs[number], score.mean(0), rtol=1e-4)
        np.testing.assert_allclose(found.sizes[number], np.abs(edges[number]).mean(-1).T, rtol=1e-4)


@pytest.mark.parametrize("name", WITH_EDGES)
def test_every_network_with_edges_is_weighed(name: str):
    found = importance(build(name))
    for score, size in zip(found.edges, found.sizes, strict=True):
        assert score.shape == size.shape
        assert (score >= 0).all()
        assert score.isfinite().all()


def test_a_product_hands_its_score_to_each_factor():
    layer = KANLayer(1, 3, Gaussian(1))
    network = nn.Sequential(layer, Multiply(1, 1), KANLayer(2, 1, Gaussian(2)))
    found = importance(network, points(100, 1))
    torch.testing.assert_close(found.sums[0], found.inputs[1][[0, 1, 1]])


def test_the_penalty_is_that_of_the_paper():
    network, x = build("kan", 2, 1, 200), points(100, 2)
    want = 0.0
    for part, z in fed(network, x):
        if isinstance(part, EdgeLayer):
            size = part.edges(z.mT, 0)[0].detach().abs().mean(-1).double().numpy()
            share = size / size.sum()
            want += 0.7 * size.sum() - 3 * (share * np.log(share)).sum()
    assert penalty(network, x, l1=0.7, entropy=3).item() == pytest.approx(want, rel=1e-5)


def test_edges_that_are_off_cost_nothing_and_pass_no_gradient():
    network, x = KAN((2, 1), Gaussian), points(20, 2)
    edge_layers(network)[0].keep(torch.tensor([[1.0, 0.0]]))
    cost = penalty(network, x, l1=1, entropy=1)
    cost.backward()
    gradient = edge_layers(network)[0].coef.grad
    assert gradient.isfinite().all()
    assert (gradient[0, 1] == 0).all()
    assert (gradient[0, 0] != 0).any()


class Cost(nn.Module):
    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> Tensor:
        return penalty(self.network, x)


def test_the_penalty_is_lifted_over_members():
    members = [seeded(lambda: Cost(KAN((2, 3, 1), BSpline)), seed) for seed in range(3)]
    stacked, _ = torch.func.stack_module_state(members)
    x = points(3, 20, 2)
    lifted = torch.vmap(lambda weights, z: functional_call(members[0], weights, (z,)))(stacked, x)
    alone = torch.stack([member(z) for member, z in zip(members, x, strict=True)])
    torch.testing.assert_close(lifted, alone)


@pytest.mark.parametrize("name", WITH_EDGES)
def test_a_layer_is_narrowed_to_the_edges_that_stay(name: str):
    layer = edge_layers(build(name, 4, 3, 2_000))[0]
    inputs, outputs = [0, 2], list(range(1, layer.dim_out))
    small = narrowed(layer, inputs, outputs)
    if name == "grkan-published":  # its inputs share numbers in groups of one size
        assert small is None
        return
    assert small is not None
    x = points(9, 4)
    want = layer.edges(x.mT, 0)[0][inputs][:, outputs]
    torch.testing.assert_close(small.edges(x[:, inputs].mT, 0)[0], want, rtol=1e-4, atol=1e-5)
    bias = 0 if layer.bias is None else layer.bias[outputs]
    torch.testing.assert_close(small(x[:, inputs]), want.sum(0).mT + bias, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("basis", [BSpline, Gaussian, partial(ReluBell, grid=2)])
def test_layers_of_bases_can_be_narrowed_even_where_sizes_coincide(basis):
    dim = basis(1).size
    layer = seeded(lambda: KANLayer(dim, dim, basis(dim)))
    small = narrowed(layer, [1, 3], [0, 1, 4])
    assert isinstance(small, KANLayer)
    assert small.coef.shape == (3, 2, dim)
    torch.testing.assert_close(small.coef, layer.coef[[0, 1, 4]][:, [1, 3]])


class Stretched(Gaussian):
    """A basis that says nothing of its axes."""

    def __init__(self, dim_in: int) -> None:
        super().__init__(dim_in)
        self.stretch = nn.Parameter(torch.ones(dim_in))

    def rows(self, x: Tensor, order: int) -> tuple[Tensor, ...]:
        return super().rows(x * self.stretch.unsqueeze(-1), order)


def test_a_layer_that_does_not_state_its_axes_keeps_its_shape_until_it_does(monkeypatch):
    layer, data = seeded(lambda: KANLayer(4, 3, Stretched(4))), points(9, 2)
    assert narrowed(layer, [0, 2], [1]) is None
    monkeypatch.setitem(AXES, Stretched, {"stretch": "i"})
    small = narrowed(layer, [0, 2], [1])
    assert small is not None
    full = torch.zeros(9, 4).index_copy(1, torch.tensor([0, 2]), data)
    want = layer.edges(full.mT, 0)[0][[0, 2]][:, [1]].sum(0).mT
    torch.testing.assert_close(small(data), want)


def learned(x: Tensor) -> Tensor:
    return torch.sin(3 * x[:, :1])  # of the first input alone


def test_pruning_removes_what_says_nothing_and_keeps_the_rest():
    x = points(300, 2).double()
    network = seeded(lambda: KAN((2, 4, 1), BSpline)).double()
    train(network, x, learned(x), steps=60, sparse=1e-2)
    before = {name: weight.clone() for name, weight in network.state_dict().items()}
    small = prune(network, x)
    first, last = edge_layers(small)
    assert first.dim_in == 2
    assert first.dim_out == last.dim_in < 4
    assert first.kept is not None
    assert (first.kept[:, 1] == 0).all()
    assert all(torch.equal(before[name], weight) for name, weight in network.state_dict().items())
    assert train(small, x, learned(x), steps=60) < 0.05


def test_a_pruned_edge_leaves_its_mean():
    x = points(500, 2).double()
    network = seeded(lambda: KAN((2, 3, 1), BSpline)).double()
    first, last = edge_layers(network)
    with torch.no_grad():
        first.coef[1] = 0.3  # splines sum to 1: a constant node
        last.coef[0, 1] = 2.0
        want = network(x)
    small = prune(network, x, edge=0, node=0)
    assert edge_layers(small)[0].dim_out == 2
    torch.testing.assert_close(small(x), want)


def test_inputs_and_nodes_have_thresholds_of_their_own():
    x = points(200, 2)
    network = seeded(lambda: KAN((2, 3, 1), BSpline))
    scores = importance(network, x).inputs[0]
    small = prune(network, x, edge=0, node=0, inputs=scores.mean().item())
    kept = edge_layers(small)[0].kept
    assert kept is not None
    torch.testing.assert_close(kept.amax(0), (scores > scores.mean()).float())
    with pytest.raises(ValueError, match="want an edge to be left in every layer, got none"):
        prune(network, x, node=1e9)


@pytest.mark.parametrize("name", WITH_EDGES)
def test_every_network_with_edges_can_be_pruned(name: str):
    network, x = build(name), points(100, 3)
    least = min(score.max().item() for score in importance(network, x).edges)
    if least == 0:  # it starts from zero: there is nothing to tell edges by
        with pytest.raises(ValueError, match="want an edge to be left"):
            prune(network, x)
        return
    small = prune(network, x, edge=least * 1e-3, node=0)
    assert small(x).shape == (100, 2)
    assert small(x).isfinite().all()
    same = prune(network, x, edge=-1, node=-1, inputs=-1)
    torch.testing.assert_close(same(x), network(x))


def test_a_network_in_a_tasks_units_is_pruned_inside_them():
    inner = seeded(lambda: KAN((2, 3, 1), BSpline)).double()
    network = Units(inner, ((0.0, 4.0), (-1.0, 3.0)), Scale(10.0, 2.0))
    with torch.no_grad():
        edge_layers(network)[1].coef[0, 1] = 0
    x = 2 + 2 * points(200, 2).double()
    small = prune(network, x, edge=0, node=0)
    assert isinstance(small, Units)
    assert edge_layers(small)[0].dim_out == 2
    torch.testing.assert_close(small(x), network(x))


def test_products_become_fewer_when_nodes_go():
    network = seeded(lambda: get_model("multkan", widths=(2, 4, 1)).build(2, 1, 4_000))
    layers = edge_layers(network)
    with torch.no_grad():
        layers[1].coef[:, 3] = 0  # the second product goes nowhere
        layers[1].coef[:, 0] = 0
    small = prune(network, points(200, 2), edge=0, node=0)
    (products,) = (part for part in small.modules() if isinstance(part, Multiply))
    assert (products.plain, products.products) == (1, 1)
    assert [layer.dim_out for layer in edge_layers(small)] == [3, 1]
    assert [layer.dim_in for layer in edge_layers(small)] == [2, 2]


def test_training_in_place_ends_at_an_error_that_it_tells():
    x = points(200, 1).double()
    network = seeded(lambda: KAN((1, 1), BSpline)).double()
    error = train(network, x, x.square(), steps=50)
    with torch.no_grad():
        assert error == pytest.approx((network(x) - x.square()).square().mean().sqrt().item())
    assert error < 1e-6  # a cubic spline holds a parabola


def test_a_penalty_leaves_few_edges():
    x = points(200, 2).double()
    counts = []
    for sparse in (0.0, 1e-2):
        network = seeded(lambda: KAN((2, 5, 1), BSpline)).double()
        train(network, x, learned(x), steps=80, sparse=sparse)
        counts.append(sum(int((size > 1e-2).sum()) for size in importance(network, x).sizes))
    assert counts[0] > 12
    assert counts[1] < 10


def test_looking_leaves_a_network_as_it_is():
    network = nn.Sequential(
        KANLayer(2, 3, BSpline(2)), nn.BatchNorm1d(3), KANLayer(3, 1, BSpline(3))
    )
    before = {name: weight.clone() for name, weight in network.state_dict().items()}
    x = points(50, 2)
    importance(network, x)
    edge_functions(network, 1, x)
    prune(network, x, edge=0, node=0)
    assert network.training
    assert all(torch.equal(before[name], weight) for name, weight in network.state_dict().items())


def test_a_part_that_mixes_nodes_is_refused_by_name():
    mixing = nn.Sequential(KANLayer(2, 3, BSpline(2)), nn.Linear(3, 3), KANLayer(3, 1, BSpline(3)))
    with pytest.raises(ValueError, match="or a function of each node between layers, got Linear"):
        importance(mixing)


@pytest.mark.parametrize("name", ["kan", "multkan", "fastkan-norm"])
def test_a_picture_has_a_curve_and_two_wires_for_every_edge(name: str, tmp_path: Path):
    if name not in list_models():
        pytest.skip(f"no {name}")
    network = build(name, 2, 1, 300)
    figure = plot(network, None, tmp_path / "kan.png")
    assert (tmp_path / "kan.png").stat().st_size > 5_000
    (axes,) = figure.axes
    edges = sum(layer.dim_in * layer.dim_out for layer in edge_layers(network))
    curves = [line for line in axes.lines if len(line.get_xdata()) > 2]
    assert len(curves) == edges
    texts = [text.get_text() for text in axes.texts]
    assert {"$x_{1}$", "$x_{2}$", "$y$"} <= set(texts)


def test_a_picture_shows_what_is_important_and_leaves_out_what_is_off():
    network = KAN((2, 1), BSpline)
    (layer,) = edge_layers(network)
    with torch.no_grad():
        layer.coef[0, 0] *= 1e-3 / layer.coef[0, 0].norm()
    strong = plot(network, inputs=["a", "b"], outputs=["c"])
    curves = [line for line in strong.axes[0].lines if len(line.get_xdata()) > 2]
    assert curves[0].get_alpha() < 0.2 < 0.9 < curves[1].get_alpha()
    layer.keep(torch.tensor([[0.0, 1.0]]))
    left = plot(network).axes[0]
    assert len([line for line in left.lines if len(line.get_xdata()) > 2]) == 1


def test_a_picture_is_drawn_where_one_wants_it_and_changes_no_setting():
    import matplotlib as mpl
    from matplotlib.figure import Figure

    before = dict(mpl.rcParams)
    figure = Figure()
    left, right = figure.subplots(1, 2)
    assert plot(KAN((2, 2, 1), BSpline), axes=left, title="here") is figure
    assert left.get_title() == "here"
    assert not right.lines
    assert dict(mpl.rcParams) == before


def test_a_picture_that_cannot_be_drawn_says_why():
    with pytest.raises(ValueError, match="want at most 400 edges in a layer, got 441: prune"):
        plot(KAN((21, 21), BSpline))
    with pytest.raises(ValueError, match=r"want 2 labels, got \['x'\]"):
        plot(KAN((2, 1), BSpline), inputs=["x"])
    with pytest.raises(ValueError, match="want a network with learned functions"):
        plot(build("mlp-tanh"))


def test_the_domain_is_filled_evenly_and_alike_each_time():
    network = KAN((2, 1), BSpline)
    first, second = (fed(network)[0].x for _ in range(2))
    assert torch.equal(first, second)
    assert first.mean(0).abs().max() < 0.01
    assert first.square().mean().item() == pytest.approx(1 / 3, abs=0.01)
    assert math.isclose(first.abs().max().item(), 1, abs_tol=0.01)
