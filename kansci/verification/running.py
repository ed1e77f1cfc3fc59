"""Runs a plan: trains what it names, reloads networks, times the model. No secret comes here."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence

import torch

from kansci.children.hearing import Progress, Tell
from kansci.engines.engine import execute
from kansci.errors import DoesNotFit, UserError
from kansci.ledger import pass_over, save
from kansci.record import Record
from kansci.sandbox import available
from kansci.sandbox.servers import close_servers
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


def begin(plan: Plan, subject: Subject, results: Results) -> str:
    """Why there is nothing to train for, written into the folder of results; empty, if there is.

    Trainings take hours: what flags whatever comes of them is found out before.

    Raises:
        UserError: if the plan is of another bundle.
    """
    audited_of(plan, subject)
    isolated, isolation = _isolation(subject, results)
    incomplete = _incomplete(subject)
    if incomplete:
        found = Apart(
            plan=plan.digest,
            incomplete=incomplete,
            isolation=isolation,
            isolated=isolated,
            reloads=(),
            speed=None,
        )
        results.write(found)
        if subject.file:
            close_servers(subject.file)
    return incomplete


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
        else:
            pass_over(record, home)


def look(plan: Plan, subject: Subject, results: Results, *, say: Callable[[str], None]) -> Apart:
    """What is found without training, once all is trained; written into the folder of results.

    Nobody asks the model anything after this: its sandboxes are closed.

    Args:
        say: hears what is done now.
    """
    origin = subject.origin(results.folder)
    isolated, isolation = _isolation(subject, results)
    try:
        reloads: list[Reload] = []
        for one in _on_file(plan, subject, results):
            say(f"reloading {one.record.name}")
            reloads.append(reloaded(origin, one))
        say("examining")
        trained = [one for one in audited_of(plan, subject) if one.errors]  # others say they failed
        unlawful = broken(origin, trained) if subject.file else ()
        say("timing")
        speed = timed(origin, limits_of(plan.suite).speed_budget or BUDGET)
    finally:
        close_servers(origin.file)
    found = Apart(
        plan=plan.digest,
        incomplete="",  # `begin` has looked, or nothing would have been trained
        isolation=isolation,
        isolated=isolated,
        reloads=tuple(reloads),
        unlawful=unlawful,
        speed=speed,
    )
    results.write(found)
    return found


def _on_file(plan: Plan, subject: Subject, results: Results) -> Sequence[Kept]:
    """Audited Records whose networks are there: those of the secret seeds, and submitted ones.

    Of each the first few in the order of the plan, which is drawn and spread over families; who
    submits may leave networks out, and so choose among the latter alone.
    """
    audited = [one for one in audited_of(plan, subject) if one.errors]
    own = [Kept(one, subject.home, "submitted") for one in audited if kept(one, subject.home)]
    home = results.of("secret")
    again = {
        (one.task, one.budget): one
        for one in results.records("secret")
        if one.recipe.evaluation_seeds == plan.seeds  # a folder may hold an older plan's
    }
    places = [(one.task, one.budget) for one in plan.audited]
    found = [again[place] for place in places if place in again]
    secret = [Kept(one, home, "secret") for one in found if one.errors and kept(one, home)]
    return [*secret[:RELOADED], *own[:RELOADED]]


def _incomplete(subject: Subject) -> str:
    """Why submitted Records are not those of all cells, made of the source that was submitted.

    Or why they are not those of a name of their own.
    """
    if subject.file is None:
        return ""
    command, bundle = "kansci run, then kansci submit", subject.file.parent
    try:
        free_name(subject.name, bundle.parent, own=bundle)
        model = subject.model()
        if model.name != subject.name:
            return (
                f"{subject.name}: want a file whose model has that name, got {model.name!r}; "
                f"change the file, then: {command}"
            )
        exact(model, get_suite(subject.suite), subject.records, command)
    except (UserError, DoesNotFit) as error:
        return str(error)
    return ""


def _isolation(subject: Subject, results: Results) -> tuple[bool, str]:
    """Whether something kept submitted code apart in this run and those before it, and in words."""
    if subject.file is None:
        return True, "A model of the zoo is not isolated."
    kind = available()
    if not kind.isolated:
        results.expose(kind.sentence)
    said = results.exposed()
    return not said, said or kind.sentence
