"""Which networks a plan trains: those of the submitted model again, of variants, of yardsticks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from kansci.discover import find_tasks, get_task
from kansci.errors import UserError
from kansci.ledger import write_atomically
from kansci.models import Model, get_model
from kansci.plan import Plan as Work
from kansci.plan import plan as planned
from kansci.recipe import Recipe
from kansci.record import Record
from kansci.suite import Cell
from kansci.task import Task
from kansci.verification.audit import Plan
from kansci.verification.results import Group, Results
from kansci.verification.subject import Subject
from kansci.verification.variants import file_of, public_name


class Training(NamedTuple):
    """What is trained for one group, less what the folder of results has already."""

    group: Group
    work: Work


def trainings(plan: Plan, subject: Subject, results: Results) -> list[Training]:
    """All groups of a plan, and what is left to do of each.

    Raises:
        UserError: if the plan is of another bundle.
    """
    audited = audited_of(plan, subject)
    model = subject.model()
    varied = _variants(plan, results)
    cells: dict[Group, list[Cell]] = {
        "secret": [_again(record, model, plan) for record in audited],
        "retuned": [_retuned(one, model, plan) for one in audited if one.key in plan.retuned],
        "variants": [_as(one, task, model, plan) for one, task in _pairs(audited, varied)],
        "yardsticks": [
            _as(record, task, get_model(name), plan)
            for record, variant in _pairs(audited, varied)
            for task in (get_task(record.name), variant)
            for name in plan.yardsticks
        ],
    }
    return [
        Training(group, planned(found, results.records(group))) for group, found in cells.items()
    ]


def audited_of(plan: Plan, subject: Subject) -> list[Record]:
    """The submitted Records that are audited, in the order of the plan.

    Raises:
        UserError: if the plan is of another bundle, or names a Record that is not there.
    """
    for what, wanted, got in (
        ("bundle", subject.bundle, plan.bundle),
        ("model", subject.name, plan.name),
        ("suite", subject.suite, plan.suite),
    ):
        if wanted != got:
            raise UserError(
                f"{subject.name}: want the plan of {what} {wanted[:40]}, got that of {got[:40]}; "
                "draw another"
            )
    known = {record.key: record for record in subject.records}
    if missing := [one for one in plan.audited if one.key not in known]:
        raise UserError(
            f"{subject.name}: want the Record of {missing[0].task}, got none of its key"
        )
    return [known[one.key] for one in plan.audited]


def _again(record: Record, model: Model, plan: Plan) -> Cell:
    """From secret seeds, at the rate of the submitted Record, which is tried alone.

    Settings of a control are no rates: it tries all of them again.
    """
    changes: dict[str, object] = {"evaluation_seeds": plan.seeds}
    if record.rate is not None and not model.settings:
        changes |= {"rates": (record.rate,), "tuning_seeds": record.recipe.tuning_seeds[:1]}
    return _cell(record, get_task(record.name), model, changes)


def _retuned(record: Record, model: Model, plan: Plan) -> Cell:
    """With all rates on the public tuning seeds, as whoever submitted should have done."""
    return _cell(record, get_task(record.name), model, {"evaluation_seeds": plan.seeds[:1]})


def _as(record: Record, task: Task, model: Model, plan: Plan) -> Cell:
    """Another task as that of a Record, tuned on it."""
    return _cell(record, task, model, {"evaluation_seeds": plan.seeds})


def _cell(record: Record, task: Task, model: Model, changes: dict[str, object]) -> Cell:
    recipe = Recipe.model_validate({**dict(record.recipe), **changes})
    return Cell(task, model, record.budget, recipe, record.suite)


def _pairs(audited: list[Record], variants: dict[str, Task]) -> Iterator[tuple[Record, Task]]:
    for record in audited:
        if record.name in variants:
            yield record, variants[record.name]


def _variants(plan: Plan, results: Results) -> dict[str, Task]:
    """Variants by their public names, out of a file, so that other processes find them, too."""
    if not plan.varied:
        return {}
    file: Path = results.folder / "variants.py"
    write_atomically(file, file_of(plan.varied, plan.variant))
    return {public_name(task.name): task for task in find_tasks(str(file))}
