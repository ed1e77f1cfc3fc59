"""Training: tasks and questions go in, predictions and losses come out.

Nothing here sees a true answer: whoever calls holds them and computes every error, so that
training can move into a process of its own. Tasks that are alike train together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import NamedTuple

import torch
from torch import Tensor

from kansci.beside import ASKED
from kansci.fitting import Fitting
from kansci.lesson import Lesson
from kansci.lifting.ensemble import Ensemble, Member
from kansci.losses import program_of
from kansci.methods import lasting, method_of, taught
from kansci.models import Model
from kansci.preparing import draw, prepare
from kansci.recipe import Recipe
from kansci.record import Curve, Gear
from kansci.sampling import stream
from kansci.sparsity import sparsity
from kansci.task import Split, Task
from kansci.way import Quieter, Watch, Way


class Learned(NamedTuple):
    """What training on one task hands back.

    Attributes:
        predictions: `[stage][probe]`, `(member, point, out)`, after each stage.
        own: each member's loss on fresh points at the end, mean over stages, `(member,)`.
        finite: whether the losses stayed finite, `(member,)`.
        beside: answers to what the task asks beside its probes at the end, `(member, point, k)`;
            none of a tuning.
        untrained: `[probe]`, predictions before the first of several stages; none of a tuning.
        gear: `compiled` if every stage was.
        state: all numbers of the trained networks, `(member, ...)` by name; empty if nobody wants
            to keep them.
    """

    predictions: list[list[Tensor]]
    own: Tensor
    finite: Tensor
    curves: tuple[Curve, ...]
    parameters: int
    adapted: int
    lifted: bool
    gear: Gear = "eager"
    beside: Sequence[Tensor] = ()
    untrained: Sequence[Tensor] = ()
    state: Mapping[str, Tensor] = MappingProxyType({})


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
    keep: bool = False,
) -> list[Learned]:
    """Tunes the rate, then trains the seeds that are scored, on tasks that are alike.

    Args:
        choose: from what the tuning learned of each task, to the rate for each.
        gear: `None` chooses by the work ahead.
        keep: whether the numbers of the trained networks are handed back.

    Raises:
        DoesNotFit: if the model cannot be built within the budget.
        WrongShape: if its networks do not map points to the task's outputs.
    """
    way = Way(gear, watch or Watch(), sum(work(task, recipe) for task in tasks), keep)
    rates = choose(tune(tasks, model, budget, recipe, device=device, way=way))
    members = [
        Member(seed, rate, place)
        for place, rate in enumerate(rates)
        for seed in recipe.evaluation_seeds
    ]
    ensemble = prepare(tasks, model, budget, recipe, members, device=device)
    return learn(ensemble, tasks, recipe, "test", way, fitted=model.fitted)


def rates_of(model: Model, recipe: Recipe) -> tuple[float, ...]:
    """What is tried in tuning: learning rates, or settings of a control that has none."""
    return model.settings or recipe.rates


def work(task: Task, recipe: Recipe) -> int:
    """Evaluations of one member each that a run makes, tuning included."""
    tuning = len(recipe.rates) * len(recipe.tuning_seeds) * len((task.tuning or task).stages)
    return recipe.evaluations * (tuning + len(recipe.evaluation_seeds) * len(task.stages))


def draws(recipe: Recipe) -> int:
    """How often each member draws the points of a stage that is learned by a recipe."""
    return 1 + (recipe.evaluations - 1) // recipe.resample if recipe.resample else 1


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
        for rate in rates_of(model, recipe)
        for seed in recipe.tuning_seeds
    ]
    ensemble = prepare(tuners, model, budget, recipe, members, device=device)
    way = way or Way()
    quieter = replace(way, watch=Quieter(way.watch), keep=False)
    return learn(ensemble, tuners, recipe, "validation", quieter, fitted=model.fitted)


def learn(
    ensemble: Ensemble,
    tasks: Sequence[Task],
    recipe: Recipe,
    split: Split | None,
    way: Way | None = None,
    *,
    fitted: str = "",
) -> list[Learned]:
    """Trains stage by stage, and predicts at all probes of a split; one for a task.

    What networks answer after each stage is asked of them as they stood then, when all is trained:
    until then nothing in this process knows what will be asked.

    Args:
        fitted: by which method, if not by the recipe's optimizers.
    """
    way = way or Way()
    among = [ensemble.among(place) for place in range(len(tasks))]
    sources = [stream("points", member.seed) for member in ensemble.members]
    finite = torch.ones(len(ensemble.members), dtype=torch.bool, device=ensemble.device)
    stood = [ensemble.still()] if is_asked_before(tasks[0], split) else []
    first = len(stood)
    curves: list[list[Curve]] = [[] for _ in tasks]
    gears: set[Gear] = set()
    additions = sparsity(recipe.sparse, ensemble, way.watch)
    method, how = method_of(recipe, ensemble, fitted=bool(fitted)), lasting(recipe, tasks[0])
    lessons = list(zip(*(taught(task, recipe) for task in tasks), strict=True))
    for number, stages in enumerate(lessons):
        terms = (*additions, *method.additions(stages))
        lesson = (
            Fitting(ensemble, stages, how, sources, way, fitted)
            if fitted
            else Lesson(ensemble, stages, how, sources, way, terms, method.mask())
        )
        finite &= lesson.run(refining=number == 0).isfinite()
        if number + 1 < len(lessons):
            method.learned(stages, lesson.drawn)
            stood.append(ensemble.still())
        gears |= lesson.gears
        for place in range(len(tasks)):
            curves[place].append(lesson.curve(place))
    fresh = torch.stack([_fresh(ensemble, tasks, n, recipe) for n in range(len(tasks[0].stages))])
    stood.append(ensemble)
    answers = [_answers(stood, *one, split) for one in zip(tasks, among, strict=True)]
    return [
        Learned(
            predictions=answers[place][first:],
            own=fresh[:, own].mean(0),
            finite=finite[own].cpu(),
            curves=tuple(curves[place]),
            parameters=ensemble.parameters_of_one,
            adapted=ensemble.adapted(own),
            lifted=ensemble.lifted,
            gear="compiled" if gears == {"compiled"} else "eager",
            beside=_beside(ensemble, tasks[place], own) if split == "test" else (),
            untrained=answers[place][0] if first else (),
            state=ensemble.numbers(own) if way.keep else {},
        )
        for place, own in enumerate(among)
    ]


def is_asked_before(task: Task, split: Split | None) -> bool:
    """Whether networks are to be scored untrained, too: what earlier stages taught of later ones
    is measured from there."""
    return split == "test" and len(task.stages) > 1


def _answers(
    stood: Sequence[Ensemble], task: Task, own: slice, split: Split | None
) -> list[list[Tensor]]:
    """Of the members of one task, as they stood at several times: `[time][probe]`."""
    asked = [probe.x for probe in task.judged_by(split)] if split else []
    return [[then.predict(x, own).cpu() for x in asked] for then in stood]


def _beside(ensemble: Ensemble, task: Task, own: slice) -> list[Tensor]:
    return [ensemble.answers(ASKED[one.asks], one.x, own).cpu() for one in task.beside]


def _fresh(ensemble: Ensemble, tasks: Sequence[Task], number: int, recipe: Recipe) -> Tensor:
    """Losses of one stage on points that no member has seen, `(member,)`."""
    stages = [task.stages[number] for task in tasks]
    return ensemble.losses(program_of(stages[0].loss), draw(ensemble, stages, recipe, None))
