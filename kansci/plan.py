"""What a command has to do: which cells have their Record, and which jobs are to run.

Pure: from cells and the Records at hand to a plan; nothing is trained, read or written.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import cache
from hashlib import sha256
from statistics import median
from typing import NamedTuple, get_args

from kansci.errors import UnknownName, UserError
from kansci.ledger import AnyRecord
from kansci.recipe import Recipe
from kansci.record import FAILED, Record, Status, record_key
from kansci.source import source_of
from kansci.suite import Cell
from kansci.together import Job, together

Kind = tuple[str, int, str, str]  # model, or none; budget, family, recipe


class Shard(NamedTuple):
    """One of `count` parts of the jobs, numbered from 1."""

    index: int
    count: int

    def __str__(self) -> str:
        return f"{self.index}/{self.count}"

    def holds(self, keys: Sequence[str]) -> bool:
        """Whether the job of these cells belongs here; what else there is to run does not matter.

        A part may be empty: the hash deals jobs out without looking at them.
        """
        number = int.from_bytes(sha256("\0".join(keys).encode()).digest()[:8], "big")
        return number % self.count == self.index - 1


class Plan(NamedTuple):
    """What is there and what is to do.

    Attributes:
        done: Records that stand, failures among them.
        jobs: to run, each as a whole.
        missing: the cells whose Records are wanted of the jobs, by key; Records of other cells
            are there already, and those that a job makes again are not kept.
        stale: Records of another task content, model source, recipe or protocol, whose files the
            missing ones will replace.
    """

    done: list[Record]
    jobs: list[Job]
    missing: dict[str, Cell]
    stale: list[Record]


def plan(
    cells: Iterable[Cell],
    records: Iterable[AnyRecord],
    *,
    retry: Collection[Status] = (),
    shard: Shard | None = None,
    fresh: bool = False,
) -> Plan:
    """A cell is done if a Record has its key, whatever became of it.

    The jobs are formed of all cells, as if nothing were done: the last digits of a network may
    depend on who trains beside it, and an interrupted run shall end with the numbers of one that
    was not. So a job of which any cell is missing runs as a whole, and only the missing Records
    are kept of it. A cell that is retried runs alone, as what broke it may have been its company,
    unless its job runs anyway.

    Args:
        retry: a Record of one of these statuses counts as missing.
        shard: leaves out the jobs, and the Records, of all other parts.
        fresh: every cell is missing.
    """
    known = {record.key: record for record in records if isinstance(record, Record)}
    found = Plan([], [], {}, [])
    key_of = _keys()
    for job in together(cells):
        keys = {key_of(cell): cell for cell in job.cells}
        if shard is not None and not shard.holds(list(keys)):
            continue
        missing = {key: cell for key, cell in keys.items() if fresh or key not in known}
        again = {
            key: cell
            for key, cell in keys.items()
            if key not in missing and known[key].status in retry
        }
        found.done.extend(known[key] for key in keys if key not in missing and key not in again)
        found.jobs.extend([job] if missing else [Job((cell,)) for cell in again.values()])
        found.missing.update(missing | again)
    return found._replace(stale=_stale(found.missing, known.values()))


def _keys() -> Callable[[Cell], str]:
    source = cache(source_of)  # tasks of equal dimensions share it, and a hash builds networks

    def key_of(cell: Cell) -> str:
        task = cell.task
        return record_key(
            task_content=task.content,
            model=cell.model.name,
            model_source=source(cell.model, task.dim_in, task.dim_out, cell.budget),
            budget=cell.budget,
            recipe=cell.recipe,
        )

    return key_of


def _stale(missing: dict[str, Cell], records: Iterable[Record]) -> list[Record]:
    """Records whose place in a folder is that of a missing one, under another key."""
    places = {(c.model.name, c.task.name, c.budget, c.suite): key for key, c in missing.items()}

    def superseded(record: Record) -> bool:
        place = (record.model, record.name, record.budget, record.suite)
        return places.get(place, record.key) != record.key

    return [record for record in records if superseded(record)]


def steps_of(cell: Cell) -> int:
    """Evaluations of loss and gradient of a cell, tuning included, for progress."""
    if not cell.model.applies(cell.task.order):
        return 0
    tuner = cell.task.tuning or cell.task
    return cell.recipe.evaluations * (len(tuner.stages) + len(cell.task.stages))


def estimate(jobs: Iterable[Job], records: Iterable[AnyRecord] = ()) -> float:
    """About how many seconds jobs take on one core.

    A cell takes as long as the median of those Records that have its budget, recipe and task
    family, of the same model if there are any, else of all models; without such Records, as long
    as the formula says: a member's evaluation was measured at half a millisecond and one
    microsecond a point, six times that where the loss takes derivatives; it grows with the root
    of the budget.
    """
    measured: dict[Kind, list[float]] = defaultdict(list)
    for record in records:
        if isinstance(record, Record) and record.status == "ok":
            for model in (record.model, ""):
                measured[_kind(model, record.budget, record.family, record.recipe)].append(
                    record.seconds
                )
    return sum(_seconds(cell, measured) for job in jobs for cell in job.cells)


def _kind(model: str, budget: int, family: str, recipe: Recipe) -> Kind:
    return model, budget, family, recipe.content()


def _seconds(cell: Cell, measured: dict[Kind, list[float]]) -> float:
    if not cell.model.applies(cell.task.order):
        return 0.0
    for model in (cell.model.name, ""):
        seconds = measured.get(_kind(model, cell.budget, cell.task.family, cell.recipe))
        if seconds:
            return median(seconds)
    recipe = cell.recipe
    points = recipe.points or cell.task.stages[0].points
    each = 0.5e-3 + 1e-6 * points * (6 if cell.task.order else 1)
    members = len(recipe.rates) * len(recipe.tuning_seeds) + len(recipe.evaluation_seeds)
    return steps_of(cell) / 2 * members * each * (cell.budget / 250) ** 0.5


def statuses(names: Iterable[str]) -> frozenset[Status]:
    """What `--retry` means: `failed` for every failure, or statuses, with commas if several.

    Raises:
        UnknownName: for what is no status of a Record; `ok` is none to retry.
    """
    known: dict[str, frozenset[Status]] = {
        status: frozenset({status}) for status in get_args(Status) if status != "ok"
    }
    known["failed"] = FAILED
    chosen: frozenset[Status] = frozenset()
    for name in (part.strip() for text in names for part in text.split(",")):
        if name not in known:
            raise UnknownName("status to retry", name, known)
        chosen |= known[name]
    return chosen


def read_shard(text: str) -> Shard:
    """`3/64` is the third of 64 parts.

    Raises:
        UserError: unless it is i/n with 1 <= i <= n.
    """
    index, slash, count = text.partition("/")
    if slash and index.isdecimal() and count.isdecimal() and 1 <= int(index) <= int(count):
        return Shard(int(index), int(count))
    raise UserError(
        f"--shard {text}: want i/n with 1 <= i <= n, 3/64 for instance; number the jobs of an "
        "array from 1"
    )
