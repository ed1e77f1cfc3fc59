"""Small audits in this process, for tests of verifying."""

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from kansci.discover import Origin, get_model, get_task
from kansci.engines.engine import execute
from kansci.ledger import save
from kansci.models import Model
from kansci.recipe import Optimizer, Recipe
from kansci.record import Record
from kansci.suite import Cell, get_suite
from kansci.together import Job
from kansci.verification import reload, running
from kansci.verification.audit import Plan, draw
from kansci.verification.judging import judge
from kansci.verification.results import Results
from kansci.verification.running import look, train
from kansci.verification.subject import Subject
from kansci.verification.trainings import trainings
from kansci.verification.verdict import Verification

TASKS = ("feynman27/I.12.11", "bumps_1d", "poisson")
SECRET = b"sixteen bytes, or more"
RECIPE = Recipe(
    optimizers=(Optimizer(evaluations=4),),
    rates=(1e-2, 3e-2),
    tuning_seeds=(100,),
    evaluation_seeds=(0, 1),
    points=40,
)


def direct(model: Origin, function: str, *, seconds: float, purpose: str, **given: Any) -> Any:
    """What the fresh process does, in this one: a network is as new, and it takes no seconds."""
    module, _, name = function.partition(":")
    return getattr(import_module(module), name)(get_model(model.name), **given)


def in_this_process(patch: pytest.MonkeyPatch) -> None:
    """Networks are reloaded here, and no model is timed."""
    patch.setattr(reload, "errand", direct)
    patch.setattr(running, "timed", lambda model, budget: None)


def trained(home: Path, model: Model, *names: str, weights: bool = True) -> list[Record]:
    jobs = [Job((Cell(get_task(name), model, 250, RECIPE, "custom"),)) for name in names]
    found = list(execute(jobs, workers=0, gear="eager", weights=home if weights else None))
    for record in found:
        save(record, home)
    return found


def drawn(subject: Subject, secret: bytes = SECRET) -> Plan:
    what = {"name": subject.name, "bundle": subject.bundle, "secret": secret}
    return draw(subject.records, **what, yardsticks=["kan"])


def ran(plan: Plan, subject: Subject, found: Results) -> None:
    quiet = {"progress": lambda cell, steps: None, "note": lambda text: None}
    for one in trainings(plan, subject, found):
        for _ in train(one, get_suite("quick"), found, workers=0, **quiet):
            pass
    look(plan, subject, found, say=lambda text: None)


def judged(plan: Plan, subject: Subject, found: Results) -> Verification:
    names = ("secret", "retuned", "variants", "yardsticks")
    return judge(plan, subject, {name: found.records(name) for name in names}, found.apart())
