"""`kansci recover`: whether formulas can be read off networks, beside genetic programming."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, NamedTuple

import torch
import typer
from rich.console import Console

from kansci.cli.progress import resumable
from kansci.cli.selection import (
    Budgets,
    RecipeName,
    distinct,
    once,
    positive,
    present,
    spoken,
    writable,
)
from kansci.discover import find_model, find_tasks
from kansci.ledger import save
from kansci.models import Model
from kansci.reading import Reading
from kansci.recipe import Recipe
from kansci.recovery.readings import blank, perform
from kansci.recovery.searches import OPERON, SECONDS, Search
from kansci.suite import get_recipe
from kansci.symbolic.operon import EVALUATIONS

MODELS = ("kan", "fastkan")
TASKS = ("feynman27/*",)
BUDGETS = (250,)
RECIPE = "sparse"


class Ahead(NamedTuple):
    """Searches that are to do, with what is known of each, and the Readings that are there."""

    todo: list[tuple[Search, Reading]]
    done: list[Reading]


def recover(
    task: Annotated[
        list[str] | None,
        typer.Option(help="NAME, pattern or FILE.py; by default feynman27/*. Repeatable."),
    ] = None,
    model: Annotated[
        list[str] | None,
        typer.Option(
            help="NAME or FILE.py, or 'operon' for genetic programming (kansci[sr]), the bar to "
            "pass; by default kan and fastkan. Repeatable."
        ),
    ] = None,
    parameters: Budgets = None,
    recipe: RecipeName = RECIPE,
    seeds: Annotated[int, typer.Option(min=1, help="Networks, or searches, of each task.")] = 5,
    seconds: Annotated[
        float, typer.Option(min=1, help="CPU seconds for naming the edges of one network.")
    ] = SECONDS,
    evaluations: Annotated[
        int, typer.Option(min=1_000, help="Candidate formulas of one search of operon.")
    ] = EVALUATIONS,
    out: Annotated[
        Path | None, typer.Option(help="Folder of Records; by default kansci-records/recovery.")
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Compute again what is there.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Read formulas off trained networks and compare them with the truth.

    Every network is trained by the recipe, cut and trained on until it is sparse, and its edges are
    named; operon searches on the same points. A formula is recovered if it is the truth up to an
    additive constant or a factor.

    Goes on where an earlier run of the same command stopped. `kansci board recovery --records
    FOLDER` ranks what is there.
    """
    torch.set_num_threads(1)  # networks this small gain nothing from a second
    names = list(dict.fromkeys(model or MODELS))
    models: list[Model | None] = list(distinct([find_model(n) for n in names if n != OPERON]))
    if OPERON in names:
        models.append(None)
    tasks = once([one for text in task or TASKS for one in find_tasks(text)])
    budgets = list(dict.fromkeys(positive(parameters) or BUDGETS))
    how = recipe_of(recipe or RECIPE, seeds)
    searches = [
        Search(one, who, budget, how, seconds=seconds, evaluations=evaluations)
        for one in tasks
        for who in models
        for budget in (budgets if who else (0,))
    ]
    folder = out or Path("kansci-records") / "recovery"
    console = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
    ahead = look_ahead(searches, folder, fresh=fresh)
    writable(folder)
    count = len(ahead.todo) + len(ahead.done)
    console.print(f"{count} Records of formulas: {len(ahead.done)} are there. Records: {folder}")
    with resumable(console, folder):
        made = perform_all(ahead.todo, folder, console)
    report([*ahead.done, *made], folder, as_json=as_json)


def look_ahead(searches: Sequence[Search], folder: Path, *, fresh: bool) -> Ahead:
    """What is done already, and what is to do."""
    known = {one.key: one for one in present(folder) if isinstance(one, Reading)}
    pairs = [(search, blank(search)) for search in searches]
    if fresh:
        known = {}
    return Ahead(
        [pair for pair in pairs if pair[1].key not in known],
        [known[start.key] for _, start in pairs if start.key in known],
    )


def perform_all(
    todo: Sequence[tuple[Search, Reading]], folder: Path, console: Console
) -> list[Reading]:
    """A Record for each search, a file before anything else happens to it; a line for each."""
    made: list[Reading] = []
    begun = time.monotonic()
    for number, (search, start) in enumerate(todo, 1):
        head = f"{number}/{len(todo)} {start.model} on {start.name}"
        with console.status(head) as status:
            record = perform(
                search,
                start,
                lambda line, head=head, status=status: status.update(f"{head}: {line}"),
            )
        save(record, folder)
        made.append(record)
        left = (time.monotonic() - begun) / number * (len(todo) - number)
        rest = f"; about {spoken(left)} left" if left else ""
        console.print(f"{head}: {outcome(record)}{rest}")
    return made


def outcome(record: Reading) -> str:
    """What became of a search, in a few words."""
    if not record.formulas:
        return f"{record.status}, {record.reason}"
    exact = sum(formula.exact for formula in record.formulas)
    failed = [formula for formula in record.formulas if formula.status != "ok"]
    best = min(record.formulas, key=lambda formula: (not formula.exact, formula.distance))
    parts = [f"{exact} of {len(record.formulas)} exact"]
    if best.text:
        parts.append(best.text if len(best.text) < 60 else f"{best.text[:57]}...")
    if failed:
        parts.append(f"{len(failed)} failed ({failed[0].status}: {failed[0].reason})")
    return ", ".join(parts)


def report(records: Sequence[Reading], folder: Path, *, as_json: bool) -> None:
    """All that was asked for, made now or before."""
    if as_json:
        rows = [record.model_dump(mode="json") for record in records]
        typer.echo(json.dumps({"folder": str(folder), "records": rows}, indent=1))
        return
    typer.echo(f"Rank them:           kansci board recovery --records {folder}")


def recipe_of(name: str, seeds: int) -> Recipe:
    """A recipe with so many seeds that are scored."""
    return get_recipe(name).model_copy(update={"evaluation_seeds": tuple(range(seeds))})
