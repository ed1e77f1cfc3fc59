"""How often the secret-seed rule flags whom: simulated submitters, and audits of real Records.

    python benchmarks/audits.py rates
    python benchmarks/audits.py resample leaderboards/records --suite standard
    python benchmarks/audits.py variants --model chebykan --model relukan

`rates` draws errors as protocol 1 spreads them: five submitted seeds, members of a task spread by
0.3 decades, which differ between tasks by a log-normal factor of 0.4, and one member in twenty that
fails two decades up. `resample` draws both sides of an audit from the members of one Record, so
that every flag is a false one. `variants` trains honest models on tasks and their variants, and
gives the decades that they lose beyond what yardsticks lose.
"""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Callable, Iterator, Sequence
from itertools import cycle, islice
from pathlib import Path
from statistics import fmean
from typing import Annotated, NamedTuple

import numpy as np
import typer
from numpy.typing import NDArray

from kansci.discover import find_tasks, get_model, get_task
from kansci.engines.engine import execute
from kansci.ledger import load_records
from kansci.record import Record
from kansci.statistics.standing import final
from kansci.suite import cells, get_suite
from kansci.together import together
from kansci.verification.audit import FIRST_FIVE, USUAL, YARDSTICKS, Depth, Lot, spread
from kansci.verification.rule import gap, ruling, separation
from kansci.verification.variants import PREFIX, file_of, has_variant

Floats = NDArray[np.float64]
Draw = Callable[[int], Floats]  # so many members of every task, `(task, member)`
SEEDS = 5  # that are submitted
SPREAD, BETWEEN = 0.3, 0.4
FAILING, COST = 0.05, 2.0
MANY = ("bumps_1d", "drift_window", "poisson", "feynman27/*")

app = typer.Typer(add_completion=False)


class Submitter(NamedTuple):
    """Somebody who submits log10 errors of `SEEDS` members, drawn in whatever way."""

    did: str
    submits: Callable[[Draw], Floats]


def best_of(count: int) -> Callable[[Draw], Floats]:
    """The best members of so many, task by task."""
    return lambda draw: np.sort(draw(count), axis=1)[:, :SEEDS]


def lowered(by: float, *, share: float = 1.0) -> Callable[[Draw], Floats]:
    """Errors that were written down lower than they were, in all cells or in a share of them."""

    def submitted(draw: Draw) -> Floats:
        errors = draw(SEEDS)
        errors[: round(share * len(errors))] -= by
        return errors

    return submitted


SUBMITTERS = (
    Submitter("honest", lowered(0.0)),
    Submitter("best 5 of 10 seeds", best_of(10)),
    Submitter("best 5 of 25 seeds", best_of(25)),
    Submitter("errors lowered by 0.5 decade", lowered(0.5)),
    Submitter("errors lowered by 0.2 decade", lowered(0.2)),
    Submitter("errors lowered by 4 decades, in a tenth of the cells", lowered(4.0, share=0.1)),
    Submitter("errors lowered by 1 decade, in a fifth of the cells", lowered(1.0, share=0.2)),
    Submitter("errors lowered by 0.5 decade, in a fifth of the cells", lowered(0.5, share=0.2)),
)


def flagged(submitter: Submitter, depth: Depth, generator: np.random.Generator) -> bool:
    """Whether one submission is flagged."""
    spreads = SPREAD * np.exp(BETWEEN * generator.standard_normal((depth.tasks, 1)))

    def draw(members: int) -> Floats:
        noise = spreads * generator.standard_normal((depth.tasks, members))
        return noise + COST * (generator.random((depth.tasks, members)) < FAILING)

    submitted, secret = submitter.submits(draw), draw(depth.seeds)
    return caught(-submitted, -secret, depth)


def caught(submitted: Floats, secret: Floats, depth: Depth) -> bool:
    """Whether the rules flag decades of members, `(cell, member)` each."""
    gaps = [gap(*pair) for pair in zip(submitted.tolist(), secret.tolist(), strict=True)]
    means = ruling(submitted.mean(1) - secret.mean(1))
    return means.flagged or separation(gaps, (SEEDS, depth.seeds)).flagged


@app.command()
def rates(trials: int = 4_000, seed: int = 0) -> None:
    """How many of some simulated submissions are flagged, in percent."""
    typer.echo(f"| what the submitter did | {_said(USUAL)} | {_said(FIRST_FIVE)} |\n|---|---|---|")
    for submitter in SUBMITTERS:
        shares = []
        for depth in (USUAL, FIRST_FIVE):
            generator = np.random.default_rng(seed)
            shares.append(fmean(flagged(submitter, depth, generator) for _ in range(trials)))
        typer.echo("| " + " | ".join([submitter.did, *(f"{100 * s:.3g} %" for s in shares)]) + " |")


def _said(depth: Depth) -> str:
    return f"{depth.tasks} tasks x {depth.seeds} seeds"


@app.command()
def resample(
    folder: Path, suite: str | None = None, audits: int = 100, seed: int = 0, deep: bool = False
) -> None:
    """Audits of honest submissions whose seeds, and the secret ones, are a Record's own members."""
    depth, generator = FIRST_FIVE if deep else USUAL, np.random.default_rng(seed)
    models = _trained(folder, suite)
    flags: list[str] = []
    for number, name in enumerate(islice(cycle(models), audits)):
        lot = Lot(f"audit {number} of seed {seed}".encode(), name)
        chosen = spread(models[name], lot, depth.tasks)
        members = [_both(final(one), depth, generator) for one in chosen]
        submitted, secret = (np.stack(side) for side in zip(*members, strict=True))
        if caught(submitted, secret, depth):
            flags.append(f"{name} ({submitted.mean() - secret.mean():+.2f} decades)")
    typer.echo(f"{len(flags)} of {audits} audits of {len(models)} models flagged: {flags}")


def _both(members: Floats, depth: Depth, generator: np.random.Generator) -> tuple[Floats, Floats]:
    """Decades of members that are submitted, and of secret ones, both drawn with replacement."""
    return generator.choice(members, SEEDS), generator.choice(members, depth.seeds)


def _trained(folder: Path, suite: str | None) -> dict[str, list[Record]]:
    """Records with members, of models that have at least two tasks."""
    found: dict[str, list[Record]] = {}
    for record in load_records(folder):
        if isinstance(record, Record) and record.members and suite in (None, record.suite):
            found.setdefault(record.model, []).append(record)
    return {name: own for name, own in sorted(found.items()) if len({r.task for r in own}) > 1}


@app.command()
def variants(
    model: Annotated[list[str], typer.Option(help="To be looked at. Repeatable.")],
    task: Annotated[list[str] | None, typer.Option(help="Name or pattern. Repeatable.")] = None,
    suite: str = "quick",
    budget: int = 250,
    seed: int | None = None,
    workers: int = 1,
) -> None:
    """Decades that honest models lose on variants beyond what yardsticks lose."""
    names = [one.name for pattern in task or MANY for one in find_tasks(pattern)]
    public = [name for name in names if has_variant(name)]
    models = [get_model(name) for name in dict.fromkeys((*YARDSTICKS, *model))]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "variants.py"
        file.write_text(file_of(public, secrets.randbits(40) if seed is None else seed))
        tasks = [*map(get_task, public), *find_tasks(str(file))]
        wanted = cells(get_suite(suite), models=models, tasks=tasks, parameters=[budget])
        records = execute(together(wanted), workers=workers)
        found = {(one.model, one.name): float(final(one).mean()) for one in records}
    for name in model:
        excess = list(_excess(name, public, found))
        typer.echo(
            f"{name}: {fmean(excess):+.2f} decades on {len(excess)} tasks, most on one of "
            f"them {max(excess):+.2f}"
        )


def _excess(
    name: str, public: Sequence[str], found: dict[tuple[str, str], float]
) -> Iterator[float]:
    for task in public:
        lost = {
            one: found[one, task] - found[one, f"{PREFIX}{task}"] for one in (name, *YARDSTICKS)
        }
        yield lost[name] - fmean(lost[one] for one in YARDSTICKS if one != name)


if __name__ == "__main__":
    app()
