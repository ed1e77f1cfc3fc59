"""How formulas are searched for: in networks that are trained, cut and named; or by breeding.

A search ends in an exception where it fails; what a formula is worth is not known here.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

import sympy
from torch import Tensor, nn

from kansci.draws import Draws
from kansci.errors import NotApplicable, OutOfTime
from kansci.hooks import offered
from kansci.judging import chosen
from kansci.lifting.ensemble import Member
from kansci.models import Model
from kansci.models.edges import edge_layers, prune, train
from kansci.preparing import prepare
from kansci.reading import Setting
from kansci.recipe import Recipe
from kansci.sampling import stream
from kansci.symbolic import LIBRARY, expression, symbolic
from kansci.symbolic.operon import EVALUATIONS, NOISE, operon
from kansci.task import Task
from kansci.training import learn, rates_of, tune, work
from kansci.way import Way

OPERON = "operon"
SECONDS = 120.0

Say = Callable[[str], None]
Found = tuple[sympy.Expr, int | None]  # a formula, and the edges of the network that was read
Find = Callable[[], Found]


class Diverged(Exception):
    """A training came to no network."""


class Search(NamedTuple):
    """One task for one model: what becomes one Reading.

    Attributes:
        model: `None` is genetic programming, which takes neither a budget nor a recipe.
        rounds: of cutting and training on, before edges are named.
        steps: of L-BFGS in each.
        price: of a function's complexity, in bits.
        tries: other functions that each edge is tried with in the end.
        seconds: of the processor, for naming the edges of one network.
        evaluations: of candidates, in genetic programming.
    """

    task: Task
    model: Model | None
    budget: int
    recipe: Recipe
    rounds: int = 3
    steps: int = 100
    price: float = 1.0
    tries: int = 3
    seconds: float = SECONDS
    evaluations: int = EVALUATIONS

    @property
    def name(self) -> str:
        return self.model.name if self.model else OPERON

    @property
    def settings(self) -> dict[str, Setting]:
        """All that decides formulas beside the recipe."""
        if self.model is None:
            return {"evaluations": self.evaluations, "noise": NOISE}
        names = ("rounds", "steps", "price", "tries", "seconds")
        return {name: getattr(self, name) for name in names} | {"functions": tuple(LIBRARY)}


def finds(search: Search, say: Say) -> tuple[float | None, list[tuple[int, Find]]]:
    """The tuned rate, and for each seed what finds its formula."""
    task, seeds = search.task, search.recipe.evaluation_seeds
    if search.model is None:
        return None, [(seed, _bred(search, seed, say)) for seed in seeds]
    _check_edges(search.model, task, search.budget)
    rate, networks = _trained(task, search.model, search.budget, search.recipe, say)
    finds = [
        (seed, _named(search, seed, network, say))
        for seed, network in zip(seeds, networks, strict=True)
    ]
    return rate, finds


def data_of(task: Task, recipe: Recipe, seed: int) -> tuple[Tensor, Tensor]:
    """The very points that the member of a seed learns from, `(point, in)` and `(point, 1)`."""
    stage = task.stages[0]
    x, y = stage.sample(stream("points", seed), recipe.points or stage.points)
    return x, y


def _check_edges(model: Model, task: Task, budget: int) -> None:
    with Draws("trial"):
        network = model.build(task.dim_in, task.dim_out, budget)
    if offered(network, "symbolic"):
        return
    try:
        edge_layers(network)
    except ValueError as problem:
        raise NotApplicable(f"has no edges to read: {problem}") from problem


def _trained(
    task: Task, model: Model, budget: int, recipe: Recipe, say: Say
) -> tuple[float, Iterator[nn.Module | None]]:
    """The tuned rate and the networks of all seeds; none where a training diverged."""
    way = Way(ahead=work(task, recipe))
    what = (model, budget, recipe)
    say("tuning")
    tuned = tune([task], *what, way=way)[0]
    rate = chosen(task, recipe, tuned, rates_of(model, recipe)).rate
    members = [Member(seed, rate) for seed in recipe.evaluation_seeds]
    ensemble = prepare([task], *what, members)
    say("training")
    finite = learn(ensemble, [task], recipe, None, way, fitted=model.fitted)[0].finite.tolist()
    networks = (
        ensemble.network(index).eval().double() if fine else None
        for index, fine in enumerate(finite)
    )
    return rate, networks


def _named(search: Search, seed: int, network: nn.Module | None, say: Say) -> Find:
    """Cuts a network until it is sparse, and names what is left."""

    def find() -> Found:
        if network is None:
            raise Diverged("the loss did not stay finite")
        deadline = time.process_time() + search.seconds  # not those of a busy machine

        def heard(line: str) -> None:
            say(f"seed {seed}: {line}")
            if time.process_time() > deadline:
                raise OutOfTime(f"want edges named within {search.seconds:g} CPU seconds: {line}")

        symbols = search.task.statement.variables if search.task.statement else None
        if offered(network, "symbolic"):
            return expression(network, symbols), None
        x, y = data_of(search.task, search.recipe, seed)
        bare = _cut(network, x, y, search)
        named = symbolic(bare, x, y, price=search.price, tries=search.tries, progress=heard)
        return expression(named, symbols), _edges(bare)

    return find


def _cut(network: nn.Module, x: Tensor, y: Tensor, search: Search) -> nn.Module:
    """Cut and trained on in turn, at the recipe's price on edges; at last trained without it.

    The price is of edges, which give standardised numbers, and the loss here is in the task's own
    units: it takes the square of the scale along.
    """
    sparse, scale = search.recipe.sparse, search.task.scale.std**2
    price = (sparse.strength * scale, sparse.l1, sparse.entropy) if sparse else (0.0, 1.0, 1.0)
    for _ in range(search.rounds):
        network = prune(network, x)
        train(network, x, y, steps=search.steps, sparse=price[0], l1=price[1], entropy=price[2])
    network = prune(network, x)
    train(network, x, y, steps=search.steps)
    return network


def _edges(network: nn.Module) -> int:
    layers = edge_layers(network)
    return sum(
        layer.dim_in * layer.dim_out if layer.kept is None else int((layer.kept > 0).sum())
        for layer in layers
    )


def _bred(search: Search, seed: int, say: Say) -> Find:
    def find() -> Found:
        x, y = data_of(search.task, search.recipe, seed)
        assert search.task.statement is not None
        say(f"seed {seed}: {search.evaluations} candidates")
        names = search.task.statement.variables
        return operon(x, y, names, evaluations=search.evaluations, seed=seed), None

    return find
