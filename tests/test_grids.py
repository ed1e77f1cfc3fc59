"""Laws of grids that change: finer ones, ones that follow the data, and recipes that refine."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from pydantic import ValidationError
from torch import Tensor, nn

from kansci.api import fit
from kansci.bases import (
    Basis,
    Beside,
    BSpline,
    Gaussian,
    Hat,
    KnotSpline,
    Pointwise,
    Ramp,
    ReflectionalSwitch,
    ReluBell,
    Summed,
)
from kansci.discover import get_task
from kansci.draws import Draws
from kansci.errors import DoesNotFit
from kansci.lifting.ensemble import Member
from kansci.models import KANLayer, Model, Units, get_model, list_models, trainable
from kansci.models.free_knots import FreeKnots
from kansci.models.grids import divide, divided_count, outside, refine, update_grid
from kansci.models.grids.grid import Grid, find_grid
from kansci.models.grids.layers import local_layers, parts
from kansci.models.grids.refit import Sample, cells_filled, refitted
from kansci.preparing import prepare
from kansci.recipe import Optimizer, Recipe
from kansci.task import Scale, Task
from kansci.training import learn, train

REGRESSION, CONTINUAL = get_task("feynman27/I.12.11"), get_task("bumps_1d")
Make = Callable[[], Basis]
SAME = 1e-12  # of the largest value, in float64
UNEVEN = torch.tensor([-1, -0.7, -0.55, 0.1, 0.3, 1], dtype=torch.double)
NESTED: dict[str, Make] = {
    **{f"bspline-{degree}": lambda d=degree: BSpline(3, degree=d) for degree in range(1, 6)},
    "bspline-fine": lambda: BSpline(3, grid=100),
    "bspline-aside": lambda: BSpline(3, domain=(-0.3, 2.1)),
    "knots": lambda: KnotSpline(3, knots=UNEVEN),
    "knots-each": lambda: KnotSpline(3, knots=UNEVEN * torch.tensor([[1.0], [2.0], [0.5]])),
    "free": lambda: FreeKnots(3, groups=2),
    "hat": lambda: Hat(3),
    "ramp": lambda: Ramp(3),
    "ramp-fine": lambda: Ramp(3, grid=60),
}
BELLS: dict[str, Make] = {
    "gaussian": lambda: Gaussian(3),
    "switch": lambda: ReflectionalSwitch(3),
    "relu": lambda: ReluBell(3),
    "relu-4": lambda: ReluBell(3, power=4),
    "sum": lambda: Summed(BSpline(3), Gaussian(3, size=8, domain=(-1.4, 1.4))),
}
BASES = NESTED | BELLS
nested = pytest.mark.parametrize("make", NESTED.values(), ids=NESTED)
bells = pytest.mark.parametrize("make", BELLS.values(), ids=BELLS)
every_basis = pytest.mark.parametrize("make", BASES.values(), ids=BASES)


def points(*shape: int, seed: int = 1) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return 2 * torch.rand(*shape, generator=generator, dtype=torch.double) - 1


def layer_of(make: Make, dim_out: int = 2, *, base: bool = False) -> KANLayer:
    """In float64, with rough functions and, as far as there are any, moved knots."""
    with Draws("test", 7):
        basis = Beside(make(), Pointwise(3)) if base else make()
        layer = KANLayer(3, dim_out, basis).double()
        with torch.no_grad():
            layer.coef.normal_()
            for number in layer.basis.parameters():
                number += 0.02 * torch.randn_like(number)
    return layer


def build(name: str, budget: int = 1_000, *, rough: float = 0.3) -> nn.Module:
    with Draws("test", 3):
        network = get_model(name).build(3, 2, budget).double().eval()
        for layer in local_layers(network):
            for weight in layer.parameters(recurse=False):
                weight.data += rough * torch.randn_like(weight)
        return network


def inside(layer: KANLayer, count: int = 400) -> Tensor:
    """Points of the grid's own interval, `(point, in)`."""
    part = layer.basis.parts[0] if isinstance(layer.basis, Beside) else layer.basis
    low, high = {
        BSpline: lambda: (part.low, part.low + part.step * (part.size - part.degree)),
        KnotSpline: lambda: (part.knots[:, 0], part.knots[:, -1]),
        Gaussian: lambda: (part.low, part.low + part.step * (part.size - 1)),
        ReflectionalSwitch: lambda: (-1.2, 1.2),
    }.get(type(part), lambda: (-1.0, 1.0))()
    return low + (high - low) * (points(count, 3) + 1) / 2


def cells(network: nn.Module) -> int:
    layers = local_layers(network)
    return max(part.grid.cells() for layer in layers for part in parts(layer) if part.grid)


def grid_of(basis: Basis) -> Grid:
    grid = find_grid(basis)
    assert grid is not None
    return grid


def moved(new: nn.Module, old: nn.Module, x: Tensor) -> float:
    with torch.no_grad():
        return float((new(x) - old(x)).abs().max() / old(x).abs().max())


HAVE_GRIDS = [name for name in list_models() if local_layers(build(name, 16_000))]
HAVE_NONE = [name for name in list_models() if name not in HAVE_GRIDS]
FROM_ZERO = ("linear-rbf", "kan-one-layer")
every_form = pytest.mark.parametrize("name", HAVE_GRIDS)


def test_all_local_forms_have_grids_and_no_others():
    kansci_forms = {name for name in HAVE_GRIDS if not name.endswith("-published")}
    assert kansci_forms == {
        "mlp-spline", "kan", "bsrbfkan", "fastkan", "fastkan-norm", "fasterkan", "fasterkan-norm",
        "relukan", "hrkan", "linearkan", "linearkan-norm", "freeknotkan", "multkan", "linear-rbf",
        "kan-one-layer",
    }  # fmt: skip


@nested
@pytest.mark.parametrize("times", [2, 3, 7])
@pytest.mark.parametrize("base", [False, True])
def test_divided_cells_leave_splines_and_hats_what_they_are(make: Make, times: int, base: bool):
    old = layer_of(make, base=base)
    new, residuals = divide(old, times)
    assert moved(new, old, inside(old)) <= SAME
    assert max(residuals) <= SAME


@nested
def test_derivatives_stay_too(make: Make):
    old = layer_of(make)
    new = divide(old, 2).network
    x = inside(old).mT
    for got, wanted in zip(new.edges(x, 2)[1:], old.edges(x, 2)[1:], strict=True):
        assert (got - wanted).abs().max() <= 1e-9 * (1 + wanted.abs().max())


@nested
def test_in_float32_a_function_stays_to_a_millionth(make: Make):
    old = layer_of(make).float()
    new, residuals = divide(old, 2)
    assert next(new.parameters()).dtype == torch.float32
    assert moved(new, old, inside(old).float()) <= 2e-6
    assert max(residuals) <= 2e-6


def test_hats_stay_the_same_outside_of_the_domain_as_well():
    for basis in (Hat, Ramp):
        old = layer_of(lambda kind=basis: kind(3))
        assert moved(divide(old, 3).network, old, 5 * points(100, 3)) <= SAME


def test_a_new_knot_anywhere_leaves_the_function_what_it_is():
    """Knots may be inserted one by one: the finer space contains the other."""
    old = layer_of(lambda: KnotSpline(3, knots=UNEVEN))
    more = torch.tensor(sorted([*UNEVEN.tolist(), 0.77]), dtype=torch.double)
    with_one = KnotSpline(3, knots=more).double()
    new = layer_of(lambda: KnotSpline(3, knots=UNEVEN))
    x = inside(old, 2_000).mT
    sample = Sample(x, torch.ones_like(x[0]), x.shape[-1])
    # What lies beyond the domain moves with the mean distance; within it nothing does.
    assert refitted(new, old, lambda grid: with_one, lambda grid: sample) <= SAME
    assert moved(new, old, inside(old)) <= SAME


@bells
def test_bells_come_near_and_the_residual_says_how_near(make: Make):
    old = layer_of(make, dim_out=1)
    new, (residual,) = refine(old, 40)
    x = inside(old, 1_000).mT
    with torch.no_grad():
        was, now = old.edges(x, 0)[0], new.edges(x, 0)[0]
    found = float((now - was).abs().max() / was.abs().max())
    assert found <= 1.05 * residual + SAME
    assert residual <= 0.5


@every_basis
def test_a_grid_that_is_no_multiple_is_the_nearest_function(make: Make):
    """No other coefficients are nearer on the points that fill the domain."""
    old = layer_of(make)
    if old.basis.size > 50:
        return
    new = refine(old, 17).network
    x = cells_filled(grid_of(new.basis)).expand(3, -1)
    wanted = old.edges(x, 0)[0]  # (in, out, point)
    got = new.edges(x, 0)[0]
    design = new.basis.rows(x, 0)[0].mT  # (in, point, size)
    best = design @ torch.linalg.lstsq(design, wanted.mT, driver="gelsd").solution
    error = (got.mT - wanted.mT).square().mean((1, 2)).sqrt()
    least = (best - wanted.mT).square().mean((1, 2)).sqrt()
    assert (error <= 1.1 * least + 1e-9 * wanted.abs().max()).all()


@every_form
def test_every_form_is_refined_and_base_branches_stay(name: str):
    old = build(name)
    new = refine(old, cells(old) + 5).network
    for before, after in zip(local_layers(old), local_layers(new), strict=True):
        assert after.basis.size > before.basis.size
        if isinstance(before.basis, Beside):
            assert torch.equal(after.coef[..., -1], before.coef[..., -1])
    x = points(50, 3)
    assert new(x).isfinite().all()
    assert trainable(new) > trainable(old)


@every_form
def test_what_is_counted_beforehand_is_what_comes_out(name: str):
    old = build(name)
    assert divided_count(old, 3) == trainable(divide(old, 3).network)


@every_form
def test_neither_changes_the_network_that_is_given(name: str):
    old = build(name)
    before = {key: one.clone() for key, one in old.state_dict().items()}
    x = points(200, 3)
    wanted = old(x)
    refine(old, cells(old) + 5)
    update_grid(old, x)
    outside(old, x)
    assert torch.equal(old(x), wanted)
    assert all(torch.equal(one, before[key]) for key, one in old.state_dict().items())


@every_form
def test_after_an_update_no_data_are_off_the_grid_and_outputs_stay_near(name: str):
    old = build(name, rough=1e-6)
    x = 0.6 * points(600, 3) + torch.tensor([0.2, 0.1, -0.3], dtype=torch.double)
    new, residuals = update_grid(old, x)
    assert outside(new, x) == (0.0,) * len(residuals)
    assert len(residuals) == len(local_layers(old))
    if name not in FROM_ZERO:  # which are nothing but roughness here
        assert moved(new, old, x) <= 0.2


@every_basis
def test_an_update_twice_is_an_update_once(make: Make):
    x = points(500, 3)
    once = update_grid(layer_of(make), x).network
    twice, (residual,) = update_grid(once, x)
    assert residual <= 1e-6
    assert moved(twice, once, x) <= 1e-6


@every_basis
def test_no_coefficients_are_nearer_on_the_data(make: Make):
    old = layer_of(make)
    x = points(700, 3) * torch.tensor([1, 0.5, 0.8], dtype=torch.double)
    new = update_grid(old, x).network
    wanted, got = old.edges(x.mT, 0)[0].mT, new.edges(x.mT, 0)[0].mT  # (in, point, out)
    design = new.basis.rows(x.mT, 0)[0].mT
    best = design @ torch.linalg.lstsq(design, wanted, driver="gelsd").solution
    error = (got - wanted).square().mean().sqrt()
    least = (best - wanted).square().mean().sqrt()
    assert error <= 1.05 * least + 1e-4 * wanted.square().mean().sqrt()


@nested
def test_straight_lines_survive_every_grid(make: Make):
    old = layer_of(make)
    x = inside(old, 300)
    with torch.no_grad():
        rows = old.basis.rows(x.mT, 0)[0].mT
        lines = torch.linalg.lstsq(rows, x.mT.unsqueeze(-1), driver="gelsd").solution
        old.coef.copy_(lines.squeeze(-1).expand_as(old.coef))
    new, (residual,) = update_grid(old, x)
    assert residual <= 1e-6
    assert moved(new, old, x) <= 1e-6


def test_splines_follow_the_quantiles_of_each_input():
    layer = layer_of(lambda: BSpline(3, grid=4))
    x = points(4_001, 3).sign() * points(4_001, 3).square()  # dense in the middle
    new = update_grid(layer, x, grid_eps=0.02).network
    assert isinstance(new.basis, KnotSpline)
    even = torch.stack(
        [torch.linspace(*x[:, i].aminmax(), 5, dtype=torch.double) for i in (0, 1, 2)]
    )
    shares = torch.linspace(0, 1, 5, dtype=torch.double)
    wanted = 0.02 * even + 0.98 * torch.quantile(x, shares, dim=0).mT
    torch.testing.assert_close(new.basis.knots, wanted, rtol=1e-12, atol=1e-12)
    alike = update_grid(layer, x, grid_eps=1.0).network
    torch.testing.assert_close(alike.basis.knots, even)


@every_basis
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_equal_values_do_no_harm(make: Make, dtype: torch.dtype):
    """Quantiles repeat where values do; an input that does not vary has no range at all."""
    x = points(300, 3)
    x[:, 0] = (x[:, 0] > 0.9).double()
    x[:, 1] = 0.25
    old = layer_of(make).to(dtype)
    new, (residual,) = update_grid(old, x)
    assert new(x.to(dtype)).isfinite().all()
    assert residual <= 0.6
    y = new(points(50, 3).to(dtype).requires_grad_())
    y.sum().backward()
    assert all(weight.grad.isfinite().all() for weight in new.parameters())


def test_fewer_points_than_numbers_leave_a_function():
    old = layer_of(lambda: BSpline(3, grid=40))
    x = points(9, 3)
    new, (residual,) = update_grid(old, x)
    assert residual <= 1e-6
    assert new(points(100, 3)).abs().max() <= 10 * old(points(1_000, 3)).abs().max()


def test_the_share_off_the_grid_is_counted():
    layer = layer_of(lambda: BSpline(3))
    x = torch.zeros(10, 3, dtype=torch.double)
    x[:3, 0], x[7:, 2], x[5, 1] = 1.5, -2.0, 1.0  # the last is on its end
    assert outside(layer, x) == pytest.approx((6 / 30,))


@every_form
def test_inputs_of_the_domain_are_on_the_grid_and_those_beyond_are_not(name: str):
    network = build(name)
    if name.startswith("mlp") or "published" in name:
        return
    assert outside(network, 0.99 * points(100, 3))[0] == pytest.approx(0.0, abs=0.05)
    assert outside(network, points(100, 3).sign() * 9)[0] == 1.0


def test_units_are_those_of_the_network():
    network = Units(build("kan"), [(0.0, 10.0)] * 3, Scale((0.0, 0.0), (1.0, 1.0)))
    assert outside(network, 5 + 5 * points(50, 3))[0] == 0
    assert outside(network, 25 + 5 * points(50, 3))[0] == 1


@pytest.mark.parametrize("name", HAVE_NONE)
def test_what_has_no_grid_says_so(name: str):
    network = build(name, 16_000)
    message = "want a network or layer with a grid .*BSpline.*, got"
    for act in (
        lambda: refine(network, 10),
        lambda: update_grid(network, points(9, 3)),
        lambda: outside(network, points(9, 3)),
    ):
        with pytest.raises(ValueError, match=message):
            act()
    assert trainable(divide(network, 2).network) == trainable(network)


def test_what_makes_no_sense_is_refused():
    layer = layer_of(lambda: BSpline(3))
    with pytest.raises(ValueError, match=r"want grid >= 5.*, got grid=4"):
        refine(layer, 4)
    with pytest.raises(ValueError, match="want 0 < grid_eps <= 1, got grid_eps=0"):
        update_grid(layer, points(9, 3), grid_eps=0)
    with pytest.raises(ValueError, match=r"want finite activations.*, got none"):
        update_grid(layer, torch.empty(0, 3))
    with pytest.raises(ValueError, match=r"want finite activations.*, got 1 that are not"):
        outside(layer, torch.tensor([[0.0, 0.0, float("nan")]]))
    sums = layer_of(lambda: Summed(Gaussian(3), Gaussian(3)))
    with pytest.raises(ValueError, match=r"want a sum of BSpline and Gaussian.*got Gaussian, Gaus"):
        refine(sums, 20)


def test_pruned_edges_stay_pruned():
    layer = layer_of(lambda: BSpline(3))
    layer.keep(torch.tensor([[1, 0, 1], [0, 0, 1]]))
    new = divide(layer, 2).network
    assert torch.equal(new.kept, layer.kept)
    assert moved(new, layer, points(50, 3)) <= SAME


# Recipes that refine


def recipe(*optimizers: Optimizer, **options) -> Recipe:
    given = {"rates": (1e-2,), "evaluation_seeds": (0, 1, 2), "dtype": "float64", "points": 40}
    return Recipe(**{"optimizers": optimizers or (Optimizer(evaluations=5),), **given, **options})


ADAM, LBFGS = Optimizer(evaluations=3), Optimizer(name="lbfgs", evaluations=3)
FINER = recipe(ADAM, LBFGS.model_copy(update={"refine": 2}))
MEMBERS = [Member(seed, 1e-2) for seed in (3, 4, 5)]
FORMS = [name for name in HAVE_GRIDS if not name.endswith("-published")]


def trained(task: Task, model: Model, how: Recipe, members=MEMBERS, budget=400):
    ensemble = prepare([task], model, budget, how, members)
    (learned,) = learn(ensemble, [task], how, "test")
    return ensemble, learned


def test_a_recipe_that_does_not_refine_is_what_it_was():
    assert "refine" not in recipe(ADAM, LBFGS).content()
    assert [one.get("refine") for one in json.loads(FINER.content())["optimizers"]] == [None, 2]
    assert FINER.refine == 2
    assert recipe(ADAM, *[Optimizer(evaluations=1, refine=3)] * 2).refine == 9
    assert Recipe.model_validate_json(FINER.model_dump_json()) == FINER


def test_a_grid_is_not_refined_before_anything_is_learned():
    with pytest.raises(ValidationError, match=r"want a coarse grid to be trained.*got refine = 2"):
        recipe(Optimizer(evaluations=5, refine=2))
    with pytest.raises(ValidationError, match="greater than 0"):
        Optimizer(evaluations=5, refine=0)


@pytest.mark.parametrize("name", HAVE_GRIDS)
def test_the_budget_binds_at_the_final_size(name: str):
    coarse = prepare([REGRESSION], get_model(name), 500, FINER, MEMBERS[:1]).network(0)
    assert trainable(coarse) < divided_count(coarse, 2) <= 500
    with Draws("test"):
        wider = get_model(name).build(2, 1, 500)
    assert divided_count(wider, 2) > 500


def test_no_network_may_fit():
    with pytest.raises(DoesNotFit, match="divided by 2 do not fit into 30 numbers"):
        prepare([REGRESSION], get_model("kan"), 30, FINER, MEMBERS)
    with pytest.raises(DoesNotFit):
        prepare([REGRESSION], get_model("kan[widths=2-12-1]"), 400, FINER, MEMBERS)


@pytest.mark.parametrize(
    "name", ["linearkan", "kan[widths=2-1]", "linearkan[parameterisation=bends]"]
)
def test_members_go_on_from_where_they_were(name: str):
    how = recipe(ADAM)
    ensemble, _ = trained(REGRESSION, get_model(name), how)
    x = REGRESSION.probes[0].x[:50]
    before, numbers = ensemble.predict(x), ensemble.parameters_of_one
    ensemble.remake(lambda network: divide(network, 3).network)
    torch.testing.assert_close(ensemble.predict(x), before, rtol=1e-10, atol=1e-10)
    assert ensemble.lifted
    assert ensemble.flat.shape == (3, ensemble.parameters_of_one)
    assert ensemble.parameters_of_one > numbers
    for index in range(3):
        torch.testing.assert_close(ensemble.network(index)(x), ensemble.predict(x)[index])


@pytest.mark.parametrize("name", FORMS)
def test_every_form_trains_refines_and_trains(name: str):
    coarse = prepare([REGRESSION], get_model(name), 500, FINER, MEMBERS[:1]).network(0)
    ensemble, learned = trained(REGRESSION, get_model(name), FINER, budget=500)
    assert learned.finite.all()
    assert learned.lifted
    assert learned.parameters == divided_count(coarse, 2) <= 500
    (curve,) = learned.curves
    assert curve.evaluations[-1] == FINER.evaluations
    assert ensemble.adapted() == 0


def test_members_do_not_feel_each_other():
    _, together = trained(REGRESSION, get_model("kan"), FINER)
    _, alone = trained(REGRESSION, get_model("kan"), FINER, MEMBERS[1:2])
    torch.testing.assert_close(
        together.predictions[0][0][1:2], alone.predictions[0][0], rtol=1e-6, atol=1e-8
    )


@pytest.mark.parametrize("name", ["kan", "relukan", "freeknotkan"])
def test_a_member_that_has_failed_stays_one_and_harms_no_other(name: str):
    members = [MEMBERS[0], Member(4, float("nan")), MEMBERS[2]]
    _, with_one = trained(REGRESSION, get_model(name), FINER, members)
    _, without = trained(REGRESSION, get_model(name), FINER, MEMBERS[:1])
    assert with_one.finite.tolist() == [True, False, True]
    torch.testing.assert_close(
        with_one.predictions[0][0][:1], without.predictions[0][0], rtol=1e-6, atol=1e-8
    )


@pytest.mark.parametrize("name", ["mlp-silu", "chebykan"])
def test_models_without_a_grid_go_on_as_they_are(name: str):
    plain = recipe(ADAM, LBFGS)
    (_, finer), (_, same) = (trained(REGRESSION, get_model(name), how) for how in (FINER, plain))
    assert torch.equal(finer.predictions[0][0], same.predictions[0][0])
    assert finer.parameters == same.parameters


def test_later_stages_go_on_with_the_fine_grid():
    _, learned = trained(CONTINUAL, get_model("kan"), FINER)
    coarse = prepare([CONTINUAL], get_model("kan"), 400, FINER, MEMBERS[:1]).network(0)
    assert len(learned.predictions) == len(CONTINUAL.stages) > 1
    assert learned.parameters == divided_count(coarse, 2)


def test_what_cannot_be_lifted_is_refined_as_well():
    def build_one(dim_in: int, dim_out: int, parameters: int) -> nn.Module:
        kan = get_model("kan").build(dim_in, dim_out, parameters)
        return nn.Sequential(nn.Dropout(0.1), kan)

    _, learned = trained(REGRESSION, Model("drops", build_one), FINER)
    assert not learned.lifted
    assert learned.finite.all()
    assert 250 < learned.parameters <= 400


def test_tasks_that_train_together_refine_together():
    tasks = [REGRESSION, get_task("feynman27/I.16.6")]
    how = FINER.model_copy(update={"evaluation_seeds": (0,)})
    both = train(tasks, get_model("kan"), 400, how, lambda learned: [1e-2] * len(learned))
    for task, learned in zip(tasks, both, strict=True):
        (alone,) = train([task], get_model("kan"), 400, how, lambda learned: [1e-2])
        torch.testing.assert_close(learned.own, alone.own, rtol=1e-5, atol=1e-9)


def test_fit_hands_back_the_fine_network():
    network = fit(REGRESSION, "kan", parameters=400, recipe=FINER)
    coarse = prepare([REGRESSION], get_model("kan"), 400, FINER, MEMBERS[:1]).network(0)
    assert trainable(network) == divided_count(coarse, 2) <= 400
    assert network(REGRESSION.probes[0].x).isfinite().all()


def test_the_example_of_the_docs_runs():
    text = (Path(__file__).parents[1] / "docs/grids.md").read_text()
    (example,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    given = {"network": build("kan"), "data": points(50, 3)}
    exec(example, given)
    assert trainable(given["finer"]) > trainable(given["network"])
    (written,) = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    options = tomllib.loads(written)["recipe"]["refined"]
    assert recipe(*(Optimizer(**one) for one in options["optimizers"])).refine == 4
