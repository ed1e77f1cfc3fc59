"""Which cells a command is about: a suite, or what is chosen in its place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from kansci.discover import find_tasks
from kansci.errors import UserError
from kansci.ledger import AnyRecord, load_records
from kansci.models import Model, list_models
from kansci.sandbox import named
from kansci.suite import Cell, Suite, cells, get_recipe, get_suite
from kansci.task import Task

SuiteName = Annotated[
    str,
    typer.Option(
        help="demo, quick, long, continual, digits, standard, full, patient, other-dtype, "
        "standard-joint, quick-joint, quick-patient, quick-other-dtype, reference or "
        "standard-reference."
    ),
]
Models = Annotated[
    list[str] | None,
    typer.Option(help="NAME, FILE.py or package.module:name; in place of the suite's. Repeatable."),
]
Tasks = Annotated[
    list[str] | None,
    typer.Option(help="NAME, pattern or FILE.py; instead of the suite's. Repeatable."),
]
Budgets = Annotated[
    list[int] | None,
    typer.Option(help="Budget of trainable numbers; instead of the suite's. Repeatable."),
]
RecipeName = Annotated[
    str | None,
    typer.Option(help="How to train, in place of the suite's recipes: adam, sparse, lbfgs, ..."),
]
Out = Annotated[
    Path | None, typer.Option(help="Folder of Records; by default kansci-records/SUITE.")
]


class Selection(NamedTuple):
    """What a command is about.

    Attributes:
        timed: models whose speed belongs to it.
        whole: whether it is all of the suite.
    """

    suite: Suite
    cells: list[Cell]
    timed: list[Model]
    whole: bool

    @property
    def head(self) -> str:
        if self.whole:
            return f"Suite {self.suite.name}: {self.suite.about}"
        return f"Recipes of the suite {self.suite.name}"

    def folder(self, out: Path | None) -> Path:
        return out or Path("kansci-records") / self.suite.name


def select(
    suite: str,
    model: list[str] | None,
    task: list[str] | None,
    parameters: list[int] | None,
    recipe: str | None = None,
) -> Selection:
    """From the words of a command to its cells.

    Raises:
        UserError: for a name that nothing has, a name that two have, or a budget below 1.
    """
    chosen = get_suite(suite) if recipe is None else get_suite(suite).by(get_recipe(recipe))
    models = distinct([named(name) for name in model or chosen.models])
    tasks = once([one for text in task for one in find_tasks(text)]) if task else None
    budgets = list(dict.fromkeys(positive(parameters) or ())) or None
    wanted = cells(chosen, models=models, tasks=tasks, parameters=budgets)
    timed = models if chosen.speed_budget and tasks is None else []
    return Selection(chosen, wanted, timed, whole=not (model or task or parameters))


def positive(budgets: list[int] | None) -> list[int] | None:
    """Budgets as they are.

    Raises:
        UserError: for one below 1.
    """
    for budget in budgets or ():
        if budget < 1:
            raise UserError(f"--parameters {budget}: want at least 1")
    return budgets


def distinct(models: list[Model]) -> list[Model]:
    """Models as they are.

    Raises:
        UserError: if two have one name, or one of the user's has a name of the zoo.
    """
    for name in repeated(one.name for one in models):
        raise UserError(f"two models are called {name!r}: want one name each")
    for one in models:
        if one.entry is None and one.name in list_models():
            raise UserError(f"a model of the zoo is called {one.name!r}: choose another name")
    return models


def once(tasks: list[Task]) -> list[Task]:
    """Tasks, each once, though several patterns may name it.

    Raises:
        UserError: if two that differ have one name.
    """
    tasks = list(dict.fromkeys(tasks))
    for name in repeated(one.name for one in tasks):
        raise UserError(f"two tasks are called {name!r}: want one name each")
    return tasks


def repeated(names: Iterable[str]) -> list[str]:
    """Names that come more than once."""
    return [name for name, count in Counter(names).items() if count > 1]


def present(folder: Path) -> list[AnyRecord]:
    """The Records of a folder; none, if there is no such folder yet.

    Raises:
        UserError: if a file in it is no Record.
    """
    return load_records(folder) if folder.is_dir() else []


def writable(folder: Path) -> Path:
    """The folder, made where it is missing.

    Raises:
        UserError: if nothing can be written into it.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        trial = folder / ".writable"
        trial.touch()
        trial.unlink(missing_ok=True)  # another shard may try the folder at this moment
    except OSError as error:
        raise UserError(f"{folder}: want a folder to write into, got: {error}") from error
    return folder


def spoken(seconds: float) -> str:
    """`90 s`, `4 min`, `2.5 h`."""
    if seconds < 90:
        return f"{max(seconds, 1):.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5_400 else f"{seconds / 3_600:.1f} h"
