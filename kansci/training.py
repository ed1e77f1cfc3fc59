"""Training: tasks and questions go in, predictions and losses come out.

Nothing here sees a true answer: whoever calls holds them and computes every error, so that
training can move into a process of its own. Tasks that are alike train together.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

import torch
from torch import Tensor

from kansci.ensemble import Ensemble, Member
from kansci.lesson import Lesson
from kansci.losses import program_of
from kansci.models import Model
from kansci.preparing import draw, prepare
from kansci.recipe import Recipe
from kansci.record import Curve, Gear
from kansci.sampling import stream
from kansci.task import Split, Task
from kansci.way import Quieter, Watch, Way


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


Choose = Callable[[list[Learned]], list[float]]


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
    way = Way(gear, watch or Watch(), ahead=sum(work(task, recipe) for task in tasks))
    rates = choose(tune(tasks, model, budget, recipe, device=device, way=way))
    members = [
        Member(seed, rate, place)
        for place, rate in enumerate(rates)
        for seed in recipe.evaluation_seeds
    ]
    ensemble = prepare(tasks, model, budget, recipe, members, device=device)
    return learn(ensemble, tasks, recipe, "test", way)


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
    way: Way | None = None,
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
    way = way or Way()
    return learn(ensemble, tuners, recipe, "validation", replace(way, watch=Quieter(way.watch)))


def learn(
    ensemble: Ensemble,
    tasks: Sequence[Task],
    recipe: Recipe,
    split: Split | None,
    way: Way | None = None,
) -> list[Learned]:
    """Trains stage by stage, and after each predicts at all probes of a split; one for a task."""
    way = way or Way()
    among = [ensemble.among(place) for place in range(len(tasks))]
    sources = [stream("points", member.seed) for member in ensemble.members]
    finite = torch.ones(len(ensemble.members), dtype=torch.bool, device=ensemble.device)
    asked = [[p.x for p in task.judged_by(split)] if split else [] for task in tasks]
    predictions: list[list[list[Tensor]]] = [[] for _ in tasks]
    curves: list[list[Curve]] = [[] for _ in tasks]
    gears: set[Gear] = set()
    for number in range(len(tasks[0].stages)):
        stages = [task.stages[number] for task in tasks]
        lesson = Lesson(ensemble, stages, recipe, sources, way)
        finite &= lesson.run(refining=number == 0).isfinite()
        gears |= lesson.gears
        for place, own in enumerate(among):
            curves[place].append(lesson.curve(place))
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


def _fresh(ensemble: Ensemble, tasks: Sequence[Task], number: int, recipe: Recipe) -> Tensor:
    """Losses of one stage on points that no member has seen, `(member,)`."""
    stages = [task.stages[number] for task in tasks]
    return ensemble.losses(program_of(stages[0].loss), draw(ensemble, stages, recipe, None))
