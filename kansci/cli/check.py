"""`kansci check`: whether a network keeps the laws that the benchmark relies on."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from kansci.cli.listing import Json, wide_console
from kansci.discover import find_model
from kansci.errors import DoesNotFit, UserError
from kansci.models import Model, list_models
from kansci.testing import Report, Verdict
from kansci.testing import check as examined

COLOURS = {"holds": "green", "broken": "bold red", "quirk": "yellow", "does not apply": "dim"}


def check(
    name: Annotated[
        str | None, typer.Argument(help="A model, `kan[grid=10]` for instance, or FILE.py.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="All models that come with kansci.")] = False,
    dim_in: Annotated[int, typer.Option(help="Inputs of the network.")] = 2,
    dim_out: Annotated[int, typer.Option(help="Outputs of the network.")] = 1,
    parameters: Annotated[
        int | None,
        typer.Option(help="Budget; by default the smallest of 250, 1000, ... with a network."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Check that networks keep the laws of shape, gradient, derivatives, lifting and counting.

    Exit code 0 if all laws hold, 1 if one is broken, 2 for wrong input. A published arm follows
    its authors' code: the laws that it breaks are shown as quirks, and it fails only if it does
    not run.
    """
    for option, number in (("--dim-in", dim_in), ("--dim-out", dim_out)):
        if number < 1:
            raise UserError(f"{option} {number}: want at least 1")
    if parameters is not None and parameters < 1:
        raise UserError(f"--parameters {parameters}: want at least 1")
    models = _chosen(name, every)
    columns = (TextColumn("checking"), BarColumn(), MofNCompleteColumn())
    console = Console(stderr=True)
    quiet = as_json or not console.is_terminal or len(models) == 1
    with Progress(*columns, transient=True, disable=quiet, console=console) as bar:
        reports = [
            _report(model, dim_in, dim_out, parameters, skip=every) for model in bar.track(models)
        ]
    found = [report for report in reports if report is not None]
    if as_json:
        typer.echo(json.dumps([report.json() for report in found], indent=1))
    elif every:
        _summary(found, len(models))
    else:
        _laws(found[0])
    if not all(report.passed for report in found):
        raise typer.Exit(1)


def _chosen(name: str | None, every: bool) -> list[Model]:
    if every == (name is not None):
        raise UserError("check: want NAME or FILE.py, or --all, and not both")
    return [find_model(one) for one in (list_models() if name is None else [name])]


def _report(
    model: Model, dim_in: int, dim_out: int, parameters: int | None, *, skip: bool
) -> Report | None:
    try:
        return examined(model, dim_in=dim_in, dim_out=dim_out, parameters=parameters)
    except DoesNotFit as error:
        if skip:
            return None
        raise UserError(f"model {model.name}: {error}; choose a larger --parameters") from error


def _laws(report: Report) -> None:
    """One model, law by law."""
    table = Table(box=box.SIMPLE, pad_edge=False)
    for heading in ("law", "verdict"):
        table.add_column(heading, no_wrap=True)
    table.add_column("what it says", overflow="fold")
    for verdict in report.laws:
        table.add_row(verdict.name, _verdict(report, verdict), escape(verdict.sentence))
    console = wide_console()
    size = f"{report.numbers} of {report.parameters} numbers"
    console.print(
        f"{escape(report.model)}: {report.dim_in} -> {report.dim_out}, {size}", highlight=False
    )
    console.print(table)
    for quirk in report.quirks:
        console.print(f"declared quirk: {escape(quirk)}", highlight=False)
    typer.echo(_last_line(report))


def _verdict(report: Report, verdict: Verdict) -> str:
    quirk = verdict.status == "broken" and report.published and verdict.name != "runs"
    word = "quirk" if quirk else verdict.status
    return f"[{COLOURS[word]}]{word}[/]"


def _last_line(report: Report) -> str:
    names = ", ".join(verdict.name for verdict in report.broken)
    if not names:
        return f"{report.model} breaks no law."
    if report.published and report.passed:
        return f"{report.model} follows published code; its quirks break: {names}."
    return f"{report.model} breaks: {names}."


def _summary(reports: list[Report], models: int) -> None:
    """Many models, a line each, then every law that is broken in words."""
    table = Table(box=box.SIMPLE, pad_edge=False)
    for heading in ("model", "numbers", "laws held", "broken"):
        table.add_column(heading, no_wrap=heading != "broken")
    for report in reports:
        held = sum(verdict.status == "holds" for verdict in report.laws)
        table.add_row(
            escape(report.model),
            f"{report.numbers} of {report.parameters}",
            f"{held} of {len(report.laws)}",
            ", ".join(f"{one.name} ({_verdict(report, one)})" for one in report.broken),
        )
    console = wide_console()
    console.print(table)
    for report in reports:
        for verdict in report.broken:
            said = f"{report.model}, {verdict.name}: {verdict.sentence}"
            console.print(escape(said), highlight=False)
    if models > len(reports):
        typer.echo(f"{models - len(reports)} models do not fit the budget and were not examined.")
    failed = sum(not report.passed for report in reports)
    typer.echo(f"{len(reports) - failed} of {len(reports)} models pass.")
