"""What claims are measured with: trainings at published shapes, and timings side by side."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from kansci.claims.measurement import Quantity
from kansci.discover import get_model, get_task
from kansci.draws import Draws
from kansci.gears.objective import Objective
from kansci.hooks import refined
from kansci.judging import judge
from kansci.lifting.ensemble import Ensemble, Member
from kansci.models import Model
from kansci.models.model import Option
from kansci.optim import OPTIMIZERS
from kansci.preparing import draw, prepare
from kansci.recipe import Optimizer, Recipe
from kansci.record import Record, Work
from kansci.runner import unfinished
from kansci.sampling import stream
from kansci.speed.clock import Call, compare
from kansci.speed.work import call_of
from kansci.statistics.stats import Floats
from kansci.task import Task
from kansci.training import Learned, learn

ROOM = 10**9  # trainable numbers: any published shape fits
SEEDS = (0, 1, 2, 3, 4)
PRECISION, LIMIT = 0.05, 10.0  # of a timing: relative width of the interval, seconds
CPU = torch.device("cpu")


def adam(evaluations: int, rate: float, **more: Any) -> Recipe:
    """Adam at one rate, which nothing tunes."""
    part = Optimizer(evaluations=evaluations, schedule="constant")
    return Recipe(**{"optimizers": (part,), "rates": (rate,), "evaluation_seeds": SEEDS, **more})


def lbfgs(evaluations: int, **more: Any) -> Recipe:
    """L-BFGS in float64."""
    part = Optimizer(name="lbfgs", evaluations=evaluations)
    given = {"optimizers": (part,), "rates": (1.0,), "evaluation_seeds": SEEDS, "dtype": "float64"}
    return Recipe(**{**given, **more})


def trained(task: str | Task, model: str | Model, recipe: Recipe, *, budget: int = ROOM) -> Record:
    """Every evaluation seed at the recipe's only rate, as published: nothing is tuned."""
    task, model = _found(task, model)
    ensemble = _untrained(task, model, recipe, budget)
    learned = learn(ensemble, [task], recipe, "test", fitted=model.fitted)[0]
    return _judged(task, model, recipe, budget, learned)


def extended(
    task: str | Task, model: str | Model, recipe: Recipe, *, times: int, grids: int
) -> Floats:
    """Errors at the end on each of several grids, `(grid, seed)`.

    The recipe is spent on every grid, on the same points; then each cell is divided.

    Args:
        times: into how many cells each is divided.
    """
    task, model = _found(task, model)
    ensemble = _untrained(task, model, recipe, ROOM)
    errors = []
    for number in range(grids):
        if number:
            ensemble.remake(lambda coarse: refined(coarse, times))
        learned = learn(ensemble, [task], recipe, "test")[0]
        errors.append(final(_judged(task, model, recipe, ROOM, learned)))
    return np.array(errors)


def losses(task: str | Task, model: str | Model, recipe: Recipe) -> Floats:
    """The training loss at every evaluation of a recipe's only optimizer, `(evaluation, seed)`.

    Records keep 30 of them at most, between which a loss may rise and fall unseen.
    """
    task, model = _found(task, model)
    ensemble = _untrained(task, model, recipe, ROOM)
    (part,), (stage,) = recipe.optimizers, task.stages
    sources = [stream("points", seed) for seed in recipe.evaluation_seeds]
    batch = draw(ensemble, [stage], recipe, sources)
    optimizer = OPTIMIZERS[part.name](
        ensemble.flat, torch.tensor(_rates(recipe), dtype=torch.double), part
    )
    evaluation = Objective(ensemble, stage.loss, batch).at(batch)
    found = [optimizer.step(evaluation) for _ in range(part.evaluations)]
    return torch.stack(found).double().numpy()


def _found(task: str | Task, model: str | Model) -> tuple[Task, Model]:
    task = get_task(task) if isinstance(task, str) else task
    return task, get_model(model) if isinstance(model, str) else model


def _rates(recipe: Recipe) -> list[float]:
    """Of every seed the recipe's only one."""
    return [recipe.rates[0]] * len(recipe.evaluation_seeds)


def _untrained(task: Task, model: Model, recipe: Recipe, budget: int) -> Ensemble:
    members = [Member(*one) for one in zip(recipe.evaluation_seeds, _rates(recipe), strict=True)]
    return prepare([task], model, budget, recipe, members)


def _judged(task: Task, model: Model, recipe: Recipe, budget: int, learned: Learned) -> Record:
    record = unfinished(task, model, budget, recipe)
    return record.updated(
        **judge(task, learned), parameters=learned.parameters, curves=learned.curves
    )


def final(record: Record) -> Floats:
    """Errors at the end, mean over probes, `(member,)`; the trivial one for members that failed."""
    errors = np.asarray(record.errors[-1], dtype=float).mean(0)
    return np.where(np.isfinite(errors), errors, record.trivial)


def squared(record: Record) -> Floats:
    """Mean squared errors at the end in the task's own units, `(member,)`."""
    return (final(record) * record.scale) ** 2


def network(model: str, dims: tuple[int, int] | None = None, **options: Option) -> nn.Module:
    """An untrained network of the zoo, of given widths; `dims` for one that has none."""
    widths = options.get("widths")
    if dims is None:
        assert isinstance(widths, tuple)
        dims = (widths[0], widths[-1])
    with Draws("claims"):
        return get_model(model, **options).build(*dims, ROOM)


def inputs(batch: int, dim_in: int) -> Tensor:
    """Uniform on [-0.95, 0.95]: inside every grid, `(batch, in)`."""
    generator = torch.Generator().manual_seed(0)
    return 0.95 * (2 * torch.rand(batch, dim_in, generator=generator) - 1)


def faster(
    name: str, fast: nn.Module, slow: nn.Module, x: Tensor, work: Work = "forward"
) -> Quantity:
    """How many times as long `slow` takes as `fast`, in processor time, timed in turns."""
    return calls_faster(name, call_of(fast, x, work), call_of(slow, x, work))


def calls_faster(name: str, fast: Call, slow: Call) -> Quantity:
    """How many times as long one call takes as another; the interval is over blocks."""
    found = compare(slow, fast, device=CPU, precision=PRECISION, seconds=LIMIT)
    return Quantity(
        name=name,
        value=found.ratio,
        low=found.low,
        high=found.high,
        unit="times",
        over="blocks",
        count=found.blocks,
    )
