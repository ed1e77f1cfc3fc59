"""What members are given to train: networks within the budget, and points of their own."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence

import torch
from torch import nn

from kansci.draws import Draws
from kansci.errors import DoesNotFit
from kansci.hooks import refined_count
from kansci.lifting.ensemble import Ensemble, Member
from kansci.lifting.stacked import refuse_complex
from kansci.losses import numbers_of
from kansci.models import Model, Units, trainable
from kansci.recipe import Recipe
from kansci.sampling import stream
from kansci.task import Batch, Loss, Sample, Stage, Task


class WrongShape(ValueError):
    """A network whose outputs do not have the task's shape."""


def prepare(
    tasks: Sequence[Task],
    model: Model,
    budget: int,
    recipe: Recipe,
    members: Sequence[Member],
    *,
    device: torch.device | str = "cpu",
) -> Ensemble:
    """The members' networks, untrained, within the budget and of the tasks' shape."""
    makes = [maker(task, model, budget, recipe) for task in tasks]
    points = tasks[0].dim_out + 1  # as many as outputs would let (out, point) pass
    share = torch.arange(points, dtype=torch.double).unsqueeze(-1) / points
    bounds = torch.tensor([task.domain for task in tasks], dtype=torch.double)
    low, high = bounds.unsqueeze(1).unbind(-1)  # (place, 1, in)
    example = (low + share * (high - low)).to(getattr(torch, recipe.dtype))  # (place, point, in)
    ensemble = Ensemble(makes, members, example, device=device)
    shape = tuple(ensemble.predict(example[members[0].place], slice(0, 1)).shape[1:])
    if shape != (points, tasks[0].dim_out):
        wanted = f"({points}, {tasks[0].dim_in}) want ({points}, {tasks[0].dim_out})"
        raise WrongShape(f"for points {wanted}, got {shape}")
    return ensemble


def maker(task: Task, model: Model, budget: int, recipe: Recipe) -> Callable[[], nn.Module]:
    """Builds one network in the task's units; refuses one above the budget.

    Where the recipe refines grids, it is that of the final grid that has to fit.

    Raises:
        DoesNotFit: for a budget below the smallest that makes sense for the task.
    """
    if budget < task.smallest:
        raise DoesNotFit(f"the task wants a budget of at least {task.smallest}, got {budget}")
    times = recipe.refine
    coarse = (
        budget if times == 1 else coarse_budget(model, task.dim_in, task.dim_out, budget, times)
    )

    def make() -> nn.Module:
        network = model.build(task.dim_in, task.dim_out, coarse)
        count = trainable(network) if times == 1 else refined_count(network, times)
        refuse_complex(network)
        if not 0 < count <= budget:
            raise ValueError(f"want 1 to {budget} trainable numbers, got {count}")
        whole = Units(network, task.domain, task.scale, task.ansatz, task.coefficients)
        return whole.to(getattr(torch, recipe.dtype))

    return make


def coarse_budget(model: Model, dim_in: int, dim_out: int, budget: int, times: int) -> int:
    """The most numbers of which a network has at most `budget`, once its grid cells are divided.

    It searches among networks that are built and thrown away.

    Raises:
        DoesNotFit: if there is no such network.
    """

    def count(coarse: int) -> int:
        try:
            with Draws("trial"):
                return refined_count(model.build(dim_in, dim_out, coarse), times)
        except DoesNotFit:  # too few numbers for any network: look further up
            return 0

    fitting = bisect_right(range(1, budget + 1), budget, key=count)
    if count(fitting) == 0:
        raise DoesNotFit(
            f"of the smallest networks, grids divided by {times} do not fit into {budget} numbers"
        )
    return fitting


def draw(
    ensemble: Ensemble,
    stages: Sequence[Stage],
    recipe: Recipe,
    sources: Sequence[torch.Generator] | None,
) -> Batch:
    """Every member's own points, `(member, ...)`; without sources, the same fresh ones for all.

    The stage of a member is that of its place. In memory points lie side by side, as layers take
    them: what is computed for each of them is one long loop.
    """
    own = [stages[member.place] for member in ensemble.members]
    generators = sources or [stream("fresh") for _ in own]
    drawn = zip(
        *(
            _sampler(stage, recipe)(generator, recipe.points or stage.points)
            for stage, generator in zip(own, generators, strict=True)
        ),
        strict=True,
    )
    batch = tuple(
        one.mT.contiguous().mT if one.dim() == 3 else one
        for parts in drawn
        for one in [torch.stack(parts).to(ensemble.device, ensemble.flat.dtype)]
    )
    return _with_numbers(batch, [stage.loss for stage in own])


def _sampler(stage: Stage, recipe: Recipe) -> Sample:
    """Data are what they are; collocation points lie as the recipe wants them."""
    even = stage.sobol if recipe.collocation == "sobol" else None
    return even or stage.sample


def _with_numbers(batch: Batch, losses: list[Loss]) -> Batch:
    """A batch `(member, ...)` and each member's own numbers, as the program of a loss wants it."""
    rows = [numbers_of(loss) for loss in losses]
    if not rows[0]:
        return batch
    like = batch[0]
    return (*batch, torch.tensor(rows, dtype=torch.double).to(like.device, like.dtype))
