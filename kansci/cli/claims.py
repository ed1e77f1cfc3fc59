"""`kansci claims`: what was published, and what we measured."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from kansci.claims import Claim
from kansci.claims.measurement import Measurement, listed
from kansci.claims.page import full, page, verdict_of
from kansci.claims.running import measure, pooled, timed
from kansci.claims.shelf import (
    Entry,
    content,
    entries,
    get_claims,
    path_of,
    read,
    results,
    save,
    sources,
)
from kansci.cli.child import PROCESSES, processes_of, run_child
from kansci.cli.listing import listing, wide_console
from kansci.cli.progress import resumable
from kansci.cli.selection import writable
from kansci.errors import UserError
from kansci.ledger import write_atomically

OUT = Path("kansci-claims")


def claims(
    ids: Annotated[
        list[str] | None,
        typer.Argument(help="C5, for instance: that claim in full; by default all."),
    ] = None,
    run: Annotated[
        bool, typer.Option("--run", help="Measure them: some take seconds, some many minutes.")
    ] = False,
    quick: Annotated[
        bool, typer.Option("--quick", help="With --run: only those that take seconds.")
    ] = False,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="With --run: measure again what is there.")
    ] = False,
    out: Annotated[
        Path, typer.Option(help="Folder of what is measured; shown in place of what is committed.")
    ] = OUT,
    docs: Annotated[Path | None, typer.Option(help="Write all claims into this page.")] = None,
    check: Annotated[
        Path | None,
        typer.Option(
            exists=True, dir_okay=False, help="Say whether this page is what --docs would write."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
    processes: Annotated[
        int,
        typer.Option(
            help=f"With --run: a timing is the median over as many; 1, or {PROCESSES} or more."
        ),
    ] = PROCESSES,
    alone: Annotated[bool, typer.Option(hidden=True, help="In this process, once.")] = False,
) -> None:
    """List published claims beside what we measured, or measure them again.

    With an id, one is shown in full.

    `--run` measures again, one claim after another, each in a process of its own, as memory that
    others have freed moves timings by up to a factor of three. Timings also differ from process to
    process: a claim with any is measured in six, and each is their median. Each claim becomes a
    file when it has come to its end, and the same command goes on from there.
    """
    if alone:
        measured(get_claims(ids or [])[0], out)
        return
    processes_of(processes)
    if (quick or fresh) and not run:
        raise UserError("--quick and --fresh say what to run: add --run")
    if ids and not run and (docs or check):
        raise UserError("the page has all claims: leave out the ids")
    chosen = get_claims(ids or [])
    if run:
        run_all(chosen, out, quick=quick, fresh=fresh, processes=processes)
    if docs or check:
        text = page(entries(get_claims([]), results()))  # the page has what is committed, and all
        if docs:
            write_atomically(docs, text)
        if check and check.read_text(encoding="utf-8") != text:
            raise UserError(f"{check}: not what is measured; `kansci claims --docs {check}`")
        return
    found = entries(chosen, results(), out)
    if as_json:
        typer.echo(json.dumps([as_dict(one) for one in found], indent=1))
    elif ids and not run:
        typer.echo("\n\n".join(map(full, found)))
    else:
        show(found)


def run_all(
    chosen: Sequence[Claim], out: Path, *, quick: bool, fresh: bool, processes: int
) -> None:
    """A file for each claim that has none, or an old one.

    Raises:
        UserError: in the end, if an experiment raised; the others are measured all the same.
    """
    console = Console(stderr=True, highlight=False, markup=False)
    folder = writable(out)
    tested = [one for one in chosen if one.measure and (one.quick or not quick)]
    todo = [one for one in tested if fresh or not current(one, folder)]
    console.print(f"{len(tested)} claims to measure: {len(tested) - len(todo)} are there.")
    failed = []
    with resumable(console, folder):
        for number, claim in enumerate(todo, 1):
            head = f"{number}/{len(todo)} {claim.id}"
            console.print(f"{head} {claim.title}", soft_wrap=True)
            begun = time.monotonic()
            try:
                found = measured_apart(claim, processes, console)
                save(found, folder)
                said = f"{claim.judged(found).word}, {time.monotonic() - begun:.0f} s"
            except Exception as problem:  # an experiment must not end the others
                failed.append(claim.id)
                said = f"{type(problem).__name__}: {problem}"
            console.print(f"{head}: {said}", soft_wrap=True)
    if failed:
        raise UserError(f"not measured, for the reasons above: {', '.join(failed)}")


def measured_apart(claim: Claim, processes: int, console: Console) -> Measurement:
    """In a process of its own, or in several if there are timings, of which the medians are said.

    Raises:
        ChildProcessError: if one fails; it has said why.
        KeyboardInterrupt: if one was interrupted.
    """
    with TemporaryDirectory(prefix="kansci-") as scratch:
        places = [Path(scratch, str(number)) for number in range(processes)]
        found = [in_child(claim, places[0])]
        if not timed(found[0]) or processes == 1:
            return found[0]
        console.print(f"  again, in {processes - 1} processes")
        found += [in_child(claim, place, aloud=False) for place in places[1:]]
    medians = pooled(found)
    for one in medians.quantities:
        if one.over == "processes":
            console.print(f"  {one.name}: {one}, over {processes} processes", soft_wrap=True)
    return medians


def in_child(claim: Claim, place: Path, *, aloud: bool = True) -> Measurement:
    """In one new process, which says every quantity as it comes, unless that was said before.

    Raises:
        ChildProcessError: if it fails; it has said why.
        KeyboardInterrupt: if it was interrupted.
    """
    run_child(["claims", claim.id, "--alone", "--out", str(place)], aloud=aloud)
    return read(path_of(claim.id, place))


def measured(claim: Claim, folder: Path) -> None:
    """In this process, with a line for each quantity."""
    console = Console(stderr=True, highlight=False)
    with console.status(claim.id):
        found = measure(
            claim, lambda line: console.print(f"  {line}", markup=False, soft_wrap=True)
        )
    save(found, folder)


def current(claim: Claim, folder: Path) -> bool:
    """Whether what lies there was measured by the code that there is."""
    path = path_of(claim.id, folder)
    return path.is_file() and read(path).content == content(claim)


def show(found: Sequence[Entry]) -> None:
    """A line for each claim."""
    table = listing("id", "claim", "verdict", "measured", folds=("claim",))
    for one in found:
        said = listed(one.found.quantities) if one.found else one.claim.untestable
        table.add_row(one.claim.id, escape(one.claim.title), verdict_of(one), escape(said))
    wide_console().print(table)


def as_dict(entry: Entry) -> dict[str, Any]:
    """For programs."""
    claim, verdict = entry.claim, entry.verdict
    return {
        "id": claim.id,
        "title": claim.title,
        "claim": claim.claim,
        "source": claim.source,
        "bibtex": [sources()[key] for key in claim.cited],
        "setting": claim.setting,
        "hardware": claim.hardware,
        "ours": claim.ours,
        "command": claim.command,
        "verdict": verdict.word,
        "reason": verdict.sentence,
        "stale": entry.stale,
        "measurement": entry.found.model_dump(mode="json") if entry.found else None,
    }
