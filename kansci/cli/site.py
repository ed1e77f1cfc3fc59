"""`kansci site`: boards, models, tasks and claims as static pages."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kansci.api import frozen_reference, get_board, list_boards
from kansci.board import rank
from kansci.claims.shelf import Entry, entries, get_claims, results, sources
from kansci.cli.board import default_records
from kansci.errors import UserError
from kansci.submission.ledger import load_ledger

if TYPE_CHECKING:
    from kansci.site import ClaimText

FIRST = "overall"  # of the boards


def site(
    records: Annotated[
        Path | None,
        typer.Option(help="A folder of Records; by default ./kansci-records/quick or the ledger."),
    ] = None,
    out: Annotated[
        Path, typer.Option(help="Folder of the pages; what an earlier build wrote is replaced.")
    ] = Path("site"),
) -> None:
    """Write boards, models, tasks and claims as pages that need no server."""
    if missing := [name for name in ("jinja2", "latex2mathml") if find_spec(name) is None]:
        raise UserError(f"want {' and '.join(missing)}, got none: pip install 'kansci[site]'")
    from kansci.site import build, check

    check(out)  # before a minute of work
    folder = records or default_records()
    found = load_ledger(folder)
    if not found:
        raise UserError(f"no Records in {folder}: `kansci run` makes some")
    reference = frozen_reference()
    names = sorted(list_boards(), key=lambda name: (name != FIRST, name))
    boards = [get_board(name) for name in names]
    standings = [(board, rank(board, found, reference)) for board in boards]
    told = [_told(entry) for entry in entries(get_claims([]), results())]
    count = build(standings, found, out, reference=reference, claims=told, kept=folder)
    typer.echo(f"{count} pages from {len(found)} Records in {folder}: open {out / 'index.html'}")


def _told(entry: Entry) -> ClaimText:
    """A claim as its page shows it."""
    from kansci.site import ClaimText

    claim, found = entry.claim, entry.found
    quantities = found.quantities if found else ()
    where = found.environment if found else None
    return ClaimText(
        id=claim.id,
        title=claim.title,
        claim=claim.claim,
        source=claim.source,
        setting=claim.setting,
        ours=claim.ours,
        command=claim.command,
        bibtex="\n\n".join(sources()[key] for key in claim.cited),
        word=entry.verdict.word,
        sentence=entry.verdict.sentence,
        measured=tuple((one.name, str(one)) for one in quantities),
        remarks=found.remarks if found else (),
        made=f"{where.started[:10]}, {where.processor}, kansci {where.kansci}" if where else "",
        stale=entry.stale,
    )
