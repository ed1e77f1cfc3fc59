"""Definitions are files, loaded by path and never imported: tasks, boards, models of one's own.

The name of a task begins with that of its file, so that one task is found without loading all:
`feynman/I.12.1` in `tasks/*/feynman.py`. What stands in brackets behind it are options of the
task, `feynman/I.12.1[noise=0.01]`.
"""

from __future__ import annotations

import importlib.util
import re
import sys
import traceback
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from fnmatch import fnmatchcase
from functools import cache
from hashlib import sha256
from pathlib import Path
from types import ModuleType
from typing import NamedTuple
from weakref import WeakKeyDictionary

from kansci import models
from kansci.errors import RAISED, UnknownName, UserError
from kansci.installed import find_installed
from kansci.models import Model
from kansci.models.model import Option
from kansci.models.naming import accepted, join, read
from kansci.task import Task

PACKAGE = Path(__file__).resolve().parent


class Origin(NamedTuple):
    """Where another process finds a task or a model again.

    Attributes:
        file: that defines it, if it is one of the user's own.
        digest: of that file as it was read.
    """

    name: str
    file: str = ""
    digest: str = ""


# Kept beside the objects and not in them: a copy with a changed field has no origin.
_ORIGINS: WeakKeyDictionary[Task | Model, Origin] = WeakKeyDictionary()


def origin_of(definition: Task | Model) -> Origin | None:
    """`None` for what was made by hand, which no other process can find."""
    return _ORIGINS.get(definition)


def adopt(model: Model, origin: Origin) -> Model:
    """The model, of which it is known now where another process finds it."""
    _ORIGINS[model] = origin
    return model


def task_from(origin: Origin) -> Task:
    """The task that has this origin.

    Raises:
        UserError: if its file has changed since, or does not define it any more.
    """
    if not origin.file:
        return get_task(origin.name)
    _unchanged(origin)
    found = [task for task in _tasks_of(Path(origin.file)) if task.name == origin.name]
    if not found:
        raise UserError(f"{origin.file}: want a task {origin.name!r}, got none of that name")
    return found[0]


def model_from(origin: Origin) -> Model:
    """The model that has this origin.

    Raises:
        UserError: if its file has changed since.
    """
    if origin.file:
        _unchanged(origin)
    return find_model(origin.file or origin.name)


def _unchanged(origin: Origin) -> None:
    if digest_of(Path(origin.file)) != origin.digest:
        raise UserError(f"{origin.file}: changed while it was in use; run it again")


def digest_of(path: Path) -> str:
    """SHA-256 of a file; nothing, where there is none."""
    return sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def checkout() -> Path | None:
    """The folder of the project, where the package runs out of one; `None` for a wheel."""
    folder = PACKAGE.parent
    return folder if (folder / "pyproject.toml").is_file() and (folder / "tasks").is_dir() else None


def home(name: str) -> Path:
    """Where definitions lie: `<checkout>/tasks`, or what the wheel ships of it."""
    project = checkout()
    return project / name if project else PACKAGE / "_shipped" / name


def load(path: Path) -> ModuleType:
    """Runs a Python file and returns its namespace.

    Raises:
        UserError: in one line, with the place in the file, if it cannot be read or raises.
    """
    path = path.resolve()
    name = f"kansci_file_{path.stem}_{sha256(str(path).encode()).hexdigest()[:8]}"
    if not path.is_file():
        raise UserError(f"no file {str(path)!r}: want a Python file")
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise UserError(f"{path}: want a Python file, whose name ends in .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # so that the source of what it defines can be found
    try:
        spec.loader.exec_module(module)
    except UserError:
        raise
    except RAISED as error:
        frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename == str(path)]
        line = getattr(error, "lineno", None) or (frames[-1].lineno if frames else "?")
        del sys.modules[name]
        raise UserError(f"{path}, line {line}: {type(error).__name__}: {error}") from error
    return module


def _tasks_of(path: Path) -> tuple[Task, ...]:
    module = load(path)
    found = getattr(module, "tasks", None) or [getattr(module, "task", None)]
    if not isinstance(found, Iterable) or not all(isinstance(task, Task) for task in found):
        raise UserError(f"{path}: want `task = Task(...)` or `tasks = (...)`, got neither")
    tasks, digest = tuple(task for task in found if isinstance(task, Task)), digest_of(path)
    for task in tasks:
        _ORIGINS[task] = Origin(task.name, str(path), digest)
    return tasks


@cache
def _shipped_in(path: Path) -> tuple[Task, ...]:
    tasks = _tasks_of(path)
    for task in tasks:
        if not task.name.startswith(path.stem):
            raise UserError(f"{path}: want names that begin with {path.stem!r}, got {task.name!r}")
        _ORIGINS[task] = Origin(task.name)
    return tasks


@cache
def _shipped(beginning: str = "") -> dict[str, Task]:
    """Tasks of the files where names with such a beginning can stand, by family."""
    found: dict[str, Task] = {}
    for path in sorted(home("tasks").rglob("*.py")):
        if path.stem.startswith(beginning) or beginning.startswith(path.stem):
            for task in _shipped_in(path):
                if task.name in found:
                    raise UserError(f"{path}: there is a task {task.name!r} already")
                found[task.name] = task
    return dict(sorted(found.items(), key=lambda item: (item[1].family, item[0])))


def list_tasks() -> list[str]:
    """Names of all tasks, by family; options are left out."""
    return list(_shipped())


def get_task(name: str, **options: Option) -> Task:
    """The task of that name; options may also stand in it, `feynman/I.12.1[noise=0.01]`.

    Raises:
        UnknownName: says which names come close.
        UserError: for an option that the task does not have, or a value that it cannot take.
    """
    family, written = _split(name)
    tasks = _shipped(family)
    if family not in tasks:
        raise UnknownName("task", name, list_tasks(), "or FILE.py, a task of your own")
    return _with(tasks[family], written | options)


def find_tasks(pattern: str) -> list[Task]:
    """Tasks by name, by pattern (`feynman27/*`), or those that a file of one's own defines.

    Options go to all that a pattern finds: `feynman/I.*[noise=0.01]`.
    """
    if pattern.endswith(".py"):
        return list(_tasks_of(Path(pattern).resolve()))
    family, options = _split(pattern)
    beginning = re.split(r"[*?[]", family)[0]
    if beginning == family:
        return [get_task(pattern)]
    tasks = _shipped(beginning)
    found = [_with(task, options) for name, task in tasks.items() if fnmatchcase(name, family)]
    if not found:
        raise UnknownName("task", pattern, list_tasks())
    return found


def _split(name: str) -> tuple[str, dict[str, Option]]:
    """A name or pattern, and the options behind it; without `=`, brackets belong to a pattern."""
    found = re.fullmatch(r"(.*?)(?:\[([^\[\]]*=[^\[\]]*)\])?", name, re.DOTALL)
    assert found is not None
    return found[1], read(found[2] or "")


def _with(task: Task, options: Mapping[str, Option]) -> Task:
    """The task with options of its own; those at their defaults change nothing."""
    vary = task.vary or (lambda: task)
    given = accepted("task", task.name, vary, options)
    changed = {name: value for name, value in given.items() if value != task.options[name]}
    return _varied(vary, join(task.name, changed), tuple(changed.items())) if changed else task


@cache
def _varied(vary: Callable[..., Task], label: str, options: tuple[tuple[str, Option], ...]) -> Task:
    try:
        task = replace(vary(**dict(options)), name=label)
    except ValueError as error:
        raise UserError(f"task {label}: {error}") from error
    _ORIGINS[task] = Origin(label)
    return task


def get_model(name: str, **options: Option) -> Model:
    """`kansci.models.get_model`, and another process can find the model again."""
    model = models.get_model(name, **options)
    return adopt(model, Origin(model.name))


def find_model(name: str) -> Model:
    """A model of the zoo by name, of an installed package, or of a file of one's own."""
    if not name.endswith(".py"):
        if name in models.list_models() or (found := find_installed(name)) is None:
            return get_model(name)
        return adopt(found, Origin(name))
    path = Path(name).resolve()
    model = getattr(load(path), "model", None)
    if not isinstance(model, Model):
        raise UserError(f"{name}: want `model = Model(name, build)`, got {model!r}")
    return adopt(model, Origin(model.name, str(path), digest_of(path)))
