"""A run: tune the rate, train the evaluation seeds stage by stage, judge every probe.

What holds the true answers is here; what trains, in `training`, never sees them.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from kansci.ensemble import Member
from kansci.environment import environment
from kansci.errors import DoesNotFit, OutOfTime
from kansci.measure import error
from kansci.models import Model
from kansci.recipe import Recipe
from kansci.record import Record, Status, Trial, record_key
from kansci.source import source_of
from kansci.stats import decades
from kansci.task import Task
from kansci.training import Learned, Watch, WrongShape, learn, prepare


def evaluations(task: Task, recipe: Recipe) -> int:
    """Evaluations of loss and gradient that a run makes, tuning included, for progress."""
    tuner = task.tuning or task
    return recipe.evaluations * (len(tuner.stages) + len(task.stages))


def record_key_of(
    task: Task, model: Model, budget: int, recipe: Recipe, source: str = ""
) -> tuple[str, str]:
    """The key of a Record and the hash of its model's source, unless that is known."""
    source = source or source_of(model, task.dim_in, task.dim_out, budget)
    key = record_key(
        task_content=task.content,
        model=model.name,
        model_source=source,
        budget=budget,
        recipe=recipe,
    )
    return key, source


def unfinished(
    task: Task,
    model: Model,
    budget: int,
    recipe: Recipe,
    *,
    suite: str = "custom",
    device: torch.device | str = "cpu",
) -> Record:
    """What is known of a run before it starts; `crashed`, with every member, until it is over."""
    key, source = record_key_of(task, model, budget, recipe)
    return Record(
        key=key,
        suite=suite,
        task=task.key,
        task_content=task.content,
        family=task.family,
        metric=task.metric,
        trivial=task.trivial,
        scale=task.scale.std,
        model=model.name,
        model_source=source,
        budget=budget,
        parameters=None,
        recipe=recipe,
        status="crashed",
        members=("crashed",) * len(recipe.evaluation_seeds),
        stages=tuple(stage.name for stage in task.stages),
        probes=tuple(probe.name for probe in task.judged_by("test")),
        rough=model.rough(task.order),
        environment=environment(torch.device(device)),
    )


def run(
    task: Task,
    model: Model,
    budget: int,
    recipe: Recipe,
    *,
    suite: str = "custom",
    device: torch.device | str = "cpu",
    watch: Watch = lambda steps: None,
) -> Record:
    """One Record, whatever happens to the model: failures are rows, with their reason."""
    device = torch.device(device)
    blank = unfinished(task, model, budget, recipe, suite=suite, device=device)
    tests = task.judged_by("test")
    if not model.applies(task.order):
        reason = f"takes {_ordinal(task.order)} derivatives, the model has {model.derivatives}"
        return blank.updated(status="not_applicable", reason=reason, members=())
    try:
        rate, trials, tuned_by = tune(task, model, budget, recipe, device=device, watch=watch)
        members = [Member(seed, rate) for seed in recipe.evaluation_seeds]
        ensemble = prepare(task, model, budget, recipe, members, device=device)
        learned = learn(ensemble, task.stages, recipe, [p.x for p in tests], watch=watch)
    except DoesNotFit as misfit:
        return blank.updated(status="does_not_fit", reason=str(misfit), members=())
    except (Exception, SystemExit) as problem:  # a model must not end the suite
        status, reason = diagnosis(problem)
        every = (status,) * len(recipe.evaluation_seeds)
        return blank.updated(status=status, reason=reason, members=every)
    return blank.updated(
        **judge(task, learned),
        parameters=learned.parameters,
        adapted=learned.adapted,
        rate=rate,
        tuned_by=tuned_by,
        tuning=trials,
        curves=learned.curves,
        lifted=learned.lifted,
    )


def diagnosis(problem: BaseException) -> tuple[Status, str]:
    """The status and the reason that an exception leaves in a Record."""
    text = f"{type(problem).__name__}: {problem}".replace("\n", " ")[:300]
    if isinstance(problem, OutOfTime):
        return "timeout", str(problem)
    if isinstance(problem, MemoryError | torch.OutOfMemoryError) or "t allocate memory" in text:
        return "out_of_memory", text
    if isinstance(problem, WrongShape):
        return "invalid_output", str(problem)
    return "crashed", text


def tune(
    task: Task,
    model: Model,
    budget: int,
    recipe: Recipe,
    *,
    device: torch.device | str = "cpu",
    watch: Watch = lambda steps: None,
) -> tuple[float, tuple[Trial, ...], str]:
    """The rate whose trainings end best, without the answer.

    Judged on the validation probes of the task, or of its tuning task; a task without them, such
    as a PDE, by its own loss on fresh points.
    """
    tuner = task.tuning or task
    probes = tuner.judged_by("validation")
    members = [Member(seed, rate) for rate in recipe.rates for seed in recipe.tuning_seeds]
    ensemble = prepare(tuner, model, budget, recipe, members, device=device)
    learned = learn(ensemble, tuner.stages, recipe, [p.x for p in probes], watch=watch)
    if probes:
        answers = zip(probes, learned.predictions[-1], strict=True)
        errors = np.stack([_errors(tuner, p.y, answer) for p, answer in answers])  # (probe, member)
        # Decades as boards count them; where they tie, as at 0, the smaller error.
        close = np.clip(np.log10(np.nan_to_num(errors, nan=np.inf).clip(1e-300)), -6, 6).mean(0)
        scores = -decades(errors, tuner.trivial).mean(0) + 1e-3 * close
        tuned_by = f"decades on the validation probes of {tuner.key}, negative"
    else:
        scores = learned.own.double().cpu().nan_to_num(torch.inf).numpy()
        tuned_by = "the task's own loss on fresh points"
    trials = tuple(
        Trial(rate=member.rate, seed=member.seed, score=score)
        for member, score in zip(members, scores, strict=True)
    )
    by_rate = np.asarray(scores).reshape(len(recipe.rates), -1).mean(1)
    return recipe.rates[int(by_rate.argmin())], trials, tuned_by


def judge(task: Task, learned: Learned) -> dict[str, object]:
    """Errors of all members on the test probes after each stage, and what became of each."""
    probes = task.judged_by("test")
    errors = np.array(
        [
            [_errors(task, probe.y, answer) for probe, answer in zip(probes, row, strict=True)]
            for row in learned.predictions
        ]
    )  # (stage, probe, member)
    members = tuple(
        "diverged" if not finite else "ok" if np.isfinite(column).all() else "invalid_output"
        for finite, column in zip(
            learned.finite.tolist(), errors.reshape(-1, errors.shape[-1]).T, strict=True
        )
    )
    failed = [status for status in members if status != "ok"]
    return {
        "status": "ok" if "ok" in members else failed[0],
        "members": members,
        "errors": errors.tolist(),
        "reason": _REASONS[failed[0]] if failed else "",
    }


_REASONS = {
    "diverged": "the training loss is not finite",
    "invalid_output": "predictions are not finite",
}


def _errors(task: Task, truth: Tensor, answer: Tensor) -> np.ndarray:
    return error(task.metric, answer, truth, task.scale).numpy()


def _ordinal(number: int) -> str:
    return {1: "first", 2: "second", 3: "third"}.get(number, f"{number}th")
