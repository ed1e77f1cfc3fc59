"""`kansci status`: the grid of a suite, and what is known of it."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, NamedTuple, get_args

import typer
from rich.markup import escape

from kansci.cli.ahead import Ahead, counted, look_ahead
from kansci.cli.listing import Json, listing, wide_console
from kansci.cli.selection import (
    Budgets,
    Models,
    Out,
    RecipeName,
    Selection,
    SuiteName,
    Tasks,
    present,
    select,
    spoken,
)
from kansci.environment import cores
from kansci.plan import read_shard
from kansci.record import FAILED, Record, Speed, Status


class Line(NamedTuple):
    """What is known of one model."""

    model: str
    statuses: dict[Status, int]
    missing: int

    @property
    def done(self) -> int:
        return sum(self.statuses.values())


def status(
    suite: SuiteName = "quick",
    model: Models = None,
    task: Tasks = None,
    parameters: Budgets = None,
    recipe: RecipeName = None,
    out: Out = None,
    shard: Annotated[str | None, typer.Option(help="i/n: only one part of it.")] = None,
    as_json: Json = False,
) -> None:
    """Say what is done, what is missing and what failed, and why.

    Takes the same choices as `kansci run`; whatever became of a cell, it is done. `kansci run
    --retry failed` computes failures again.
    """
    chosen = select(suite, model, task, parameters, recipe)
    folder = chosen.folder(out)
    part = read_shard(shard) if shard else None
    ahead = look_ahead(chosen, present(folder), shard=part)
    lines = lines_of(chosen, ahead)
    if as_json:
        typer.echo(json.dumps(as_dict(chosen, folder, ahead, lines), indent=1))
    else:
        show(folder, ahead, lines)


def lines_of(chosen: Selection, ahead: Ahead) -> list[Line]:
    """A line for each model, in the order of the command; the sums are those of the grid."""
    statuses: dict[str, Counter[Status]] = defaultdict(Counter)
    for record in ahead.plan.done:
        statuses[record.model][record.status] += 1
    missing = Counter(cell.model.name for cell in ahead.plan.missing.values())
    names = dict.fromkeys(cell.model.name for cell in chosen.cells)
    return [Line(name, dict(statuses[name]), missing[name]) for name in names]


def show(folder: Path, ahead: Ahead, lines: Sequence[Line]) -> None:
    """Tables for people."""
    kinds: list[Status] = [
        kind
        for kind in get_args(Status)
        if kind == "ok" or any(line.statuses.get(kind) for line in lines)
    ]
    words = [kind.replace("_", " ") for kind in kinds]
    table = listing("model", "done", *words, "missing")
    for line in lines:
        table.add_row(*_row(line, kinds))
    total: Counter[Status] = sum((Counter(line.statuses) for line in lines), Counter())
    table.add_section()
    table.add_row(*_row(Line("all", dict(total), sum(line.missing for line in lines)), kinds))
    console = wide_console()
    console.print(table)
    for (kind, reason), records in failures(ahead.plan.done).items():
        who = ", ".join(sorted({record.model for record in records}))
        typer.echo(f"{kind.replace('_', ' ')}, {len(records)} of {who}: {reason}")
    for sentence in sentences(folder, ahead):
        typer.echo(sentence)


def sentences(folder: Path, ahead: Ahead) -> list[str]:
    """What the table does not say."""
    lines = []
    models = {one.name for one in ahead.timings} | {one.model for one in ahead.timed}
    laned = models & {one.model for one in ahead.records if isinstance(one, Speed) and one.lane}
    lane = f"; {len(laned)} by `kansci speed`, which boards rank, too" * bool(laned)
    if times := len(ahead.timed) + len(ahead.timings):
        lines.append(f"Speed: {len(ahead.timed)} of {times} models are timed by the suite{lane}.")
    if stale := ahead.plan.stale:
        what = counted(len(stale), "Record")
        lines.append(f"{what} of another source, task content or recipe will be replaced.")
    left = "nothing is missing"
    if ahead.missing:
        time = spoken(ahead.seconds(cores()))
        left = f"{ahead.missing} are missing, about {time} with {cores()} at a time"
    lines.append(f"{len(ahead.done)} Records in {folder}; {left}.")
    return lines


def failures(records: Sequence[Record]) -> dict[tuple[Status, str], list[Record]]:
    """Records that failed, by status and reason, the most frequent first."""
    found: dict[tuple[Status, str], list[Record]] = defaultdict(list)
    for record in records:
        if record.status in FAILED:
            found[record.status, record.reason].append(record)
    return dict(sorted(found.items(), key=lambda item: (-len(item[1]), item[0])))


def as_dict(chosen: Selection, folder: Path, ahead: Ahead, lines: Sequence[Line]) -> dict[str, Any]:
    """All of it, for programs; `seconds` is of one core."""
    return {
        "suite": chosen.suite.name,
        "folder": str(folder),
        "done": len(ahead.done),
        "missing": ahead.missing,
        "failed": sum(record.status in FAILED for record in ahead.plan.done),
        "stale": len(ahead.plan.stale),
        "seconds": ahead.seconds(),
        "speed": {"done": len(ahead.timed), "missing": len(ahead.timings)},
        "models": [
            {"model": x.model, "done": x.done, "missing": x.missing, "statuses": x.statuses}
            for x in lines
        ],
        "failures": [
            {"status": kind, "reason": reason, "cells": [_cell(record) for record in records]}
            for (kind, reason), records in failures(ahead.plan.done).items()
        ],
    }


def _cell(record: Record) -> dict[str, Any]:
    return {"model": record.model, "task": record.name, "budget": record.budget}


def _row(line: Line, kinds: Sequence[Status]) -> list[str]:
    counts = [line.done, *(line.statuses.get(kind, 0) for kind in kinds), line.missing]
    return [escape(line.model), *map(str, counts)]
