"""`kansci tasks` and `kansci models`: what there is to run."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Annotated, Any

import torch
import typer
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from kansci.discover import find_model, find_tasks
from kansci.errors import DoesNotFit, blamed
from kansci.installed import list_installed
from kansci.models import Model, list_models, trainable
from kansci.models.naming import join
from kansci.task import Task

BUDGETS = (250, 1_000, 4_000, 16_000)
Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


def listing(*headings: str, folds: Collection[str] = ()) -> Table:
    """A table whose last column gives way where the terminal is narrow.

    Args:
        folds: columns that share what is left with the last, and go on in the next line.
    """
    table = Table(box=box.SIMPLE, pad_edge=False, expand=True)
    for heading in headings:
        if heading in folds:
            table.add_column(heading, overflow="fold", ratio=1)
        elif heading == headings[-1]:
            table.add_column(heading, no_wrap=True, overflow="ellipsis", ratio=1)
        else:
            table.add_column(heading, no_wrap=True)
    return table


def wide_console() -> Console:
    """Standard output; wide where it is no terminal, as nothing wraps there."""
    console = Console()
    return console if console.is_terminal else Console(width=160)


def tasks(
    pattern: Annotated[
        str | None, typer.Argument(help="A name, a pattern such as 'feynman27/*', or FILE.py.")
    ] = None,
    as_json: Json = False,
) -> None:
    """List the tasks: what is to be learned, in how many stages, with which derivatives."""
    found = find_tasks(pattern or "*")
    if as_json:
        typer.echo(json.dumps([_task(task) for task in found], indent=1))
        return
    table = listing("task", "in -> out", "stages", "order", "error", "cluster", "what")
    for task in found:
        table.add_row(
            escape(task.name),
            f"{task.dim_in} -> {task.dim_out}",
            str(len(task.stages)),
            str(task.order),
            task.metric.replace("_", " "),
            escape(task.cluster),
            escape(task.about),
        )
    wide_console().print(table)
    typer.echo("order: the highest derivative of the network that the loss takes")
    typer.echo("cluster: tasks that are equal up to names and a factor; boards count them once")
    for options, whose in _by_options(found).items():
        typer.echo(f"options, with their defaults: {options}: {', '.join(whose)}")


def _by_options(found: Collection[Task]) -> dict[str, list[str]]:
    """Which tasks have which options; a collection as a pattern, where all of it has them."""
    without = {task.name.partition("/")[0] for task in found if not task.options}
    groups: dict[str, dict[str, None]] = {}
    for task in found:
        if task.options:
            collection, _, rest = task.name.partition("/")
            whole = rest and len(found) > 1 and collection not in without
            name = f"{collection}/*" if whole else task.name
            groups.setdefault(join("NAME", task.options), {})[name] = None
    return {options: list(names) for options, names in groups.items()}


def _task(task: Task) -> dict[str, Any]:
    return {
        "name": task.name,
        "version": task.version,
        "family": task.family,
        "dim_in": task.dim_in,
        "dim_out": task.dim_out,
        "domain": task.domain,
        "stages": [stage.name for stage in task.stages],
        "order": task.order,
        "metric": task.metric,
        "scale": {"mean": task.scale.mean, "std": task.scale.std},
        "cluster": task.cluster,
        "options": task.options,
        "about": task.about,
        "source": task.source,
        "content": task.content,
    }


def models(
    name: Annotated[
        str | None,
        typer.Argument(help="One model: `kan[grid=10]`, FILE.py, a name of an installed package."),
    ] = None,
    as_json: Json = False,
) -> None:
    """List the models, with their trainable numbers at each budget (for 2 inputs, 1 output)."""
    found = [find_model(one) for one in ([name] if name else list_models())]
    others = {} if name else list_installed()
    if as_json:
        rows = [_model(model) for model in found]
        rows += [{"name": one, "kind": "installed", "package": of} for one, of in others.items()]
        typer.echo(json.dumps(rows, indent=1))
        return
    budgets = [f"{budget:,}".replace(",", " ") for budget in BUDGETS]
    table = listing("model", *budgets, "derivatives", "what, and where it is published")
    for kind, group in _by_kind(found).items():
        table.add_row(f"[bold]{escape(kind)}[/bold]")
        for model in group:
            table.add_row(
                f"  {escape(model.name)}",
                *(str(_numbers(model, budget) or "does not fit") for budget in BUDGETS),
                _derivatives(model),
                f"{escape(model.about)}\n[dim]{escape(model.source)}[/dim]",
            )
    if others:  # by name alone: nothing is imported before it is asked for
        table.add_row("[bold]of installed packages[/bold]")
    for one, package in others.items():
        table.add_row(f"  {escape(one)}", *[""] * (len(BUDGETS) + 1), escape(package))
    wide_console().print(table)
    typer.echo("derivatives: those that are not zero, and of them those that are continuous")
    for model in found if name else ():
        for quirk in model.quirks:
            typer.echo(f"quirk: {quirk}")


def _by_kind(found: list[Model]) -> dict[str, list[Model]]:
    """Groups in the order of their first models; published arms come after the forms."""
    groups: dict[str, list[Model]] = {}
    for model in found:
        groups.setdefault(model.kind, []).append(model)
    return groups


def _model(model: Model) -> dict[str, Any]:
    return {
        "name": model.name,
        "kind": model.kind,
        "control": model.control,
        "derivatives": model.derivatives,
        "continuous": model.continuous,
        "parameters": {str(budget): _numbers(model, budget) for budget in BUDGETS},
        "about": model.about,
        "source": model.source,
        "quirks": model.quirks,
    }


def _numbers(model: Model, budget: int) -> int | None:
    """Trainable numbers within a budget, for two inputs and one output."""
    with blamed(model.name), torch.device("meta"):  # shapes alone
        try:
            return trainable(model.build(2, 1, budget))
        except DoesNotFit:
            return None


def _derivatives(model: Model) -> str:
    counts = (model.derivatives, model.continuous)
    words = ["all" if count is None else str(count) for count in counts]
    return words[0] if words[0] == words[1] else ", ".join(words)
