"""A price on edges is part of every loss where a recipe asks for it, and of nothing else."""

import json

import pytest
import torch
from representatives import NAMES
from test_recipe import OLD

from kansci.additions import with_additions
from kansci.cli.selection import select
from kansci.discover import get_task
from kansci.errors import UnknownName
from kansci.gears.objective import Objective
from kansci.lifting.ensemble import Member
from kansci.models import get_model
from kansci.models.edges import edge_layers, importance, penalty
from kansci.models.edges.parts import has_edges
from kansci.preparing import draw, prepare
from kansci.recipe import Optimizer, Recipe, Sparse
from kansci.runner import run
from kansci.sampling import stream
from kansci.sparsity import WITHOUT, sparsity
from kansci.store.view import view
from kansci.suite import get_recipe, get_suite
from kansci.training import learn
from kansci.way import Watch, Way

PRICE = Sparse(strength=0.03, l1=0.7, entropy=1.5)
REGRESSION, PDE = get_task("feynman27/I.12.11"), get_task("poisson")
MEMBERS = [Member(seed, 1e-2) for seed in (3, 4)]
WITH_EDGES = [name for name in NAMES if has_edges(get_model(name).build(2, 1, 250))]


def recipe(**changed):
    fields = {"optimizers": (Optimizer(evaluations=3),), "rates": (1e-2,), "dtype": "float64"}
    return Recipe(**{**fields, "evaluation_seeds": (0, 1), "points": 24, **changed})


def asked(name, task, sparse, *, lifted=True, gear=None):
    ensemble = prepare([task], get_model(name), 250, recipe(), MEMBERS)
    ensemble.lifted = ensemble.lifted and lifted
    sources = [stream("points", member.seed) for member in MEMBERS]
    batch = draw(ensemble, task.stages, recipe(), sources)
    additions = sparsity(sparse, ensemble, Watch())
    loss, batch = with_additions(task.stages[0].loss, batch, additions)
    return ensemble, batch, Objective(ensemble, loss, batch, gear=gear)(batch)


def priced(ensemble, batch):
    """Of every member alone, by autograd."""
    losses, gradients = [], []
    for index in range(len(MEMBERS)):
        network = ensemble.network(index).train()
        weights = [weight for weight in network.parameters() if weight.requires_grad]
        terms = {"l1": PRICE.l1, "entropy": PRICE.entropy}
        loss = PRICE.strength * penalty(network, batch[0][index], **terms)
        found = torch.autograd.grad(loss, weights, allow_unused=True, materialize_grads=True)
        losses.append(loss.detach())
        gradients.append(torch.cat([one.flatten() for one in found]))
    return torch.stack(gradients), torch.stack(losses)


@pytest.mark.parametrize(
    ("name", "task"),
    [*((name, REGRESSION) for name in WITH_EDGES), ("kan", PDE), ("fastkan-norm", PDE)],
    ids=lambda one: one if isinstance(one, str) else one.name,
)
def test_the_price_is_added_to_loss_and_gradient_of_every_network_with_edges(name, task):
    _, _, (plain, losses) = asked(name, task, None)
    ensemble, batch, (gradients, totals) = asked(name, task, PRICE)
    more, prices = priced(ensemble, batch)
    torch.testing.assert_close(gradients, plain + more)
    torch.testing.assert_close(totals, losses + prices)


@pytest.mark.parametrize("name", ["kan", "multkan", "freeknotkan"])
def test_what_is_lifted_is_what_is_looped(name):
    _, _, lifted = asked(name, REGRESSION, PRICE)
    _, _, looped = asked(name, REGRESSION, PRICE, lifted=False)
    torch.testing.assert_close(lifted, looped)


def test_the_price_is_compiled_as_it_is_eager():
    name = "chebykan[widths=2-1]"  # small, as compiling is dear
    _, _, eager = asked(name, REGRESSION, PRICE, gear="eager")
    _, _, compiled = asked(name, REGRESSION, PRICE, gear="compiled")
    torch.testing.assert_close(compiled, eager)


def test_prices_are_data_of_one_program():
    ensemble = prepare([REGRESSION], get_model("kan"), 250, recipe(), MEMBERS)
    terms = [sparsity(one, ensemble, Watch())[0].term for one in (PRICE, Sparse(strength=1))]
    assert terms[0] is terms[1]


class Notes(Watch):
    def __init__(self):
        self.heard = []

    def note(self, text):
        self.heard.append(text)


def test_a_model_without_edges_trains_as_without_a_price_and_says_so():
    trained = []
    for sparse in (None, PRICE):
        ensemble = prepare([REGRESSION], get_model("mlp-silu"), 250, recipe(), MEMBERS)
        notes = Notes()
        learn(ensemble, [REGRESSION], recipe(sparse=sparse), None, Way(watch=notes))
        assert notes.heard == ([] if sparse is None else [WITHOUT])
        trained.append(ensemble.flat)
    assert torch.equal(*trained)


def test_edges_that_have_a_price_are_smaller():
    sizes = []
    for sparse in (None, Sparse(strength=0.1)):
        how = recipe(optimizers=(Optimizer(evaluations=60),), sparse=sparse)
        ensemble = prepare([REGRESSION], get_model("kan"), 250, how, MEMBERS)
        learn(ensemble, [REGRESSION], how, None)
        networks = [ensemble.network(index) for index in range(len(MEMBERS))]
        sizes.append([sum(map(torch.sum, importance(one).sizes)).item() for one in networks])
    assert all(priced < 0.7 * free for free, priced in zip(*sizes, strict=True))


def test_edges_that_were_cut_have_no_price():
    network = get_model("kan").build(2, 1, 250).double()
    x = 2 * torch.rand(50, 2, dtype=torch.double, generator=stream("cut")) - 1
    layer = edge_layers(network)[0]
    before = penalty(network, x, entropy=0).item()
    layer.keep(torch.zeros(layer.dim_out, layer.dim_in))
    with torch.no_grad():
        rest = edge_layers(network)[1].edges(0 * x.new_ones(layer.dim_out, 50), 0)[0]
    after = penalty(network, x, entropy=0).item()
    assert after == pytest.approx(rest.abs().mean(-1).sum().item())
    assert after < before


def test_a_price_is_content_of_a_recipe_and_its_absence_is_not():
    assert "sparse" not in json.loads(OLD.content())
    priced = OLD.model_copy(update={"sparse": Sparse(strength=0.01)})
    assert json.loads(priced.content())["sparse"] == {"strength": 0.01, "l1": 1, "entropy": 2}
    assert Recipe.model_validate_json(priced.model_dump_json()) == priced


@pytest.mark.parametrize(
    ("sparse", "message"),
    [
        ({"strength": 0}, "greater than 0"),
        ({"strength": float("inf")}, "finite"),
        ({"strength": 1, "l1": -1}, "greater than or equal to 0"),
        ({"strength": 1, "l1": 0, "entropy": 0}, "want l1 or entropy > 0, got 0 for both"),
    ],
)
def test_a_price_that_makes_no_sense_is_refused(sparse, message):
    with pytest.raises(ValueError, match=message):
        Sparse(**sparse)


def test_levenberg_marquardt_with_a_price_is_refused():
    with pytest.raises(ValueError, match="lm wants a loss that is a sum of squares, got sparse"):
        recipe(optimizers=(Optimizer(name="lm", evaluations=3),), sparse=PRICE)


def test_a_record_shows_its_price_and_how_grids_are_refined():
    optimizers = (Optimizer(evaluations=2), Optimizer(name="lbfgs", evaluations=3, refine=2))
    record = run(REGRESSION, get_model("kan"), 250, recipe(optimizers=optimizers, sparse=PRICE))
    assert record.status == "ok"
    params = view(record).params
    assert params["optimizers"] == "adam 2 cosine, lbfgs 3 cosine history 50 refine 2"
    assert params["sparse"] == "0.03 (l1 0.7, entropy 1.5)"
    assert "sparse" not in view(record.updated(recipe=recipe())).params


def test_a_command_names_a_recipe_in_place_of_its_suites():
    chosen = select("demo", None, None, None, "sparse")
    assert chosen.suite.name == chosen.cells[0].suite == "demo-sparse"
    assert {cell.recipe for cell in chosen.cells} == {get_recipe("sparse")}
    assert len(chosen.cells) == len(select("demo", None, None, None).cells)
    assert not chosen.timed
    assert get_suite("demo").name == "demo"
    adam = get_recipe("adam")
    assert get_recipe("sparse").model_copy(update={"sparse": None}).content() == adam.content()
    with pytest.raises(UnknownName, match="unknown recipe 'spars': did you mean 'sparse'"):
        select("demo", None, None, None, "spars")
