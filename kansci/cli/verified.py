"""What `kansci verify` prints: what was checked, the figures, and the verdict in words."""

from __future__ import annotations

from collections.abc import Iterator

import typer
from rich.markup import escape

from kansci.cli.listing import listing, wide_console
from kansci.verification.verdict import Check, Verification

Line = tuple[str, str, str]


def show(found: Verification) -> None:
    """A table of cells, a line for each check, then warnings and reasons."""
    table = listing("task", "budget", "submitted", "secret seeds", "decades worse")
    for one in found.compared:
        worse = f"{one.submitted - one.secret:+.2f}"
        fate = "" if one.status == "ok" else f"  ({one.status})"
        numbers = (str(one.budget), f"{one.submitted:.2f}", f"{one.secret:.2f}", worse + fate)
        table.add_row(escape(one.task), *numbers)
    console = wide_console()
    if found.compared:
        console.print(table)
    checks = listing("check", "verdict", "what was found")
    for name, verdict, said in _checks(found):
        checks.add_row(name, verdict, escape(said))
    console.print(checks)
    for warning in found.warnings:
        typer.echo(f"For review, {warning}.")
    for reason in found.reasons:
        typer.echo(f"Flagged: {reason}.")
    typer.echo(f"{found.name}: {found.status} (bundle {found.bundle[:12]}).")


def _checks(found: Verification) -> Iterator[Line]:
    flagged = _flagged(found, "Records")
    yield "Records", _word(not flagged), "some are not what the source makes" if flagged else ""
    if _flagged(found, "isolation"):
        yield "isolation", _word(False), "nothing kept the submitted code apart"
    if not found.compared:  # nothing was trained
        return
    yield _seeds(found)
    yield _rates(found)
    yield _variants(found)
    yield from _networks(found)
    broken = sum(reason.check == "laws" for reason in found.reasons)
    yield "laws", _word(not broken), f"{broken} broken"
    yield "source", "", f"{len(found.warnings)} warnings"
    yield _speed(found)


def _seeds(found: Verification) -> Line:
    said = f"{found.mean:+.3f} decades on {len(found.compared)} cells, p = {found.p:.2g}"
    told = sum(one.fates.failed for one in found.compared)
    again = sum(one.again.failed for one in found.compared)
    if told or again:
        said += f"; {again} members failed, and {told} of those submitted"
    return "secret seeds", _word(not _flagged(found, "secret seeds")), said


def _rates(found: Verification) -> Line:
    same = sum(one.submitted == one.again for one in found.retuned)
    said = f"{same} of {len(found.retuned)} chosen again"
    return "rates", _word(not _flagged(found, "rates")), said


def _variants(found: Verification) -> Line:
    if found.excess is None:
        return "variants", "none", "no audited task has any"
    said = f"{found.excess:+.2f} decades lost beyond yardsticks on {len(found.varied)} tasks"
    return "variants", _word(not _flagged(found, "variants")), said


def _networks(found: Verification) -> Iterator[Line]:
    worst = max((one.away for one in found.reloads), default=float("inf"))
    said = f"{len(found.reloads)} reloaded, away by {worst:.2g} of what rounding explains"
    yield "networks", _word(not _flagged(found, "networks")), said
    most = max((one.parameters for one in found.reloads), default=0)
    adapted = max((one.adapted for one in found.reloads), default=0)
    held = max((one.held for one in found.reloads), default=0)
    said = f"{most} trainable at most, {adapted} adapted; {held} held in all"
    yield "numbers", _word(not _flagged(found, "numbers")), said


def _speed(found: Verification) -> Line:
    if found.speed is None or not found.speed.timings:
        return "speed", "none", "could not be measured"
    first = found.speed.timings[0]
    said = f"{first.ratio:.2f} times the reference's time ({first.low:.2f} to {first.high:.2f})"
    return "speed", "", f"{first.work}: {said}"


def _flagged(found: Verification, check: Check) -> bool:
    return any(reason.check == check for reason in found.reasons)


def _word(passed: bool) -> str:
    return "[green]passes[/]" if passed else "[bold red]flagged[/]"
