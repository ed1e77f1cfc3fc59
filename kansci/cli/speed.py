"""`kansci speed`: networks timed beside the MLP, alone on the machine."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Annotated, NamedTuple

import torch
import typer
from rich.console import Console
from rich.status import Status

from kansci.cli.apart import Asked, timed_lap
from kansci.cli.child import PROCESSES, processes_of
from kansci.cli.choices import BUDGETS, DTYPES, GEARS, SHAPES, WORKS, chosen, compilable, places_of
from kansci.cli.listing import wide_console
from kansci.cli.progress import resumable
from kansci.cli.selection import distinct, positive, spoken, writable
from kansci.cli.timings import tables
from kansci.discover import find_model
from kansci.engines.engine import choose_device
from kansci.errors import UserError
from kansci.ledger import AnyRecord, load_records, save
from kansci.models import Model, list_models
from kansci.record import Speed
from kansci.speed.alone import alone, busy
from kansci.speed.laps import Lap, Place, done, estimate, laps_of, pieces_of
from kansci.speed.packages import PACKAGES, get_package
from kansci.speed.timed import waiting

SHARED = 1.1  # wall-clock time over CPU time from which a timing was disturbed


class Ahead(NamedTuple):
    """Jobs and their keys that are to do, and the Records of those that are done."""

    todo: list[tuple[Lap, str]]
    done: list[Speed]

    def said(self, device: torch.device, asked: Asked) -> str:
        laps = [lap for lap, _ in self.todo]
        costs = (estimate(lap, asked.seconds, asked.processes) for lap in laps)
        timings = f"{sum(len(lap.pieces) for lap in laps)} timings of {spoken(asked.seconds)}"
        each = f" in each of {asked.processes} processes" * (asked.processes > 1)
        todo = (
            f"{len(laps)} to do, {timings} at most{each}, about {spoken(sum(costs))}"
            if laps
            else "nothing to time"
        )
        count = len(self.todo) + len(self.done)
        return f"{count} Records of speed on {device}: {len(self.done)} are there, {todo}."


def speed(
    model: Annotated[
        list[str] | None,
        typer.Option(help="NAME or FILE.py; by default all of the zoo. Repeatable."),
    ] = None,
    package: Annotated[
        list[str] | None,
        typer.Option(
            help=f"A published package that is installed: {', '.join(PACKAGES)}. With it, and "
            "without --model, no other is timed. Repeatable."
        ),
    ] = None,
    parameters: Annotated[
        list[int] | None,
        typer.Option(
            help="Budget of trainable numbers, for the shape 'budget'; by default 250. Repeatable."
        ),
    ] = None,
    shape: Annotated[
        list[str] | None,
        typer.Option(
            help="'budget', or the widths of both networks, such as 784-256-10; by default both of "
            "these. Models without widths are timed at budgets alone. Repeatable."
        ),
    ] = None,
    dtype: Annotated[
        list[str] | None, typer.Option(help="float32 (default) or float64. Repeatable.")
    ] = None,
    gear: Annotated[
        list[str] | None,
        typer.Option(
            help="eager (default) or compiled, by inductor; compiling takes half a minute to a "
            "minute for each Record. Repeatable."
        ),
    ] = None,
    work: Annotated[
        list[str] | None,
        typer.Option(
            help="forward; backward: forward and backward; step: with a step of Adam; inference; "
            "by default all. Repeatable."
        ),
    ] = None,
    batch: Annotated[
        list[int] | None,
        typer.Option(
            min=1,
            help="Instead of 1024, also 32 for a step, and 1, 256 and 4096 for inference. "
            "Repeatable.",
        ),
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    precision: Annotated[
        float,
        typer.Option(
            min=0.001, max=1, help="A timing ends when (high - low) / ratio is less than this."
        ),
    ] = 0.05,
    seconds: Annotated[
        float,
        typer.Option(min=0.1, help="Time limit of each timing in a process, compiling aside."),
    ] = 10.0,
    processes: Annotated[
        int,
        typer.Option(help=f"A timing is the median over as many: 1, or {PROCESSES} or more."),
    ] = PROCESSES,
    out: Annotated[
        Path | None, typer.Option(help="Folder of Records; by default kansci-records/speed.")
    ] = None,
    wait: Annotated[
        bool, typer.Option(help="Wait for another `kansci speed` on this machine to end.")
    ] = True,
    fresh: Annotated[bool, typer.Option("--fresh", help="Measure again what is there.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
    held: Annotated[bool, typer.Option(hidden=True, help="By a command that measures.")] = False,
) -> None:
    """Time networks beside the MLP, one plain network on one thread, alone on the machine.

    Both networks take turns until the 95 % interval of the ratio of their times is narrower than
    5 %, or the time limit is over: then a star says so. Close what else is running.

    Where memory lies moves timings, too, and is another draw in each process: every lap is timed in
    six new ones, and a timing is their median, with an interval over them.

    Goes on where an earlier run of the same command stopped; with a longer time limit, only what
    had not settled is measured again. `kansci board speed --records FOLDER` ranks what is there.
    """
    torch.set_num_threads(1)  # what one core does; a second helps large networks alone
    console = Console(stderr=True, highlight=False, markup=False)
    where = choose_device(device)
    packages = {name: get_package(name) for name in package or []}
    zoo = {name: find_model(name) for name in model or ([] if packages else list_models())}
    models = [*distinct([*zoo.values()]), *distinct([*packages.values()])]
    words = {one.name: ["--model", name] for name, one in zoo.items()}
    words |= {one.name: ["--package", name] for name, one in packages.items()}
    also = [*(f"--work={one}" for one in work or []), *(f"--batch={one}" for one in batch or [])]
    asked = Asked(precision, seconds, processes_of(processes), words, also)
    places = places_of(shape or SHAPES, positive(parameters) or list(BUDGETS))
    gears = compilable(chosen("gear", gear or ["eager"], GEARS), where, console)
    dtypes = chosen("dtype", dtype or ["float32"], DTYPES)
    pieces = pieces_of(chosen("work", work or list(WORKS), WORKS), batch or [])
    laps = laps_of(models, places, dtypes, gears, where, pieces)
    said_of_widths(models, places, laps, console)
    folder = writable(out or Path("kansci-records") / "speed")

    lock = nullcontext() if held else alone(wait=wait, say=console.print)
    with resumable(console, folder), lock:
        present = [] if fresh else load_records(folder)  # once alone: another may have made some
        ahead = look_ahead(laps, asked, present)
        console.print(ahead.said(where, asked), soft_wrap=True)
        console.print(f"Records: {folder}", soft_wrap=True)
        if ahead.todo and (warning := busy()):
            console.print(warning, soft_wrap=True)
        made = time_all(ahead, asked, folder, console)
    report([*ahead.done, *made], folder, as_json=as_json)


def said_of_widths(
    models: Sequence[Model], places: Sequence[Place], laps: Sequence[Lap], console: Console
) -> None:
    """Says which models are missing where both networks have the same widths.

    Raises:
        UserError: if nothing is left to time.
    """
    widened = {lap.model.name for lap in laps if not isinstance(lap.place, int)}
    without = [one.name for one in models if one.name not in widened]
    if without and any(not isinstance(place, int) for place in places):
        if not laps:
            raise UserError(f"{', '.join(without)}: no widths to choose; use --shape budget")
        console.print(f"At budgets alone, without widths: {', '.join(without)}.", soft_wrap=True)


def look_ahead(laps: Sequence[Lap], asked: Asked, present: Sequence[AnyRecord]) -> Ahead:
    """What is done already, and what is to do."""
    speeds = [one for one in present if isinstance(one, Speed)]
    known = {one.key: one for one in speeds if done(one, asked.seconds)}
    keyed = [(lap, asked.key(lap)) for lap in laps]
    return Ahead(
        [(lap, key) for lap, key in keyed if key not in known],
        [known[key] for _, key in keyed if key in known],
    )


def time_all(ahead: Ahead, asked: Asked, folder: Path, console: Console) -> list[Speed]:
    """A Record for each lap, a file before anything else happens to it; a line for each."""
    made: list[Speed] = []
    begun = time.monotonic()
    costs = [estimate(lap, asked.seconds, asked.processes) for lap, _ in ahead.todo]
    for number, (lap, _) in enumerate(ahead.todo, 1):
        head = f"{number}/{len(ahead.todo)} {lap.model.name}, {lap.name}"
        with console.status(head) as status:
            say = partial(_update, status, head)
            record = timed_lap(lap, asked, say)
        save(record, folder)
        made.append(record)
        left = (time.monotonic() - begun) * sum(costs[number:]) / sum(costs[:number])
        rest = f"; about {spoken(left)} left" if left else ""
        console.print(f"{head}: {outcome(record)}{rest}", soft_wrap=True)
    return made


def _update(status: Status, head: str, what: str) -> None:
    status.update(f"{head}: {what}")


def outcome(record: Speed) -> str:
    """What became of a lap, in a few words."""
    if record.status != "ok":
        return f"{record.status}, {record.reason}"
    parts = [f"{len(record.timings)} timings"]
    if wide := sum(timing.settled is False for timing in record.timings):
        parts.append(f"{wide} did not settle")
    if record.left_out:
        parts.append(f"{len(record.left_out)} left out")
    if (waited := waiting(record.timings) or 0) > SHARED:
        parts.append(f"wall clock {waited:.1f} times CPU time: others used the core")
    return ", ".join(parts)


def report(records: Sequence[Speed], folder: Path, *, as_json: bool) -> None:
    """All that was asked for, measured now or before."""
    if as_json:
        rows = [record.model_dump(mode="json") for record in records]
        typer.echo(json.dumps({"folder": str(folder), "records": rows}, indent=1))
        return
    console = wide_console()
    for table in tables([record for record in records if record.timings]):
        console.print(table)
    for record in records:
        for reason in record.left_out if record.status == "ok" else [record.reason]:
            typer.echo(f"{record.model}, {record.lane}: {reason}")
    typer.echo(f"Rank them:           kansci board speed --records {folder}")
