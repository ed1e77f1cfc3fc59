"""How readings are made: formulas are searched for, and each is compared with the truth.

Whatever happens ends in a Reading. A search is told to end when its time has passed, and
comparing formulas goes on in a process of its own, see `truth`.
"""

from __future__ import annotations

import time
from typing import cast

import sympy
import torch

from kansci.diagnosis import diagnosis
from kansci.environment import environment
from kansci.errors import RAISED, UserError
from kansci.formulas import function, read
from kansci.measure import error
from kansci.reading import Formula, Reading, reading_key
from kansci.record import Status
from kansci.recovery.searches import Diverged, Find, Say, Search, finds
from kansci.recovery.truth import accurate, recovered
from kansci.source import source_of
from kansci.symbolic.operon import release
from kansci.task import Task

DIGITS = 8  # of constants, significant


def truth_of(task: Task) -> sympy.Expr:
    """The formula that is to be found.

    Raises:
        UserError: for a task that is no regression on a formula.
    """
    truth = task.statement.truth if task.statement else None
    if truth is None or len(truth) != 1 or task.order:
        raise UserError(f"task {task.name}: want a regression on a formula: try 'feynman27/*'")
    return truth[0]


def blank(search: Search) -> Reading:
    """What is known before it starts; `crashed` until it is over.

    Raises:
        UserError: for a task without a formula, or genetic programming that is not installed.
    """
    task, model = search.task, search.model
    recipe = search.recipe if model else None
    budget = search.budget if model else 0
    source = source_of(model, task.dim_in, task.dim_out, budget) if model else release()
    key = reading_key(
        task_content=task.content,
        model=search.name,
        model_source=source,
        budget=budget,
        recipe=recipe,
        seeds=search.recipe.evaluation_seeds,
        settings=search.settings,
    )
    return Reading(
        key=key,
        task=task.key,
        task_content=task.content,
        cluster=task.cluster,
        truth=str(truth_of(task)),
        model=search.name,
        model_source=source,
        budget=budget,
        recipe=recipe,
        settings=search.settings,
        status="crashed",
        environment=environment(torch.device("cpu")),
    )


def perform(search: Search, start: Reading, say: Say = lambda line: None) -> Reading:
    """Fills a blank in.

    Args:
        say: is told in a line how far it is, again and again.
    """
    begun = time.process_time()
    try:
        rate, every = finds(search, say)
    except RAISED as problem:
        status, reason = diagnosis(problem)
        rest = () if status in ("not_applicable", "does_not_fit") else _lost(search, status)
        update = {"status": status, "reason": reason, "formulas": rest}
        return start.model_copy(update=update)
    found = tuple(_formula(search.task, seed, find) for seed, find in every)
    lost = [one for one in found if one.status != "ok"]
    return start.model_copy(
        update={
            "status": "ok" if len(lost) < len(found) else lost[0].status,
            "reason": lost[0].reason if lost else "",
            "rate": rate,
            "formulas": found,
            "seconds": float(f"{time.process_time() - begun:.6g}"),
        }
    )


def _formula(task: Task, seed: int, find: Find) -> Formula:
    """One formula, scored; a search that fails is a formula that was not found."""
    begun = time.process_time()
    try:
        found, edges = find()
        scored = {"edges": edges, **score(task, found)}
    except Diverged as problem:
        scored = {"status": "diverged", "reason": str(problem)}
    except RAISED as problem:
        status, reason = diagnosis(problem)
        scored = {"status": status, "reason": reason}
    spent = {"seed": seed, "seconds": time.process_time() - begun}
    return Formula.model_validate({"status": "ok", **spent, **scored})


def score(task: Task, found: sympy.Expr) -> dict[str, object]:
    """What a formula is worth, by its text alone: what is written down is what is judged."""
    assert task.statement is not None
    text = str(shortened(found))
    try:
        formula = read(text)
    except ValueError as problem:
        return {"status": "invalid_output", "reason": str(problem)[:300]}
    names, probe = task.statement.variables, task.judged_by("test")[0]
    predicted = function(formula, names)(probe.x)
    nrmse = float(error("nrmse", predicted.unsqueeze(0), probe.y, task.scale))
    ranges = dict(zip(names, task.domain, strict=True))
    result = recovered(text, truth_of(task), ranges=ranges)
    return {"text": text, "nrmse": nrmse, "accurate": accurate(nrmse), **result._asdict()}


def shortened(formula: sympy.Expr, digits: int = DIGITS) -> sympy.Expr:
    """With so many significant digits of each decimal number."""
    near = {
        number: sympy.Float(f"{float(number):.{digits}g}", digits)
        for number in formula.atoms(sympy.Float)
    }
    return cast(sympy.Expr, formula.xreplace(near))


def _lost(search: Search, status: Status) -> tuple[Formula, ...]:
    seeds = search.recipe.evaluation_seeds
    return tuple(Formula(seed=seed, status=status) for seed in seeds)
