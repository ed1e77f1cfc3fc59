"""Whether all cells of a suite have the Record that the model's file would make today."""

from __future__ import annotations

from collections.abc import Iterable

from kansci.errors import UserError
from kansci.ledger import AnyRecord
from kansci.models import Model
from kansci.plan import Plan, plan
from kansci.record import Record
from kansci.suite import Suite, cells
from kansci.task import Task

SHOWN = 3  # of what is missing


def complete(
    model: Model, suite: Suite, records: Iterable[AnyRecord], command: str
) -> list[Record]:
    """The Records of all cells of a suite, failures among them.

    A cell is its task's content, the source of the model, the budget and the recipe; so Records of
    another version of the file, of a task or of kansci's models do not count.

    Args:
        command: that makes what is missing.

    Raises:
        UserError: says what is missing, what was made of another source or in a checkout with
            changes, and the command that makes it; or on which task a model says that it does
            not apply, which has the derivatives that the task takes.
    """
    wanted = cells(suite, models=[model])
    found = plan(wanted, records)
    if found.missing:
        raise UserError(f"{model.name}: {_missing(found, len(wanted), suite)}; make it: {command}")
    dirty = [record for record in found.done if record.environment.dirty]
    if dirty:
        raise UserError(
            f"{model.name}: want Records of a kansci that others have, got {len(dirty)} made in a "
            f"checkout with changes of its own; commit or remove them, then: {command} --fresh"
        )
    orders = {cell.task.name: cell.task.order for cell in wanted}
    silent = (one for one in found.done if one.status == "not_applicable")
    dodged = [one.name for one in silent if model.applies(orders[one.name])]
    if dodged:
        raise UserError(
            f"{model.name}: want answers on {dodged[0]}, of which it has all derivatives, got 'not "
            f"applicable'; let the network answer, or state fewer `derivatives`; then: {command}"
        )
    return found.done


def _missing(found: Plan, wanted: int, suite: Suite) -> str:
    names = [_cell(cell.task, cell.budget) for cell in found.missing.values()]
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    said = f"want all {wanted} Records of the suite {suite.name}, got {wanted - len(names)}: "
    said += f"none of {', '.join(names[:SHOWN])}{more}"
    if found.stale:
        said += f" ({len(found.stale)} there are of another source than the file has now)"
    return said


def _cell(task: Task, budget: int) -> str:
    return f"{task.name} at {budget}"
