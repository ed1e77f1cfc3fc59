"""Laws of tasks: what they give to train on is finite and in place, and what they ask is true."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace

import torch
from torch import Tensor

from kansci.equations import unsolved
from kansci.fingerprint import fingerprint
from kansci.formulas import function
from kansci.lifting.ensemble import Member
from kansci.losses import program_of
from kansci.measure import error
from kansci.models import get_model
from kansci.preparing import draw, prepare
from kansci.recipe import Optimizer, Recipe
from kansci.sampling import stream
from kansci.task import Task
from kansci.testing.questions import MEMBERS, Question
from kansci.testing.subject import DoesNotApply, Hint, apart, near, said

TRIAL = Recipe(
    optimizers=(Optimizer(evaluations=1),),
    rates=(1e-2,),
    evaluation_seeds=MEMBERS,
    dtype="float64",
    points=32,
)
EQUAL = 1e-9  # of a truth to a formula, relative to the largest; of a point to the domain
SAME = 1e-12  # of the domain: what is nearer is one point
SOLVED = 1e-12  # of a loss at the truth, relative to that of another function


def version(question: Question) -> Iterator[str]:
    """It has a name, a version from 1 on, a family and a source."""
    task = question.task
    if type(task.version) is not int or task.version < 1:
        yield f"want a whole number from 1 on as the version, got {task.version!r}"
    for field in ("name", "family"):
        if not getattr(task, field):
            yield f"want a {field}, got none"
    if not task.source:
        yield Hint("say where the problem comes from: source=...")


def samples(question: Question) -> Iterator[str]:
    """Batches are finite tensors in float64, and the same seed draws the same."""
    for number, stage in enumerate(question.task.stages):
        for batch in (stages[number] for stages in question.batches):
            for place, one in enumerate(batch):
                where = f"of stage {stage.name!r}, tensor {place}"
                if one.dtype != torch.double:
                    yield f"want float64 {where}, got {one.dtype}"
                elif not one.isfinite().all():
                    bad = int((~one.isfinite()).sum())
                    yield f"want finite numbers {where}, got {bad} that are not"
    again = Question(question.task).batches
    for one, other in zip(_flat(question.batches), _flat(again), strict=True):
        if not torch.equal(one, other):
            yield "want the same batch from the same generator, got another: draw with it alone"
            return


def domain(question: Question) -> Iterator[str]:
    """Points to learn from, and points to be judged on, lie in the domain."""
    everything = {"training points": question.points}
    everything |= {f"points of probe {probe.name!r}": probe.x for probe in question.task.probes}
    for name, x in everything.items():
        beyond = (question.unit(x).abs() > 1 + EQUAL).any(-1)
        if beyond.any():
            got = [round(one, 6) for one in x[beyond][0].tolist()]
            yield f"want {name} in {question.task.domain}, got {got}: widen the domain"


def losses(question: Question) -> Iterator[str]:
    """The loss of every stage is one finite number that depends on the network."""
    try:
        some, others = question.losses(question.smooth())(), question.losses(question.smooth(2))()
    except Exception as problem:
        yield f"want losses of a smooth function, got {said(problem)}"
        return
    for stage, one, other in zip(question.task.stages, some, others, strict=True):
        if one.dim() != 0:
            yield f"want one number as the loss of stage {stage.name!r}, got {tuple(one.shape)}"
        elif not one.isfinite():
            yield f"want a finite loss of stage {stage.name!r}, got {one.item()}"
        elif one == other:
            yield f"want a loss of stage {stage.name!r} that depends on the network: it does not"


def order(question: Question) -> Iterator[str]:
    """Its losses take the derivatives that it declares, and no higher ones."""
    declared = question.task.order
    if not _finite(question, declared):
        taken = next((k for k in range(declared + 1, declared + 5) if _finite(question, k)), "more")
        yield f"want order={taken}, got {declared}: a loss takes a higher derivative than declared"
    elif declared > 0 and _finite(question, declared - 1):
        taken = next(k for k in range(declared) if _finite(question, k))
        yield f"want order={taken}, got {declared}: no loss takes so high a derivative"


def _finite(question: Question, order: int) -> bool:
    found = question.losses(question.breaking_after(order))()
    return all(bool(one.isfinite()) for one in found)


def truth(question: Question) -> Iterator[str]:
    """The truth solves every equation and every condition, by sympy."""
    statement = question.task.statement
    if statement is None or statement.truth is None:
        raise DoesNotApply("there is no statement with a formula as the truth")
    yield from (f"want a truth that solves {rest}" for rest in unsolved(statement))


def answers(question: Question) -> Iterator[str]:
    """The answers at the probes are those of the truth's formula."""
    statement = question.task.statement
    if statement is None or statement.truth is None:
        raise DoesNotApply("there is no statement with a formula as the truth")
    formulas = [function(formula, statement.variables) for formula in statement.truth]
    for probe in question.task.probes:
        y = torch.cat([formula(probe.x) for formula in formulas], -1)
        off = apart(y, probe.y)
        if off > EQUAL:
            yield f"want probe {probe.name!r} to hold the truth, got {off:.2g} of the largest away"


def solved(question: Question) -> Iterator[str]:
    """The loss of every stage is 0 at the truth."""
    statement = question.task.statement
    if statement is None or statement.truth is None:
        raise DoesNotApply("there is no statement with a formula as the truth")
    formulas = [function(formula, statement.variables) for formula in statement.truth]

    def exact(x: Tensor) -> Tensor:
        return torch.cat([formula(x) for formula in formulas], -1)

    found, others = question.losses(exact)(), question.losses(question.smooth())()
    for stage, one, other in zip(question.task.stages, found, others, strict=True):
        if not one <= SOLVED * other:
            yield f"want a loss of 0 at the truth in stage {stage.name!r}, got {one.item():.3g}"


def probes_apart(question: Question) -> Iterator[str]:
    """No point that it is judged on is one to learn from, nor one on which rates are chosen."""
    task = question.task
    test = task.judged_by("test")
    known = {"training points": question.points}
    known |= {f"probe {p.name!r} of validation": p.x for p in task.judged_by("validation")}
    if task.tuning is not None:
        known["training points of its tuning task"] = Question(task.tuning).points
    for probe in test:
        for name, x in known.items():
            shared = _shared(question.unit(probe.x), question.unit(x))
            # A probe on an even grid meets edges that conditions are asked on: no answers lie there
            if shared > (0 if task.order == 0 else len(probe.x) // 10):
                yield f"want probe {probe.name!r} apart from {name}, got {shared} points of both"


def _shared(x: Tensor, others: Tensor) -> int:
    """How many of some points are among others, to a hair."""
    cells = {tuple(row) for row in torch.round(others / SAME).long().tolist()}
    return sum(tuple(row) in cells for row in torch.round(x / SAME).long().tolist())


def tuning(question: Question) -> Iterator[str]:
    """Rates can be chosen without the answers on which it is judged."""
    task = question.task
    if task.tuning is not None:
        if task.tuning.tuning is not None:
            yield "want a tuning task that is tuned on by itself, got one with a tuning task"
        mine, its = _sizes(task), _sizes(task.tuning)
        if mine != its:
            yield f"want a tuning task of the same inputs, outputs and stages {mine}, got {its}"
        if not task.tuning.judged_by("validation"):
            yield "want validation probes of the tuning task, got none"
    elif len(task.stages) > 1:
        yield "want a tuning task of other targets where stages follow one another, got none"
    elif not task.judged_by("validation") and task.metric != "relative_l2":
        yield "want validation probes, or a loss that says itself how well it is solved; got none"


def _sizes(task: Task) -> tuple[int, int, int]:
    return task.dim_in, task.dim_out, len(task.stages)


def trivial(question: Question) -> Iterator[str]:
    """The trivial predictor has the trivial error, to a factor of three."""
    task = question.task
    if task.metric == "error_rate":
        raise DoesNotApply("a guess among classes is no function")
    tests = task.judged_by("test")
    guess = task.scale.mean if task.metric == "nrmse" else 0.0
    y = torch.cat([probe.y for probe in tests])
    found = error(task.metric, torch.full_like(y, guess)[None], y, task.scale).item()
    if not task.trivial / 3 <= found <= 3 * task.trivial:
        wanted = f"an error of about {task.trivial:g} for the constant {guess:.3g}"
        yield f"want {wanted}, got {found:.3g}: scale is of all that is to be learned"


def content(question: Question) -> Iterator[str]:
    """Its content hash is the same every time, and another with another version."""
    task = question.task
    first, again = fingerprint(task), fingerprint(task)
    if first != again:
        yield "want the same content hash every time, got two: draw points with the generator alone"
    elif fingerprint(replace(task, version=task.version + 1)) == first:
        yield "want another content hash of another version, got the same"


def trains(question: Question) -> Iterator[str]:
    """Members train on it together: gradients by the weights are finite, and those of a loop."""
    task, recipe = question.task, TRIAL
    members = [Member(seed, recipe.rates[0]) for seed in MEMBERS]
    budget = max(task.smallest, 250 * task.dim_in)
    ensemble = prepare([task], get_model("mlp-tanh"), budget, recipe, members)
    for stage in task.stages:
        batch = draw(ensemble, [stage], recipe, [stream("points", seed) for seed in MEMBERS])
        loss = program_of(stage.loss)
        try:
            found, _ = ensemble.gradients(loss)(ensemble.flat, *ensemble.fixed.values(), *batch)
        except Exception as problem:
            yield f"want a loss of one network that torch.vmap lifts, got {said(problem)}"
            return
        ensemble.lifted = False
        wanted, _ = ensemble.gradients(loss)(ensemble.flat, *ensemble.fixed.values(), *batch)
        ensemble.lifted = True
        if not found.isfinite().all():
            yield f"want finite gradients in stage {stage.name!r}, got some that are not"
        elif not near(found, wanted):
            yield f"want the gradients of a loop in stage {stage.name!r}, got others when lifted"


def _flat(batches: list[list[tuple[Tensor, ...]]]) -> Iterator[Tensor]:
    return itertools.chain.from_iterable(itertools.chain.from_iterable(batches))
