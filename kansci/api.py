"""What Python users call: run, fit, rank."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from torch import nn

from kansci.boards import board as boards
from kansci.boards.board import AnyRecord, Board, Row
from kansci.boards.reference import Reference
from kansci.discover import find_model, get_task, home, load
from kansci.engines.engine import choose_device, isolated
from kansci.errors import UnknownName, UserError
from kansci.judging import chosen
from kansci.lifting.ensemble import Member
from kansci.models import Model
from kansci.preparing import prepare
from kansci.recipe import Recipe
from kansci.record import Record
from kansci.sandbox import named
from kansci.submission.ledger import load_ledger
from kansci.suite import Cell, get_suite
from kansci.task import Task
from kansci.together import Job
from kansci.training import learn, rates_of, tune


def run(
    task: str | Task,
    model: str | Model,
    *,
    parameters: int = 250,
    suite: str = "quick",
    recipe: Recipe | None = None,
    device: str = "auto",
) -> Record:
    """One model on one task at one budget: tuned, trained on all seeds, judged.

    Whatever happens to the model ends in the Record's `status` and `reason`. It is trained in a
    process of its own, within the memory of the suite and, with its recipe, within its time; the
    first call waits some seconds until that process can start. A model's file is loaded in its
    sandbox only, and never here; see docs/isolation.md. A Task or a Model that was made by
    hand, and that no name or file leads to, is trained in the calling process, without limits.

    Args:
        task: a name or a Task; a model likewise, or the path of a file that defines one.
        parameters: the budget of trainable numbers.
        suite: whose recipe for the task's family, and whose limits, are used; with a `recipe` of
            one's own there is no limit on time.
        device: `auto`, `cpu` or `cuda`.

    Raises:
        UserError: for a name that nothing has, or a device that is not there.
    """
    cell = _cell(task, named(model) if isinstance(model, str) else model, parameters, suite, recipe)
    limits = get_suite(suite)
    seconds = float("inf") if recipe else limits.seconds
    where = choose_device(device)
    return isolated(Job((cell,)), device=where, seconds=seconds, memory=limits.memory)[0]


def fit(
    task: str | Task,
    model: str | Model,
    *,
    parameters: int = 250,
    suite: str = "quick",
    recipe: Recipe | None = None,
    device: str = "auto",
) -> nn.Module:
    """A trained network that maps the task's own units, `(*, in)` to `(*, out)`, on the CPU.

    Tuned as `run` does; trained on the first evaluation seed.

    Raises:
        UserError: for a name that nothing has, or a device that is not there; what the model
            itself raises is raised here.
    """
    cell = _cell(task, model, parameters, suite, recipe)
    what = (cell.model, cell.budget, cell.recipe)
    where = choose_device(device)
    tuned = tune([cell.task], *what, device=where)
    rate = chosen(cell.task, cell.recipe, tuned[0], rates_of(cell.model, cell.recipe)).rate
    member = Member(cell.recipe.evaluation_seeds[0], rate)
    ensemble = prepare([cell.task], *what, [member], device=where)
    learn(ensemble, [cell.task], cell.recipe, None, fitted=cell.model.fitted)
    return ensemble.network(0).eval()


def _cell(
    task: str | Task, model: str | Model, budget: int, suite: str, recipe: Recipe | None
) -> Cell:
    task = get_task(task) if isinstance(task, str) else task
    model = find_model(model) if isinstance(model, str) else model
    name = "custom" if recipe else suite
    return Cell(task, model, budget, recipe or get_suite(suite).recipe(task.family), name)


def list_boards() -> list[str]:
    """Names of all leaderboards."""
    return sorted(path.stem for path in home("leaderboards").glob("*.py"))


def get_board(name: str) -> Board:
    """The leaderboard of that name.

    Raises:
        UnknownName: says which names come close.
    """
    if name not in list_boards():
        raise UnknownName("leaderboard", name, list_boards())
    path = home("leaderboards") / f"{name}.py"
    board = getattr(load(path), "board", None)
    if not isinstance(board, Board):
        raise UserError(f"{path}: want `board = Board(...)`, got {board!r}")
    return board


def frozen_reference() -> Reference | None:
    """The reference MLP's errors as they were frozen, against which leads are measured."""
    path = home("leaderboards") / "reference.json"
    return Reference.load(path) if path.is_file() else None


def rank(board: str | Board, records: Iterable[AnyRecord] | str | Path) -> list[Row]:
    """The rows of a leaderboard, the best first.

    Args:
        records: Records, as `load_records` reads them, or a folder of them; of a ledger, those of
            submissions, too.
    """
    found = load_ledger(records) if isinstance(records, str | Path) else records
    asked = get_board(board) if isinstance(board, str) else board
    return boards.rank(asked, found, frozen_reference())
