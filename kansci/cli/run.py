"""`kansci run`: a suite becomes Records, MLflow runs and leaderboards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, NamedTuple

import torch
import typer
from rich.console import Console

from kansci.cli.progress import Bar, resumable
from kansci.cli.report import Log, report
from kansci.discover import find_model, find_tasks
from kansci.engine import choose_device, estimate, execute, plan, steps_of
from kansci.errors import UserError
from kansci.ledger import AnyRecord, load_records, save
from kansci.models import Model, list_models
from kansci.place import shown
from kansci.record import Speed
from kansci.speed import measure, speed_key
from kansci.store import open_store
from kansci.suite import Cell, Suite, cells, get_suite
from kansci.workers import most_workers

TIMING = 3.0  # seconds that timing one model takes, about


class Ahead(NamedTuple):
    """What a command will do, and what it finds done."""

    done: list[AnyRecord]
    cells: list[Cell]
    timings: list[Model]

    def said(self, head: str, device: torch.device, workers: int) -> str:
        count = len(self.done) + len(self.cells) + len(self.timings)
        seconds = estimate(self.cells) / workers + TIMING * len(self.timings)
        jobs = len(self.cells) + len(self.timings)
        todo = (
            f"{jobs} to do, about {spoken(seconds)} with {workers} at a time"
            if jobs
            else "nothing to train"
        )
        return f"{head}. {count} Records on {device}: {len(self.done)} are there, {todo}."


def run(
    suite: Annotated[str, typer.Option(help="demo, quick, long or reference.")] = "quick",
    model: Annotated[
        list[str] | None, typer.Option(help="NAME or FILE.py; instead of the suite's. Repeatable.")
    ] = None,
    task: Annotated[
        list[str] | None,
        typer.Option(help="NAME, pattern or FILE.py; instead of the suite's. Repeatable."),
    ] = None,
    parameters: Annotated[
        list[int] | None,
        typer.Option(help="Budget of trainable numbers; instead of the suite's. Repeatable."),
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    out: Annotated[
        Path | None, typer.Option(help="Folder of Records; by default kansci-records/SUITE.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Cells at a time; by default the cores. 1 on a GPU.")
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Compute again what is there.")] = False,
    mlflow: Annotated[bool, typer.Option(help="Log every Record to MLflow.")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Run a suite: train, judge, log to MLflow, show the leaderboards.

    Goes on where an earlier run of the same command stopped: what has its Record is not trained
    again. A model that fails leaves a row that says why, and the others go on.
    """
    torch.set_num_threads(1)  # networks this small gain nothing from a second
    chosen = get_suite(suite)
    models = distinct([find_model(name) for name in model or chosen.models])
    tasks = [one for pattern in task for one in find_tasks(pattern)] if task else None
    wanted = cells(chosen, models=models, tasks=tasks, parameters=positive(parameters))
    where = choose_device(device)
    folder = writable(out or Path("kansci-records") / suite)
    timed = models if chosen.speed_budget and tasks is None else []
    present = load_records(folder)
    store = open_store() if mlflow else None
    ahead = look_ahead(wanted, timed, chosen, [] if fresh else present)
    hands = min(workers or most_workers(where), most_workers(where))

    console = Console(stderr=True, highlight=False, markup=False)
    whole = not (model or task or parameters)
    head = f"Suite {suite}: {chosen.about}" if whole else f"Recipes of the suite {suite}"
    console.print(ahead.said(head, where, hands), soft_wrap=True)
    place = f"; MLflow: {shown(store.place.uri)}" if store else ""
    console.print(f"Records: {folder}{place}", soft_wrap=True)
    log = Log(store, console)
    with resumable(console, folder):
        log.missing(ahead.done)
        made = perform(ahead, chosen, where, hands, folder, console, log)
    report([*ahead.done, *made], chosen, folder, logged=store is not None, as_json=as_json)


def look_ahead(
    wanted: Sequence[Cell], timed: Sequence[Model], suite: Suite, present: Sequence[AnyRecord]
) -> Ahead:
    """What is done already, and what is to do."""
    done, todo = plan(wanted, present)
    speeds = {record.key: record for record in present if isinstance(record, Speed)}
    keys = {one.name: speed_key(one, suite.speed_budget or 0) for one in timed}
    known = [speeds[key] for key in keys.values() if key in speeds]
    return Ahead([*done, *known], todo, [one for one in timed if keys[one.name] not in speeds])


def perform(
    ahead: Ahead,
    suite: Suite,
    device: torch.device,
    workers: int,
    folder: Path,
    console: Console,
    log: Log,
) -> list[AnyRecord]:
    """Trains, then times; every Record is a file before anything else happens to it."""
    made: list[AnyRecord] = []

    def keep(record: AnyRecord, what: str) -> None:
        save(record, folder)
        made.append(record)
        log(record)
        bar.finish(what, record.status, record.reason)

    jobs = len(ahead.cells) + len(ahead.timings)
    with Bar(console, sum(map(steps_of, ahead.cells)), jobs) as bar:
        limits = {"device": device, "seconds": suite.seconds, "workers": workers}
        for record in execute(ahead.cells, progress=bar.step, **limits):
            keep(record, f"{record.model} on {record.name}, {record.budget}")
        for one in ahead.timings:
            bar.say(f"timing {one.name}")
            budget = suite.speed_budget or 0
            keep(measure(one, budget, suite=suite.name, device=device), f"speed of {one.name}")
    return made


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
    twice = [name for name, count in Counter(one.name for one in models).items() if count > 1]
    if twice:
        raise UserError(f"two models are called {twice[0]!r}: want one name each")
    for one in models:
        if one.entry is None and one.name in list_models():
            raise UserError(f"a model of the zoo is called {one.name!r}: choose another name")
    return models


def writable(folder: Path) -> Path:
    """The folder, made where it is missing.

    Raises:
        UserError: if nothing can be written into it.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        trial = folder / ".writable"
        trial.touch()
        trial.unlink()
    except OSError as error:
        raise UserError(f"{folder}: want a folder to write Records into, got: {error}") from error
    return folder


def spoken(seconds: float) -> str:
    """`90 s`, `4 min`, `2.5 h`."""
    if seconds < 90:
        return f"{max(seconds, 1):.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5_400 else f"{seconds / 3_600:.1f} h"
