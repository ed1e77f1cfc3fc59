"""What a command will do, and what it finds done: cells to train and models to time."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

import typer
from rich.markup import escape

from kansci.cli.listing import listing, wide_console
from kansci.cli.selection import Selection, spoken
from kansci.ledger import AnyRecord
from kansci.models import Model
from kansci.plan import Plan, Shard, estimate, plan
from kansci.record import Speed, Status
from kansci.speed.ratio import speed_key
from kansci.together import Job

TIMING = 3.0  # seconds that timing one model takes, about


class Ahead(NamedTuple):
    """A plan, and the models whose speed is, or is not, measured.

    Attributes:
        records: all that were there before, of this command or not; estimates come from them.
    """

    plan: Plan
    timed: list[Speed]
    timings: list[Model]
    records: Sequence[AnyRecord]

    @property
    def done(self) -> list[AnyRecord]:
        return [*self.plan.done, *self.timed]

    @property
    def missing(self) -> int:
        """Records that are to be made."""
        return len(self.plan.missing) + len(self.timings)

    def seconds(self, workers: int = 1) -> float:
        """About how long it takes; the last job is waited for alone."""
        jobs = self.plan.jobs
        hands = max(min(workers, len(jobs)), 1)
        return estimate(jobs, self.records) / hands + TIMING * len(self.timings)

    def said(self, head: str, where: str, workers: int) -> str:
        """A sentence for people."""
        count = len(self.done) + self.missing
        todo = "nothing to train"
        if self.missing:
            jobs = counted(len(self.plan.jobs), "job")
            time = spoken(self.seconds(workers))
            todo = f"{self.missing} to do in {jobs}, about {time} with {workers} at a time"
        times = len(self.timed) + len(self.timings)
        timed = f", {times} of them timings," if times else ""
        return f"{head}. {count} Records{timed} on {where}: {len(self.done)} are there, {todo}."


def look_ahead(
    chosen: Selection,
    records: Sequence[AnyRecord],
    *,
    retry: Collection[Status] = (),
    shard: Shard | None = None,
    fresh: bool = False,
) -> Ahead:
    """What is done already, and what is to do. Shards time nothing: they have company."""
    work = plan(chosen.cells, records, retry=retry, shard=shard, fresh=fresh)
    models = chosen.timed if shard is None else []
    keys = {one.name: speed_key(one, chosen.suite.speed_budget) for one in models}
    speeds = {} if fresh else {one.key: one for one in records if isinstance(one, Speed)}
    again = {key for key, one in speeds.items() if one.status in retry}
    known = {name: speeds[key] for name, key in keys.items() if key in speeds.keys() - again}
    timings = [one for one in models if one.name not in known]
    return Ahead(work, list(known.values()), timings, records)


def counted(number: int, what: str) -> str:
    """`1 job`, `2 jobs`."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def show_jobs(ahead: Ahead, *, as_json: bool) -> None:
    """What would run, job by job."""
    if as_json:
        rows = [_job(job, ahead) for job in ahead.plan.jobs]
        timings = [model.name for model in ahead.timings]
        head = {"done": len(ahead.done), "missing": ahead.missing, "seconds": ahead.seconds()}
        typer.echo(json.dumps(head | {"jobs": rows, "timings": timings}, indent=1))
        return
    table = listing("model", "budget", "Records", "seconds", "tasks that train together")
    for job in ahead.plan.jobs:
        row = _job(job, ahead)
        counts = (str(job.budget), str(len(row["missing"])), f"{row['seconds']:.1f}")
        table.add_row(escape(job.model.name), *counts, escape(", ".join(row["tasks"])))
    if ahead.plan.jobs:
        wide_console().print(table)
    for model in ahead.timings:
        typer.echo(f"speed of {model.name}")


def _job(job: Job, ahead: Ahead) -> dict[str, Any]:
    missing = {id(cell) for cell in ahead.plan.missing.values()}
    return {
        "model": job.model.name,
        "budget": job.budget,
        "tasks": [cell.task.name for cell in job.cells],
        "missing": [cell.task.name for cell in job.cells if id(cell) in missing],
        "seconds": estimate([job], ahead.records),
    }
