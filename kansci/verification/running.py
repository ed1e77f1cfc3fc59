"""Runs a plan: trains what it names, reloads networks, times the model. No secret comes here."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence

import torch

from kansci.children.hearing import Progress, Tell
from kansci.engines.engine import execute
from kansci.errors import UserError
from kansci.ledger import save
from kansci.record import Record
from kansci.sandbox import available
from kansci.submission.grid import exact
from kansci.submission.names import free_name
from kansci.suite import Suite, get_suite, limits_of
from kansci.verification.audit import RELOADED, Plan
from kansci.verification.lawful import broken
from kansci.verification.reload import Kept, reloaded, timed
from kansci.verification.results import Apart, Reload, Results
from kansci.verification.subject import Subject
from kansci.verification.trainings import Training, audited_of
from kansci.weights import kept

BUDGET = 250  # at which a model is timed where its suite names none


def train(
    training: Training,
    suite: Suite,
    results: Results,
    *,
    workers: int,
    device: torch.device | str = "cpu",
    progress: Progress,
    note: Tell,
) -> Generator[Record, None, None]:
    """Trains what is left of a group; every Record is a file before anything else happens to it."""
    home = results.of(training.group)
    records = execute(
        training.work.jobs,
        device=device,
        seconds=suite.seconds,
        memory=suite.memory,
        workers=workers,
        weights=home if training.group == "secret" else None,
        progress=progress,
        note=note,
    )
    for record in records:
        if record.key in training.work.missing:  # not what a job made again on the way
            save(record, home)
            yield record


def look(plan: Plan, subject: Subject, results: Results, *, say: Callable[[str], None]) -> Apart:
    """What is found without training, once all is trained; written into the folder of results.

    Args:
        say: hears what is done now.
    """
    origin = subject.origin(results.folder)
    reloads: list[Reload] = []
    for one in _on_file(plan, subject, results):
        say(f"reloading {one.record.name}")
        reloads.append(reloaded(origin, one))
    audited = audited_of(plan, subject)
    say("examining")
    unlawful = broken(origin, audited) if subject.file else ()
    say("timing")
    found = Apart(
        plan=plan.digest,
        incomplete=_incomplete(subject),
        isolation=available().sentence if subject.file else "A model of the zoo is not isolated.",
        reloads=tuple(reloads),
        unlawful=unlawful,
        speed=timed(origin, limits_of(plan.suite).speed_budget or BUDGET),
    )
    results.write(found)
    return found


def _on_file(plan: Plan, subject: Subject, results: Results) -> Sequence[Kept]:
    """Audited Records whose networks are there: those of the secret seeds, and submitted ones.

    Of each the first few; who submits may leave networks out, and so choose among the latter alone.
    """
    audited = [one for one in audited_of(plan, subject) if one.errors]
    own = [Kept(one, subject.home, "submitted") for one in audited if kept(one, subject.home)]
    home = results.of("secret")
    asked = {(one.task, one.budget) for one in plan.audited}  # a folder may hold an older plan's
    again = (
        one
        for one in results.records("secret")
        if (one.task, one.budget) in asked and one.recipe.evaluation_seeds == plan.seeds
    )
    secret = [Kept(one, home, "secret") for one in again if one.errors and kept(one, home)]
    return [*secret[:RELOADED], *own[:RELOADED]]


def _incomplete(subject: Subject) -> str:
    """Why submitted Records are not those of all cells, made of the source that was submitted."""
    if subject.file is None:
        return ""
    command = "kansci run, then kansci submit"
    try:
        free_name(subject.name, subject.home.parent, own=subject.home)
        exact(subject.model(), get_suite(subject.suite), subject.records, command)
    except UserError as error:
        return str(error)
    return ""
