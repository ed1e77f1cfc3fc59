"""`kansci compare`: one model beside another, or beside published numbers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Annotated

import typer
from rich import box
from rich.table import Table
from rich.text import Text

from kansci.cli.listing import wide_console
from kansci.cli.slices import Budgets, Families, Folder, Suites, narrowed, origin, read
from kansci.discover import home
from kansci.errors import UnknownName, UserError
from kansci.papers import Beside, Paper, beside, get_paper, list_papers
from kansci.record import Record
from kansci.statistics.differences import Comparison, compared
from kansci.statistics.standing import standings

NONE = "-"


def compare(
    model: Annotated[str, typer.Argument(help="Name of a model that has Records.")],
    against: Annotated[str | None, typer.Argument(help="The model to compare it with.")] = None,
    paper: Annotated[
        str | None, typer.Option(help="Published numbers in place of a model; 'list' names them.")
    ] = None,
    records: Folder = None,
    suite: Suites = None,
    family: Families = None,
    budget: Budgets = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Compare two models task by task, or a model with published numbers.

    Differences are in decades, paired over members of one seed; a task is won or lost where the
    95 % interval over seeds is clear of 0, and tied otherwise. Published numbers are converted to
    our metric and labelled; where settings differ, that is said, and no winner is named.
    """
    if (against is None) == (paper is None):
        raise UserError(
            "want a second model or --paper NAME, and not both; --paper list names them"
        )
    published = home("leaderboards") / "published"
    if paper == "list":
        titles = {name: get_paper(name, published).title for name in list_papers(published)}
        said = "\n".join(f"{name}: {title}" for name, title in titles.items())
        typer.echo(json.dumps(titles, indent=1) if as_json else said)
        return
    folder, every = read(records)
    found = narrowed(folder, every, suite, family, budget)
    trained = [one for one in found if isinstance(one, Record)]
    _check_names([model, *([against] if against else [])], trained)
    if paper is not None:
        source = get_paper(paper, published)
        own = next(one for one in standings(trained) if one.model == model)
        rows = beside(source, own.records)
        if not rows:
            raise UserError(
                f"no Record of {model} on a task of {paper!r}: "
                f"kansci run --model {model} --task {source.results[0].task!r}"
            )
        (_paper_json if as_json else _show_paper)(model, source, rows)
        return
    assert against is not None
    if model == against:
        raise UserError(f"compare: want two models, got {model} twice")
    result = compared(trained, model, against)
    if result is None:
        raise UserError(f"{model} and {against} have no task in common: run them on the same ones")
    (_json if as_json else _show)(model, against, result)
    if not as_json:
        typer.echo(origin(found, folder))


def _check_names(names: Sequence[str], records: Sequence[Record]) -> None:
    known = {record.model for record in records}
    for name in names:
        if name not in known:
            raise UnknownName("model with Records", name, known)


def _show(model: str, against: str, result: Comparison) -> None:
    table = _table("task", "budget", model, against, "difference [95 %]", "pairs", "")
    for one in result.cells:
        table.add_row(
            Text(one.place.task),
            str(one.place.budget),
            f"{one.ours:.2f}",
            f"{one.theirs:.2f}",
            f"{one.mean:+.2f}{bracketed(one.low, one.high)}",
            str(one.pairs or NONE),
            one.verdict,
        )
    wide_console().print(table)
    typer.echo(summary(model, against, result))


def summary(model: str, against: str, result: Comparison) -> str:
    """What the cells amount to, in two lines."""
    chance, low, high = result.improvement
    lacking = f"; {result.alone} cells only one of them has" if result.alone else ""
    return (
        f"By other seeds alone, {model} wins {result.count('win')}, ties {result.count('tie')}, "
        f"loses {result.count('loss')} of {len(result.cells)} cells{lacking}.\n"
        f"Over other tasks of the kind too: mean difference {result.mean:+.2f} "
        f"[{result.low:+.2f}, {result.high:+.2f}] decades; "
        f"probability of improvement {chance:.2f} [{low:.2f}, {high:.2f}], on cells that both have."
    )


def bracketed(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f" [{low:+.2f}, {high:+.2f}]"


def _json(model: str, against: str, result: Comparison) -> None:
    cells = [
        {**one.place._asdict(), **_but_place(one._asdict()), "verdict": one.verdict}
        for one in result.cells
    ]
    said = {"model": model, "against": against, "unit": "decades"}
    typer.echo(json.dumps({**said, **result._asdict(), "cells": cells}, indent=1))


def _but_place(row: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in row.items() if name != "place"}


def _show_paper(model: str, paper: Paper, rows: Sequence[Beside]) -> None:
    table = _table(
        "task",
        "published network",
        "printed",
        "as our metric",
        "budget",
        f"{model}, median [range]",
    )
    for row in rows:
        sign = "~" if row.estimated else ""
        ours = NONE if row.ours is None else f"{row.ours:.1e} [{row.low:.1e}, {row.high:.1e}]"
        table.add_row(
            Text(row.result.task),
            Text(row.result.network),
            f"{row.result.metric.upper()} {row.result.value:.2e}",
            f"{row.metric} {sign}{row.published:.1e}",
            str(row.budget),
            ours,
        )
    wide_console().print(table)
    typer.echo("\n".join(notes(paper, rows)))


def notes(paper: Paper, rows: Sequence[Beside]) -> list[str]:
    """What has to be known before one number is set against another."""
    lines = [
        f"{paper.title}, {paper.source}.",
        f"Theirs: {paper.setting}.",
        f"Where settings differ: {paper.differs}.",
    ]
    if any(row.estimated for row in rows):
        lines.append(
            "~ divided by the scale of OUR target: orders of magnitude, and not a comparison."
        )
    return lines


def _paper_json(model: str, paper: Paper, rows: Sequence[Beside]) -> None:
    said = paper.model_dump(exclude={"results"})
    results = [{**row._asdict(), "result": row.result.model_dump()} for row in rows]
    typer.echo(json.dumps({"model": model, "paper": said, "rows": results}, indent=1))


def _table(*headings: str) -> Table:
    table = Table(box=box.SIMPLE, pad_edge=False)
    for number, heading in enumerate(headings):
        table.add_column(Text(heading), justify="left" if number < 1 else "right", no_wrap=True)
    return table
