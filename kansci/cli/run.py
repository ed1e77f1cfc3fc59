"""`kansci run`: a suite becomes Records, MLflow runs and leaderboards."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from pathlib import Path
from typing import Annotated, cast

import torch
import typer
from rich.console import Console

from kansci.cli import engines
from kansci.cli.ahead import Ahead, counted, look_ahead, show_jobs
from kansci.cli.choices import GEARS
from kansci.cli.choices import chosen as meaning
from kansci.cli.engines import Address, EngineName, Execute, GpuShare
from kansci.cli.progress import Bar, resumable
from kansci.cli.report import Log, report, report_shard
from kansci.cli.selection import (
    Budgets,
    Models,
    Out,
    RecipeName,
    SuiteName,
    Tasks,
    present,
    select,
    writable,
)
from kansci.engines.engine import choose_device
from kansci.environment import cores
from kansci.errors import UserError
from kansci.ledger import AnyRecord, pass_over, save, tidy
from kansci.plan import read_shard, statuses
from kansci.record import Gear, Record
from kansci.sandbox import Foreign, available, switch_off
from kansci.speed.lane import no_compiler
from kansci.speed.timing import measure
from kansci.store import open_store
from kansci.store.place import shown
from kansci.suite import Suite
from kansci.weights import kept

Closable = Generator[Record, None, None]  # so that an interrupted run ends its workers
ALONE = "A shard neither times models nor logs to MLflow: others may be at work beside it."


def run(
    suite: SuiteName = "quick",
    model: Models = None,
    task: Tasks = None,
    parameters: Budgets = None,
    recipe: RecipeName = None,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    gear: Annotated[
        str | None, typer.Option(help="eager or compiled; by default chosen from the work ahead.")
    ] = None,
    out: Out = None,
    workers: Annotated[
        int | None, typer.Option(help="Jobs at a time; by default the cores, and 1 on a GPU.")
    ] = None,
    engine: EngineName = "local",
    address: Address = None,
    gpu_share: GpuShare = None,
    retry: Annotated[
        list[str] | None,
        typer.Option(help="Compute again what is 'failed', or 'timeout', 'crashed,diverged', ..."),
    ] = None,
    shard: Annotated[
        str | None, typer.Option(help="i/n: only the i-th of n parts, for the jobs of an array.")
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Compute again what is there.")] = False,
    weights: Annotated[
        bool, typer.Option("--weights", help="Keep the trained networks beside their Records.")
    ] = False,
    unsafe: Annotated[
        bool, typer.Option("--unsafe", help="Run a FILE.py of your own without a sandbox.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would run.")] = False,
    mlflow: Annotated[bool, typer.Option(help="Log every Record to MLflow.")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Run a suite: train, judge, log to MLflow, show the leaderboards.

    Goes on where an earlier run of the same command stopped: what has its Record is not trained
    again. A model that fails leaves a row that says why, and the others go on.

    With --shard, several machines or the jobs of an array fill one folder, or folders that
    `kansci merge` joins; the same command without --shard then completes it.

    With --weights, what was trained without is trained again, and kept as safetensors.

    A model's FILE.py runs in a sandbox where this machine has one: no network, no files but its
    own, no true answers. --unsafe, or KANSCI_SANDBOX=off, runs it in a plain process.
    """
    torch.set_num_threads(1)  # networks this small gain nothing from a second
    if unsafe:
        switch_off()
    chosen = select(suite, model, task, parameters, recipe)
    part = read_shard(shard) if shard else None
    again = statuses(retry or ())
    engines.check(engine, address, gpu_share, workers, weights=weights)
    where = torch.device("cuda") if engine == "ray" and device == "cuda" else choose_device(device)
    how, folder = gear_of(gear, where), chosen.folder(out)
    if address is not None:
        hired = engines.ray(chosen.suite, where, how, address, gpu_share or 1.0)
    else:
        hands = at_a_time(workers, where)
        hired = engines.local(chosen.suite, where, how, hands, folder if weights else None)
    before = [one for one in present(folder) if not (weights and _lacks_weights(one, folder))]
    ahead = look_ahead(chosen, before, retry=again, shard=part, fresh=fresh)

    console = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
    head = f"{chosen.head}, shard {part}" if part else chosen.head
    if dry_run:
        console.print(ahead.said(head, hired.where, hired.hands))
        show_jobs(ahead, as_json=as_json)
        return
    writable(folder)
    tidy(folder)
    if ahead.plan.jobs:
        hired.warm_up()
    store = open_store() if mlflow and not part else None  # before any worker starts
    console.print(ahead.said(head, hired.where, hired.hands))
    console.print(f"Records: {folder}{f'; MLflow: {shown(store.place.uri)}' if store else ''}")
    if any(isinstance(cell.model, Foreign) for cell in chosen.cells):
        console.print(available().sentence)
    for line in warnings_of(ahead, sharded=part is not None):
        console.print(line)
    log = Log(store, console)
    with resumable(console, folder):
        log.missing(ahead.done)
        made = perform(ahead, chosen.suite, where, folder, console, log, hired.execute)
    records = [*ahead.done, *made]
    if part:
        report_shard(records, chosen.suite, folder, part, as_json=as_json)
    else:
        report(records, chosen.suite, folder, logged=store is not None, as_json=as_json)


def perform(
    ahead: Ahead,
    suite: Suite,
    device: torch.device,
    folder: Path,
    console: Console,
    log: Log,
    execute: Execute,
) -> list[AnyRecord]:
    """Trains, then times; every Record is a file before anything else happens to it.

    Args:
        execute: where jobs become Records.
    """
    made: list[AnyRecord] = []

    def keep(record: AnyRecord, what: str) -> None:
        save(record, folder)
        made.append(record)
        log(record)
        bar.finish(what, record.status, record.reason)

    jobs = ahead.plan.jobs
    with (
        Bar(console, jobs, ahead.missing) as bar,
        closing(cast(Closable, execute(jobs, progress=bar.step, note=bar.note))) as records,
    ):
        for record in records:
            if record.key in ahead.plan.missing:  # not what a job made again on the way
                keep(record, f"{record.model} on {record.name}, {record.budget}")
            else:
                pass_over(record, folder)
        for one in ahead.timings:
            bar.say(f"timing {one.name}")
            timed = measure(one, suite.speed_budget, suite=suite.name, device=device)
            keep(timed, f"speed of {one.name}")
    return made


def _lacks_weights(record: AnyRecord, folder: Path) -> bool:
    """Whether it is of networks that came to an end, and are not there."""
    return isinstance(record, Record) and record.status == "ok" and not kept(record, folder)


def warnings_of(ahead: Ahead, *, sharded: bool) -> list[str]:
    """What a user should know before it happens."""
    lines = [ALONE] if sharded else []
    if stale := ahead.plan.stale:
        what = counted(len(stale), "Record")
        of = ", ".join(sorted({record.model for record in stale}))
        lines.append(
            f"{what} of another source, task content or recipe ({of}) will be replaced; "
            "another folder with --out would keep what is there."
        )
    return lines


def at_a_time(workers: int | None, device: torch.device) -> int:
    """Jobs at a time: as asked, else as many as there are cores, and one on a GPU.

    Raises:
        UserError: for less than one.
    """
    if workers is not None and workers < 1:
        raise UserError(f"--workers {workers}: want at least 1")
    return workers or (cores() if device.type == "cpu" else 1)


def gear_of(name: str | None, device: torch.device) -> Gear | None:
    """The gear that is asked for; `None` leaves the choice to the engine.

    Raises:
        UserError: for one that is none, or that this machine does not have.
    """
    if name is None:
        return None
    gear = meaning("gear", [name], GEARS)[0]
    if gear == "compiled" and (lacking := no_compiler(device)):
        raise UserError(f"--gear compiled: {lacking} on this machine; install one, or go eager")
    return gear
