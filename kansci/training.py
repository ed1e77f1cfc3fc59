"""Training: tasks and questions go in, predictions and losses come out.

Nothing here sees a true answer: whoever calls holds them and computes every error, so that
training can move into a process of its own. Tasks that are alike train together.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from kansci.ensemble import Ensemble, Member
from kansci.models import Model, Units, trainable
from kansci.objective import Known, Objective, with_numbers
from kansci.optim import OPTIMIZERS
from kansci.recipe import Recipe
from kansci.record import Curve, Gear
from kansci.task import Batch, Split, Stage, Task, program_of, stream

CURVE = 30  # points that are kept of a training curve
WORDS = 100  # evaluations between two looks at what is kept of the curve


class Learned(NamedTuple):
    """What training on one task hands back.

    Attributes:
        predictions: `[stage][probe]`, `(member, point, out)`, after each stage.
        own: each member's loss on fresh points at the end, mean over stages, `(member,)`.
        finite: whether the losses stayed finite, `(member,)`.
        gear: `compiled` if every stage was.
    """

    predictions: list[list[Tensor]]
    own: Tensor
    finite: Tensor
    curves: tuple[Curve, ...]
    parameters: int
    adapted: int
    lifted: bool
    gear: Gear = "eager"


class Watch:
    """Hears how a training goes on; this one does not listen."""

    def steps(self, count: int) -> None:
        """So many evaluations of loss and gradient are done, of every task."""

    def curve(self, place: int, curve: Curve) -> None:
        """A stage's curve, as far as it goes, of the task at a place; of the scored seeds."""

    def note(self, text: str) -> None:
        """Something that a user may want to know."""


Choose = Callable[[list[Learned]], list[float]]


class WrongShape(ValueError):
    """A network whose outputs do not have the task's shape."""


def train(
    tasks: Sequence[Task],
    model: Model,
    budget: int,
    recipe: Recipe,
    choose: Choose,
    *,
    device: torch.device | str = "cpu",
    gear: Gear | None = None,
    watch: Watch | None = None,
) -> list[Learned]:
    """Tunes the rate, then trains the seeds that are scored, on tasks that are alike.

    Args:
        choose: from what the tuning learned of each task, to the rate for each.
        gear: `None` chooses by the work ahead.

    Raises:
        DoesNotFit: if the model cannot be built within the budget.
        WrongShape: if its networks do not map points to the task's outputs.
    """
    watch = watch or Watch()
    ahead = sum(work(task, recipe) for task in tasks)
    known: Known = {}
    tuned = tune(
        *(tasks, model, budget, recipe),
        device=device,
        gear=gear,
        watch=watch,
        ahead=ahead,
        known=known,
    )
    rates = choose(tuned)
    members = [
        Member(seed, rate, place)
        for place, rate in enumerate(rates)
        for seed in recipe.evaluation_seeds
    ]
    ensemble = prepare(tasks, model, budget, recipe, members, device=device)
    how = {"gear": gear, "watch": watch, "ahead": ahead}
    return learn(ensemble, tasks, recipe, "test", known=known, **how)  # type: ignore[arg-type]


def work(task: Task, recipe: Recipe) -> int:
    """Evaluations of one member each that a run makes, tuning included."""
    tuning = len(recipe.rates) * len(recipe.tuning_seeds) * len((task.tuning or task).stages)
    return recipe.evaluations * (tuning + len(recipe.evaluation_seeds) * len(task.stages))


def tune(
    tasks: Sequence[Task],
    model: Model,
    budget: int,
    recipe: Recipe,
    *,
    device: torch.device | str = "cpu",
    gear: Gear | None = None,
    watch: Watch | None = None,
    ahead: int = 0,
    known: Known | None = None,
) -> list[Learned]:
    """Trains every rate on every tuning seed, on the tuning task of each task or on itself."""
    tuners = [task.tuning or task for task in tasks]
    members = [
        Member(seed, rate, place)
        for place in range(len(tasks))
        for rate in recipe.rates
        for seed in recipe.tuning_seeds
    ]
    ensemble = prepare(tuners, model, budget, recipe, members, device=device)
    heard = _Quieter(watch or Watch())
    how = {"gear": gear, "watch": heard, "ahead": ahead}
    return learn(ensemble, tuners, recipe, "validation", known=known, **how)  # type: ignore[arg-type]


class _Quieter(Watch):
    """Curves of a tuning are nobody's."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch

    def steps(self, count: int) -> None:
        self._watch.steps(count)

    def note(self, text: str) -> None:
        self._watch.note(text)


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
    """Builds one network in the task's units; refuses one above the budget."""

    def make() -> nn.Module:
        network = model.build(task.dim_in, task.dim_out, budget)
        if not 0 < (count := trainable(network)) <= budget:
            raise ValueError(f"want 1 to {budget} trainable numbers, got {count}")
        return Units(network, task.domain, task.scale).to(getattr(torch, recipe.dtype))

    return make


def learn(
    ensemble: Ensemble,
    tasks: Sequence[Task],
    recipe: Recipe,
    split: Split | None,
    *,
    gear: Gear | None = None,
    watch: Watch | None = None,
    ahead: int = 0,
    known: Known | None = None,
) -> list[Learned]:
    """Trains stage by stage, and after each predicts at all probes of a split; one for a task.

    Args:
        ahead: evaluations of one member each that the gear is chosen for, this training's included.
        known: programs of networks of this model, budget and recipe, to which new ones are added.
    """
    known = {} if known is None else known
    watch = watch or Watch()
    among = [_among(ensemble, place) for place in range(len(tasks))]
    sources = [stream("points", member.seed) for member in ensemble.members]
    finite = torch.ones(len(ensemble.members), dtype=torch.bool, device=ensemble.device)
    asked = [[p.x for p in task.judged_by(split)] if split else [] for task in tasks]
    predictions: list[list[list[Tensor]]] = [[] for _ in tasks]
    curves: list[list[Curve]] = [[] for _ in tasks]
    gears: set[Gear] = set()
    for number in range(len(tasks[0].stages)):
        stages = [task.stages[number] for task in tasks]
        training = _Stage(ensemble, stages, recipe, sources, gear, ahead, known, watch)
        finite &= training.run().isfinite()
        gears.add(training.objective.gear)
        for place, own in enumerate(among):
            curves[place].append(training.curve(place))
            answers = [ensemble.predict(x, own).cpu() for x in asked[place]]
            predictions[place].append(answers)
    fresh = torch.stack([_fresh(ensemble, tasks, n, recipe) for n in range(len(tasks[0].stages))])
    return [
        Learned(
            predictions=predictions[place],
            own=fresh[:, own].mean(0),
            finite=finite[own].cpu(),
            curves=tuple(curves[place]),
            parameters=ensemble.parameters_of_one,
            adapted=ensemble.adapted(own),
            lifted=ensemble.lifted,
            gear="compiled" if gears == {"compiled"} else "eager",
        )
        for place, own in enumerate(among)
    ]


class _Stage:
    """One stage of all tasks: every optimizer of the recipe in turn.

    Losses stay on the device until they are looked at, which is seldom: reading one waits for it.
    """

    def __init__(
        self,
        ensemble: Ensemble,
        stages: Sequence[Stage],
        recipe: Recipe,
        sources: Sequence[torch.Generator],
        gear: Gear | None,
        ahead: int,
        known: Known,
        watch: Watch,
    ) -> None:
        self.ensemble, self.stages, self.recipe = ensemble, stages, recipe
        self.sources, self.watch = sources, watch
        self._kept = sorted(log_spaced(recipe.evaluations, CURVE))
        self._losses: list[Tensor] = []
        self._batch = draw(ensemble, stages, recipe, sources)
        self.objective = Objective(
            ensemble, stages[0].loss, self._batch, ahead=ahead, gear=gear, known=known
        )
        if self.objective.note:
            watch.note(self.objective.note)

    def run(self) -> Tensor:
        """The losses at the end, `(member,)`."""
        ensemble, resample = self.ensemble, self.recipe.resample
        rates = torch.tensor([member.rate for member in ensemble.members], dtype=torch.double)
        done, loss = 0, torch.empty(0)
        for part in self.recipe.optimizers:
            optimizer = OPTIMIZERS[part.name](ensemble.flat, rates, part)
            idle = False
            for _ in range(part.evaluations):
                if resample and done and done % resample == 0:
                    self._batch = draw(ensemble, self.stages, self.recipe, self.sources)
                if not idle:
                    loss = optimizer.step(self.objective.at(self._batch))
                done += 1
                self._keep(done, loss)
                idle = idle or (done % WORDS == 0 and optimizer.idle())
            optimizer.finish()
        return loss

    def curve(self, place: int) -> Curve:
        """As far as it goes."""
        rows = [row[_among(self.ensemble, place)] for row in self._losses]
        values = torch.stack(rows).double().cpu().tolist() if rows else []
        return Curve(
            stage=self.stages[place].name,
            evaluations=tuple(self._kept[: len(values)]),
            losses=tuple(map(tuple, values)),
        )

    def _keep(self, done: int, loss: Tensor) -> None:
        if len(self._losses) < len(self._kept) and done == self._kept[len(self._losses)]:
            self._losses.append(loss)
        if done % WORDS == 0:
            for place in range(len(self.stages)):
                self.watch.curve(place, self.curve(place))
        self.watch.steps(1)


def _among(ensemble: Ensemble, place: int) -> slice:
    """The members of one task stand in a row."""
    places = [member.place for member in ensemble.members]
    start = places.index(place)
    return slice(start, start + places.count(place))


def _fresh(ensemble: Ensemble, tasks: Sequence[Task], number: int, recipe: Recipe) -> Tensor:
    """Losses of one stage on points that no member has seen, `(member,)`."""
    stages = [task.stages[number] for task in tasks]
    return ensemble.losses(program_of(stages[0].loss), draw(ensemble, stages, recipe, None))


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
            stage.sample(generator, recipe.points or stage.points)
            for stage, generator in zip(own, generators, strict=True)
        ),
        strict=True,
    )
    batch = tuple(
        one.mT.contiguous().mT if one.dim() == 3 else one
        for parts in drawn
        for one in [torch.stack(parts).to(ensemble.device, ensemble.flat.dtype)]
    )
    return with_numbers(batch, [stage.loss for stage in own])


def log_spaced(last: int, count: int) -> frozenset[int]:
    """At most `count` whole numbers from 1 to `last`, evenly spread on a log scale."""
    spaced = np.geomspace(1, last, min(count, last))
    return frozenset(round(float(one)) for one in spaced)
