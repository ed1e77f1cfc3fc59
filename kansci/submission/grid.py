"""Whether all cells of a suite have the Record that the model's file would make today."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from kansci.errors import UserError
from kansci.ledger import AnyRecord
from kansci.models import Model
from kansci.plan import Plan, plan
from kansci.record import FAILED, Record
from kansci.runner import unfinished
from kansci.submission.facts import Size, counts, misstated, size_of
from kansci.suite import Cell, Suite, cells
from kansci.task import Task

SHOWN = 3  # of what is missing
UNBUILT = {*FAILED, "does_not_fit", "not_applicable"}  # what a Record without a network can be


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
            changes, and the command that makes it; on which task a model says that it does not
            apply or fit, though it has the derivatives that the task takes, and a network; or
            what a Record says of its task or its network that is not so.
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
    expected = {(cell.task.key, cell.budget): cell for cell in wanted}
    sizes = counts(model, map(size_of, wanted))
    for record in found.done:
        cell = expected.pop((record.task, record.budget), None)
        reason = "want each cell of the suite once" if cell is None else _lie(record, cell, sizes)
        if reason:
            raise UserError(f"{model.name}, {record.name[:60]} at {record.budget}: {reason}")
    return found.done


def exact(model: Model, suite: Suite, records: Sequence[Record], command: str) -> None:
    """Records of all cells, as `complete`, and none beside: boards rank nobody who lacks a cell.

    Raises:
        UserError: for one too many, and as `complete`.
    """
    kept = set(map(id, complete(model, suite, records, command)))
    surplus = [record for record in records if id(record) not in kept]
    if surplus:
        one = surplus[0]
        raise UserError(
            f"{model.name}: want the Records of the suite {suite.name} alone, got {len(surplus)} "
            f"more: {one.name[:60]} at {one.budget}"
        )


def _lie(record: Record, cell: Cell, sizes: Mapping[Size, int | None]) -> str:
    """What a Record says that its cell does not; empty if nothing."""
    count = sizes[size_of(cell)] if cell.budget >= cell.task.smallest else None
    if record.status == "does_not_fit" and count is not None:
        return f"want answers of its network, which has {count} numbers, got 'does not fit'"
    failed = record.status in UNBUILT and not record.errors
    if count is None and not failed:
        return f"want a failure, as it builds no network of this size, got {record.status!r}"
    if record.parameters != count and not (failed and record.parameters is None):
        return f"want {count} parameters, as its network has, got {record.parameters}"
    if not failed and (count or 0) + record.adapted > record.budget:
        numbers = f"{count} trainable and {record.adapted} adapted"
        return f"want numbers within the budget of {record.budget}, got {numbers}"
    return misstated(record, unfinished(cell.task, cell.model, cell.budget, cell.recipe))


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
