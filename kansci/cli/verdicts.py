"""What `kansci check` prints: one thing law by law, or many things a line each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import typer
from rich import box
from rich.markup import escape
from rich.table import Table

from kansci.cli.listing import wide_console
from kansci.testing import Report, TaskReport, Verdict

COLOURS = {"holds": "green", "broken": "bold red", "quirk": "yellow", "does not apply": "dim"}
AnyReport = Report | TaskReport


def show(reports: Sequence[AnyReport], *, unfit: int = 0) -> None:
    """One thing law by law; of many a line each, then every broken law in words.

    Args:
        unfit: models that were not examined, as they do not fit the budget.
    """
    if len(reports) == 1 and not unfit:
        _laws(reports[0])
    else:
        _summary(reports, unfit)


def _laws(report: AnyReport) -> None:
    table = Table(box=box.SIMPLE, pad_edge=False)
    for heading in ("law", "verdict"):
        table.add_column(heading, no_wrap=True)
    table.add_column("what it says", overflow="fold")
    for verdict in report.laws:
        table.add_row(verdict.name, _verdict(report, verdict), escape(verdict.sentence))
    console = wide_console()
    console.print(escape(_heading(report)), highlight=False)
    console.print(table)
    for quirk in report.quirks if isinstance(report, Report) else ():
        console.print(f"declared quirk: {escape(quirk)}", highlight=False)
    typer.echo(_last_line(report))


def _heading(report: AnyReport) -> str:
    if isinstance(report, TaskReport):
        return f"{report.task}: content {report.content[:12]}"
    size = f"{report.numbers} of {report.parameters} numbers"
    return f"{report.model}: {report.dim_in} -> {report.dim_out}, {size}"


def _name(report: AnyReport) -> str:
    return report.task if isinstance(report, TaskReport) else report.model


def _verdict(report: AnyReport, verdict: Verdict) -> str:
    word = "quirk" if _is_quirk(report, verdict) else verdict.status
    return f"[{COLOURS[word]}]{word}[/]"


def _is_quirk(report: AnyReport, verdict: Verdict) -> bool:
    published = isinstance(report, Report) and report.published
    return published and verdict.status == "broken" and verdict.name != "runs"


def _last_line(report: AnyReport) -> str:
    names = ", ".join(verdict.name for verdict in report.broken)
    if not names:
        return f"{_name(report)} breaks no law."
    if all(_is_quirk(report, verdict) for verdict in report.broken):
        return f"{_name(report)} follows published code; its quirks break: {names}."
    return f"{_name(report)} breaks: {names}."


def _summary(reports: Sequence[AnyReport], unfit: int) -> None:
    tasks = any(isinstance(report, TaskReport) for report in reports)
    table = Table(box=box.SIMPLE, pad_edge=False)
    for heading in ("task" if tasks else "model", "content" if tasks else "numbers", "laws held"):
        table.add_column(heading, no_wrap=True)
    table.add_column("broken")
    for report in reports:
        table.add_row(*_line(report))
    console = wide_console()
    console.print(table)
    for report in reports:
        for verdict in report.broken:
            said = f"{_name(report)}, {verdict.name}: {verdict.sentence}"
            console.print(escape(said), highlight=False)
    if unfit:
        typer.echo(f"{unfit} models do not fit the budget and were not examined.")
    passed = sum(report.passed for report in reports)
    typer.echo(f"{passed} of {len(reports)} {'tasks' if tasks else 'models'} pass.")


def _line(report: AnyReport) -> Iterator[str]:
    held = sum(verdict.status == "holds" for verdict in report.laws)
    yield escape(_name(report))
    if isinstance(report, TaskReport):
        yield report.content[:12]
    else:
        yield f"{report.numbers} of {report.parameters}"
    yield f"{held} of {len(report.laws)}"
    yield ", ".join(f"{one.name} ({_verdict(report, one)})" for one in report.broken)
