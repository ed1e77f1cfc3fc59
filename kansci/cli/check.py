"""`kansci check`: whether networks and tasks keep the laws that the benchmark relies on."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer
from pydantic import TypeAdapter, ValidationError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from kansci.cli.listing import Json
from kansci.cli.verdicts import AnyReport, show
from kansci.discover import find_model, find_tasks, list_tasks
from kansci.errors import DoesNotFit, UnknownName, UserError
from kansci.models import Model, list_models
from kansci.sandbox import Foreign, errand, foreign
from kansci.submission.names import free_name
from kansci.task import Task
from kansci.testing import Report, check_task
from kansci.testing import check as examined

SECONDS = 600.0  # for all laws about a submitted file


def check(
    name: Annotated[
        str | None,
        typer.Argument(
            help="A model, `kan[grid=10]` for instance; a task, or a pattern of tasks such as "
            "'feynman/*'; or a FILE.py that defines a model or tasks."
        ),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="All models that come with kansci.")] = False,
    tasks: Annotated[
        bool, typer.Option("--all-tasks", help="All tasks that come with kansci.")
    ] = False,
    dim_in: Annotated[int, typer.Option(help="Inputs of the network.")] = 2,
    dim_out: Annotated[int, typer.Option(help="Outputs of the network.")] = 1,
    parameters: Annotated[
        int | None,
        typer.Option(help="Budget; by default the smallest of 250, 1000, ... with a network."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Check that networks and tasks keep the laws that the benchmark relies on.

    Of networks: shape, gradient, derivatives, lifting and counting. Of tasks: finite samples in
    the domain, a truth that solves the equations, derivatives as declared, probes that no member
    trains on. Exit code 0 if all laws hold, 1 if one is broken, 2 for wrong input. A published arm
    follows its authors' code: the laws that it breaks are shown as quirks, and it fails only if it
    does not run.

    A FILE.py defines a model or tasks: where it defines a model it runs in a sandbox, and tasks in
    it are not looked at; a file of tasks runs as it is, so check only those that you trust.
    """
    for option, number in (("--dim-in", dim_in), ("--dim-out", dim_out)):
        if number < 1:
            raise UserError(f"{option} {number}: want at least 1")
    if parameters is not None and parameters < 1:
        raise UserError(f"--parameters {parameters}: want at least 1")
    if sum((name is not None, every, tasks)) != 1:
        raise UserError("check: want one of NAME or FILE.py, --all, and --all-tasks")
    chosen = _named(name) if name is not None else _all(models=every)
    sized = (dim_in, dim_out, parameters) != (2, 1, None)
    if sized and all(isinstance(one, Task) for one in chosen):
        raise UserError(
            "check: a task has its own size; leave out --dim-in, --dim-out, --parameters"
        )
    columns = (TextColumn("checking"), BarColumn(), MofNCompleteColumn())
    console = Console(stderr=True)
    quiet = as_json or not console.is_terminal or len(chosen) == 1
    with Progress(*columns, transient=True, disable=quiet, console=console) as bar:
        reports = [
            check_task(one)
            if isinstance(one, Task)
            else _of_model(one, dim_in, dim_out, parameters, skip=every)
            for one in bar.track(chosen)
        ]
    found: list[AnyReport] = [report for report in reports if report is not None]
    if as_json:
        typer.echo(json.dumps([report.json() for report in found], indent=1))
    else:
        show(found, unfit=len(reports) - len(found))
    if not all(report.passed for report in found):
        raise typer.Exit(1)


def _all(*, models: bool) -> Sequence[Model | Task]:
    return [find_model(one) for one in list_models()] if models else find_tasks("*")


def _named(name: str) -> Sequence[Model | Task]:
    """The model of that name, or the tasks; or what a file defines, a model or tasks.

    A file that defines a model may be a stranger's: it runs in its sandbox alone, and tasks that it
    defines as well are never loaded. A file of tasks runs in this process.
    """
    if name.endswith(".py"):
        defined = _defined(Path(name))
        if "model" in defined:
            return [_submittable(foreign(name))]
        if {"task", "tasks"} & defined:
            return find_tasks(name)
        raise UserError(f"{name}: want `model = Model(...)` or `task = Task(...)`, got neither")
    try:
        return [find_model(name)]
    except UnknownName:
        try:
            return find_tasks(name)
        except UnknownName:
            known = [*list_models(), *list_tasks()]
            raise UnknownName("model or task", name, known, "FILE.py of your own") from None


def _submittable(model: Model) -> Model:
    """The model; says on stderr if nobody could submit it under its name, which breaks no law."""
    try:
        free_name(model.name)
    except UserError as error:
        typer.echo(f"note: `kansci submit` would refuse it: {error}", err=True)
    return model


def _defined(path: Path) -> set[str]:
    """What a file defines, read and not run: tasks by plain statements at its top level alone.

    A model in any statement that runs when the file is loaded; what is not Python is a model's.
    """
    if not path.is_file():
        raise UserError(
            f"no file {str(path)!r}: want a Python file; `kansci new {path}` writes one"
        )
    try:
        tree = ast.parse(path.read_bytes())
        loading = {name for one in _at_load(tree) for name in _given(one)}
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return {"model"}  # whose sandbox says what is wrong
    plain = (ast.Assign, ast.AnnAssign, ast.Import, ast.ImportFrom)
    stated = [one for one in tree.body if isinstance(one, plain)]
    top = {name for one in stated for part in ast.walk(one) for name in _given(part)}
    return ({"task", "tasks"} & top) | ({"model"} & loading)


def _at_load(node: ast.AST) -> Iterator[ast.AST]:
    """All nodes of a file but those inside functions and classes, whose names are their own."""
    for child in ast.iter_child_nodes(node):
        yield child
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield from _at_load(child)


def _given(node: ast.AST) -> Iterator[str]:
    """What a node itself gives something to."""
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        yield node.id
    elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.alias):
        yield node.asname or node.name


def _examined(model: Model, *, dim_in: int, dim_out: int, parameters: int | None) -> Report:
    """Here, or in the sandbox of a submitted file, whose word is checked for its form."""
    how = {"dim_in": dim_in, "dim_out": dim_out, "parameters": parameters}
    if not isinstance(model, Foreign):
        return examined(model, dim_in=dim_in, dim_out=dim_out, parameters=parameters)
    said = errand(model.origin, "kansci.testing:check", seconds=SECONDS, **how)
    try:
        return TypeAdapter(Report).validate_python(said)
    except ValidationError:
        raise UserError(f"{model.origin.file}: its process sent no report") from None


def _of_model(
    model: Model, dim_in: int, dim_out: int, parameters: int | None, *, skip: bool
) -> AnyReport | None:
    try:
        return _examined(model, dim_in=dim_in, dim_out=dim_out, parameters=parameters)
    except DoesNotFit as error:
        if skip:
            return None
        raise UserError(f"model {model.name}: {error}; choose a larger --parameters") from error
