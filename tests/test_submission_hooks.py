"""Hooks: the examples of docs/submitting.md, as the engine asks them."""

import re
from pathlib import Path

import pytest
import sympy
import torch

from kansci import hooks
from kansci.discover import get_task
from kansci.lifting.ensemble import Member
from kansci.models import Model, get_model, trainable
from kansci.models.units import Units
from kansci.preparing import maker, prepare
from kansci.recipe import Optimizer, Recipe, Sparse
from kansci.recovery.searches import Search, finds
from kansci.sparsity import WITHOUT, sparsity
from kansci.symbolic import expression, expressions
from kansci.testing import check
from kansci.training import learn
from kansci.way import Watch, Way

PAGE = Path(__file__).resolve().parents[1] / "docs" / "submitting.md"
TASK = get_task("feynman27/I.12.11")
ADAM = Optimizer(evaluations=5)


@pytest.fixture(scope="module")
def examples() -> dict[str, Model]:
    """By the names of their models."""
    found = {}
    for block in re.findall(r"^```python\n(.*?)^```", PAGE.read_text(), re.DOTALL | re.MULTILINE):
        names: dict[str, object] = {"__name__": "example"}
        exec(compile(block, PAGE, "exec"), names)
        model = names["model"]
        assert isinstance(model, Model)
        found[model.name] = model
    return found


def recipe(*more: Optimizer, **changed: object) -> Recipe:
    fields = {"optimizers": (ADAM, *more), "rates": (1e-2,), "evaluation_seeds": (0, 1)}
    return Recipe(**{**fields, "points": 50, "dtype": "float64", **changed})  # type: ignore[arg-type]


class Notes(Watch):
    """Remembers what it is told."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def note(self, text: str) -> None:
        self.heard.append(text)


def learned(model: Model, how: Recipe, watch: Watch | None = None):
    ensemble = prepare([TASK], model, 250, how, [Member(0, 1e-2), Member(1, 1e-2)])
    found = learn(ensemble, [TASK], how, None, Way(watch=watch or Watch()))
    return ensemble, found[0]


@pytest.mark.parametrize("name", ["weighed", "hatkan", "quadratic"])
def test_examples_keep_the_laws(examples: dict[str, Model], name: str) -> None:
    report = check(examples[name])
    assert report.passed, report.broken


def test_a_price_of_ones_own_is_part_of_the_loss_by_its_strength(
    examples: dict[str, Model],
) -> None:
    watch, loss = Notes(), []
    for strength in (1e-9, 1.0):
        how = recipe(sparse=Sparse(strength=strength))
        _, found = learned(examples["weighed"], how, watch)
        loss.append(torch.tensor(found.curves[0].losses[0]))
    how = recipe()
    fresh = prepare([TASK], examples["weighed"], 250, how, [Member(0, 1e-2), Member(1, 1e-2)])
    prices = torch.stack([hooks.regularisation(fresh.network(i)) for i in (0, 1)])  # type: ignore[arg-type]
    torch.testing.assert_close(loss[1] - loss[0], prices.detach().to(loss[0]), rtol=1e-4, atol=0)
    assert watch.heard == []


def test_edges_come_before_a_price_of_ones_own_and_others_have_none(
    examples: dict[str, Model],
) -> None:
    watch, price = Notes(), Sparse(strength=1.0)
    for name, terms in (("kan", 1), ("mlp-silu", 0)):
        ensemble = prepare([TASK], get_model(name), 250, recipe(), [Member(0, 1e-2)])
        assert len(sparsity(price, ensemble, watch)) == terms
    assert watch.heard == [WITHOUT]
    assert hooks.regularisation(get_model("kan").build(2, 1, 250)) is None


def test_a_price_that_is_no_number_is_refused() -> None:
    network = torch.nn.Linear(1, 1)
    network.regularisation = lambda: network.weight.flatten()  # type: ignore[assignment]
    with pytest.raises(ValueError, match="want a scalar tensor, got \\(1,\\)"):
        hooks.regularisation(network)


def test_refining_keeps_the_function_and_is_within_the_budget(examples: dict[str, Model]) -> None:
    how = recipe(Optimizer(evaluations=3, refine=3))
    coarse = maker(TASK, examples["hatkan"], 250, how)()
    x = torch.rand(40, TASK.dim_in, dtype=torch.double) * 2
    finer = hooks.refined(coarse, 3)
    torch.testing.assert_close(finer(x), coarse(x))
    assert trainable(coarse) < trainable(finer) == hooks.refined_count(coarse, 3) <= 250
    ensemble, found = learned(examples["hatkan"], how)
    assert ensemble.network(0).network[0].knots.shape[1] == 13  # type: ignore[index, union-attr]
    assert found.finite.all()


def test_a_grid_follows_the_data_in_the_networks_own_units(examples: dict[str, Model]) -> None:
    network = maker(TASK, examples["hatkan"], 250, recipe())()
    assert isinstance(network, Units)
    low, high = torch.tensor(TASK.domain, dtype=torch.double).T
    data = low + (high - low) * torch.rand(200, TASK.dim_in, dtype=torch.double) / 2
    moved = hooks.update_grid(network, data)
    first = moved.network[0].knots  # type: ignore[index, union-attr]
    assert first.max() <= 0.01  # the half of [-1, 1] where data are
    assert (first.diff() > 0).all()
    own = hooks.update_grid(get_model("kan").build(2, 1, 250), torch.rand(50, 2))
    assert hooks.offered(own, "update_grid") is None


def test_a_hook_that_answers_with_no_module_is_refused() -> None:
    network = torch.nn.Linear(1, 1)
    network.refine = lambda times: None  # type: ignore[assignment]
    with pytest.raises(ValueError, match="refine: want a module as its answer, got NoneType"):
        hooks.refined(network, 2)


def test_a_network_says_its_own_formula(examples: dict[str, Model]) -> None:
    ensemble, _ = learned(examples["quadratic"], recipe())
    network, names = ensemble.network(0).eval(), ("a", "b", "c", "d", "e")[: TASK.dim_in]
    formula = sympy.lambdify(names, expression(network, names))
    x = 2 * torch.rand(7, TASK.dim_in, dtype=torch.double) + 1
    expected = network(x).squeeze(-1)
    torch.testing.assert_close(torch.stack([formula(*row) for row in x]), expected.detach())
    with pytest.raises(ValueError, match=f"want {TASK.dim_in} symbols"):
        expressions(network, ["x"] * (TASK.dim_in + 1))


def test_recovery_reads_the_formula_that_a_network_says(examples: dict[str, Model]) -> None:
    search = Search(TASK, examples["quadratic"], 250, recipe())
    _, every = finds(search, lambda line: None)
    formula, edges = every[0][1]()
    assert edges is None
    assert TASK.statement is not None
    assert formula.free_symbols <= {sympy.Symbol(name) for name in TASK.statement.variables}
