"""Training: stages and questions go in, predictions and losses come out.

Nothing here sees a true answer: whoever calls holds them and computes every error, so that
training can move into a process of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from kansci.ensemble import Ensemble, Member
from kansci.models import Model, Units, trainable
from kansci.optim import OPTIMIZERS
from kansci.recipe import Recipe
from kansci.record import Curve
from kansci.task import Batch, Stage, Task, stream

Watch = Callable[[int], None]
CURVE = 30  # points that are kept of a training curve


class Learned(NamedTuple):
    """What a training hands back.

    Attributes:
        predictions: `[stage][probe]`, `(member, point, out)`, after each stage.
        own: each member's loss on fresh points at the end, mean over stages, `(member,)`.
        finite: whether the losses stayed finite, `(member,)`.
    """

    predictions: list[list[Tensor]]
    own: Tensor
    finite: Tensor
    curves: tuple[Curve, ...]
    parameters: int
    adapted: int
    lifted: bool


class WrongShape(ValueError):
    """A network whose outputs do not have the task's shape."""


def prepare(
    task: Task,
    model: Model,
    budget: int,
    recipe: Recipe,
    members: Sequence[Member],
    *,
    device: torch.device | str = "cpu",
) -> Ensemble:
    """The members' networks, untrained, within the budget and of the task's shape."""
    make = maker(task, model, budget, recipe)
    low, high = torch.tensor(task.domain, dtype=torch.double).T
    points = task.dim_out + 1  # as many as outputs would let (out, point) pass
    share = torch.arange(points, dtype=torch.double).unsqueeze(-1) / points
    example = (low + share * (high - low)).to(getattr(torch, recipe.dtype))  # (point, in)
    ensemble = Ensemble(make, members, example, device=device)
    shape = tuple(ensemble.predict(example).shape[1:])
    if shape != (points, task.dim_out):
        wanted = f"({points}, {task.dim_in}) want ({points}, {task.dim_out})"
        raise WrongShape(f"for points {wanted}, got {shape}")
    return ensemble


def maker(task: Task, model: Model, budget: int, recipe: Recipe) -> Callable[[], nn.Module]:
    """Builds one network in the task's units; refuses one above the budget."""

    def make() -> nn.Module:
        network = model.build(task.dim_in, task.dim_out, budget)
        if not 0 < (count := trainable(network)) <= budget:
            raise ValueError(f"want 1 to {budget} trainable numbers, got {count}")
        return Units(network, task.domain, task.scale).to(getattr(torch, recipe.dtype))

    return make


def learn(
    ensemble: Ensemble,
    stages: Sequence[Stage],
    recipe: Recipe,
    questions: Iterable[Tensor],
    *,
    watch: Watch = lambda steps: None,
) -> Learned:
    """Trains stage by stage and answers all questions after each."""
    questions = list(questions)
    sources = [stream("points", member.seed) for member in ensemble.members]
    predictions, curves = [], []
    finite = torch.ones(len(ensemble.members), dtype=torch.bool, device=ensemble.device)
    for stage in stages:
        curve, last = train(ensemble, stage, recipe, sources, watch)
        curves.append(curve)
        finite &= last.isfinite()
        predictions.append([ensemble.predict(x).cpu() for x in questions])
    fresh = [ensemble.losses(stage.loss, draw(ensemble, stage, recipe, None)) for stage in stages]
    return Learned(
        predictions=predictions,
        own=torch.stack(fresh).mean(0),
        finite=finite.cpu(),
        curves=tuple(curves),
        parameters=ensemble.parameters_of_one,
        adapted=ensemble.adapted(),
        lifted=ensemble.lifted,
    )


def train(
    ensemble: Ensemble,
    stage: Stage,
    recipe: Recipe,
    sources: Sequence[torch.Generator],
    watch: Watch,
) -> tuple[Curve, Tensor]:
    """One stage: every optimizer of the recipe in turn; the curve, and the losses at the end.

    Losses stay on the device until the stage is over: reading one would wait for it.
    """
    objective = ensemble.objective(stage.loss)
    rates = torch.tensor([member.rate for member in ensemble.members], dtype=torch.double)
    kept = log_spaced(recipe.evaluations, CURVE)
    done, losses = 0, []
    loss = torch.empty(0)
    batch = draw(ensemble, stage, recipe, sources)
    for part in recipe.optimizers:
        optimizer = OPTIMIZERS[part.name](ensemble.flat, rates, part)
        for _ in range(part.evaluations):
            if recipe.resample and done and done % recipe.resample == 0:
                batch = draw(ensemble, stage, recipe, sources)
            loss = optimizer.step(partial(objective, batch))
            done += 1
            if done in kept:
                losses.append(loss)
            watch(1)
    values = torch.stack(losses).double().cpu().tolist()
    curve = Curve(
        stage=stage.name, evaluations=tuple(sorted(kept)), losses=tuple(map(tuple, values))
    )
    return curve, loss


def draw(
    ensemble: Ensemble,
    stage: Stage,
    recipe: Recipe,
    sources: Sequence[torch.Generator] | None,
) -> Batch:
    """Every member's own points, `(member, ...)`; without sources, the same fresh ones for all."""
    points = recipe.points or stage.points
    generators = sources or [stream("fresh") for _ in ensemble.members]
    drawn = zip(*(stage.sample(generator, points) for generator in generators), strict=True)
    return tuple(torch.stack(parts).to(ensemble.device, ensemble.flat.dtype) for parts in drawn)


def log_spaced(last: int, count: int) -> frozenset[int]:
    """At most `count` whole numbers from 1 to `last`, evenly spread on a log scale."""
    spaced = np.geomspace(1, last, min(count, last))
    return frozenset(round(float(one)) for one in spaced)
