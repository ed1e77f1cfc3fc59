"""`kansci reproduce`: one Record, run again and put beside itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import torch
import typer
from rich.console import Console
from rich.table import Table

from kansci.cli.listing import Json, listing, wide_console
from kansci.cli.run import gear_of
from kansci.cli.selection import writable
from kansci.discover import find_tasks, get_task
from kansci.engines.engine import choose_device, execute, warm_up
from kansci.environment import environment
from kansci.errors import UnknownName, UserError
from kansci.ledger import ADVICE, load, save
from kansci.models import Model
from kansci.record import Record
from kansci.sandbox import Foreign, available, named
from kansci.source import source_of
from kansci.speed.lane import no_compiler
from kansci.statistics.comparison import TOLERANCE, Comparison, changes, compare, moved
from kansci.suite import Cell, limits_of
from kansci.task import Task
from kansci.together import Job


def reproduce(
    record: Annotated[Path, typer.Argument(help="A Record's file, RECORD.json.")],
    model: Annotated[
        Path | None, typer.Option(help="FILE.py that defines the model, if it is no zoo's.")
    ] = None,
    task: Annotated[
        Path | None, typer.Option(help="FILE.py that defines the task, if kansci does not.")
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    gear: Annotated[
        str | None,
        typer.Option(help="eager or compiled; by default that of the Record, if it can be."),
    ] = None,
    tolerance: Annotated[
        float, typer.Option(help="Decades by which the score may differ.")
    ] = TOLERANCE,
    out: Annotated[Path | None, typer.Option(help="Write the new Record into this folder.")] = None,
    as_json: Json = False,
) -> None:
    """Run one Record again and say whether its numbers come back.

    Trains the same seeds from the same recipe, tuning included. Exit code 0: the status is the
    same and the score agrees within the tolerance; 1: it does not. On the same machine, with the
    same versions, all six digits are kept unless other tasks trained in the same program.

    A model's FILE.py runs in a sandbox where this machine has one.
    """
    torch.set_num_threads(1)
    old = trained(record)
    cell = cell_of(old, model, task)
    where = choose_device(device)
    how = gear_of(gear, where) or (None if no_compiler(where) else old.gear)
    warm_up()
    console = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
    for line in said_of(old, cell, where):
        console.print(line)
    if isinstance(cell.model, Foreign):
        console.print(available().sentence)
    limits = limits_of(old.suite)
    runs = execute(
        [Job((cell,))],
        device=where,
        workers=1,
        gear=how,
        progress=lambda cell, steps: None,
        note=console.print,
        seconds=limits.seconds,
        memory=limits.memory,
    )
    with console.status(f"{old.model} on {old.name}, {old.budget}"):
        (new,) = runs
    if out:
        save(new, writable(out))
    found = compare(old, new, tolerance=tolerance)
    verdict = verdict_of(old, new, found, tolerance)
    if as_json:
        typer.echo(json.dumps(as_dict(old, new, found, verdict), indent=1))
    else:
        if found.members:
            wide_console().print(table_of(found))
        typer.echo(verdict)
    if not (found.identical or found.agrees):
        raise typer.Exit(1)


def trained(path: Path) -> Record:
    """The Record of a training in a file.

    Raises:
        UserError: if it is none; nothing is lost by that, so nothing is to be deleted.
    """
    if path.is_dir():
        raise UserError(f"{path} is a folder: want the file of one Record in it")
    if not path.is_file():
        raise UserError(f"{path}: no such file: want a Record's, RECORD.json")
    try:
        old = load(path)
    except UserError as problem:
        said, _, _ = str(problem).partition(f"; {ADVICE}")
        if said == str(problem):
            raise
        why = said.removeprefix(f"{path}: ").removeprefix("no Record, ")
        raise UserError(f"{path} is no Record: {why}") from problem
    if not isinstance(old, Record):
        raise UserError(f"{path}: want the Record of a training, got a timing; use kansci speed")
    return old


def cell_of(old: Record, model: Path | None, task: Path | None) -> Cell:
    """Task, model, budget and recipe of a Record.

    Raises:
        UserError: if the task or the model is not to be found under its name.
    """
    return Cell(_task(old, task), _model(old, model), old.budget, old.recipe, old.suite)


def _task(old: Record, file: Path | None) -> Task:
    _plain(old.name, "task", file)
    try:
        found = {one.name: one for one in (find_tasks(str(file)) if file else [get_task(old.name)])}
    except UnknownName as error:
        raise UserError(f"the Record's {error}; or define it: --task FILE.py") from error
    if old.name not in found:
        raise UserError(f"{file}: want the Record's task {old.name!r}, got {', '.join(found)}")
    return found[old.name]


def _model(old: Record, file: Path | None) -> Model:
    _plain(old.model, "model", file)
    try:
        found = named(str(file) if file else old.model)
    except UnknownName as error:
        raise UserError(f"the Record's {error}; or define it: --model FILE.py") from error
    if found.name != old.model:
        raise UserError(f"{file}: want the Record's model {old.model!r}, got {found.name!r}")
    return found


def _plain(name: str, what: str, file: Path | None) -> None:
    """A Record is somebody's words: it may name what kansci knows, and no code to be run.

    Raises:
        UserError: if it names a file or a module, and no option does.
    """
    if file is None and (name.endswith(".py") or ":" in name or "\\" in name or ".." in name):
        raise UserError(
            f"the Record's {what} is {name[:60]!r}: want a name, and no code is run that a Record "
            f"names; if you trust it: --{what} FILE.py"
        )


def said_of(old: Record, cell: Cell, device: torch.device) -> list[str]:
    """Why numbers may differ, before they are there."""
    task = cell.task
    source = source_of(cell.model, task.dim_in, task.dim_out, cell.budget)
    lines = [
        f"Changed since, so the key is another one and so may be the numbers: {what}."
        for what in changes(old, task_content=task.content, model_source=source)
    ]
    if differences := moved(old.environment, environment(device)):
        lines.append(f"Not the same: {'; '.join(differences)}.")
    return lines


def verdict_of(old: Record, new: Record, found: Comparison, tolerance: float) -> str:
    """The last line."""
    if found.identical:
        return "identical to the 6 digits kept"
    if old.status != new.status:
        return f"differs: {old.status} then, {new.status} now ({new.reason or 'no reason'})"
    scores = f"scores {found.scores[0]:.3f} then, {found.scores[1]:.3f} now"
    errors = f"errors within {found.widest:.2g} decades"
    if found.agrees:
        return f"agrees within {tolerance:g} decades: {scores}; {errors}"
    return f"differs by more than {tolerance:g} decades: {scores}; {errors}"


def table_of(found: Comparison) -> Table:
    """A row for each member."""
    table = listing("seed", "old error", "new error", "decades", "status")
    for seed, old, new, decades, (then, now) in found.members:
        fate = then if then == now else f"{then} then, {now} now"
        table.add_row(str(seed), f"{old:.6g}", f"{new:.6g}", f"{decades:+.3g}", fate)
    return table


def as_dict(old: Record, new: Record, found: Comparison, verdict: str) -> dict[str, Any]:
    """For programs; NaN is written as JSON's null."""
    members = [
        {
            "seed": one.seed,
            "old": _number(one.old),
            "new": _number(one.new),
            "decades": _number(one.decades),
            "statuses": one.statuses,
        }
        for one in found.members
    ]
    return {
        "key": old.key,
        "new_key": new.key,
        "identical": found.identical,
        "agrees": found.agrees,
        "scores": found.scores,
        "widest": _number(found.widest),
        "statuses": [old.status, new.status],
        "members": members,
        "verdict": verdict,
    }


def _number(value: float) -> float | None:
    return value if abs(value) < float("inf") else None
