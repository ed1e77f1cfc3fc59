"""`kansci site`: boards, models, tasks and claims as static pages."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kansci.api import frozen_reference
from kansci.claims.shelf import Entry, entries, get_claims, results, sources
from kansci.cli.board import stand
from kansci.cli.slices import (
    Beside,
    Budgets,
    Families,
    Folder,
    Suites,
    further,
    narrowed,
    read,
    samples,
)
from kansci.errors import UserError

if TYPE_CHECKING:
    from kansci.site import ClaimText


def site(
    records: Folder = None,
    suite: Suites = None,
    family: Families = None,
    budget: Budgets = None,
    beside: Beside = None,
    out: Annotated[
        Path, typer.Option(help="Folder of the pages; what an earlier build wrote is replaced.")
    ] = Path("site"),
    link: Annotated[
        bool,
        typer.Option(
            "--link",
            help="Link Records where they lie, and do not copy them: for pages beside a ledger.",
        ),
    ] = False,
) -> None:
    """Write boards, models, tasks and claims as pages that need no server."""
    if missing := [name for name in ("jinja2", "latex2mathml") if find_spec(name) is None]:
        raise UserError(f"want {' and '.join(missing)}, got none: pip install 'kansci[site]'")
    from kansci.site import build, check

    check(out)  # before a minute of work
    folder, every = read(records)
    found = narrowed(folder, every, suite, family, budget)
    found += further(found, beside, budget)
    standings, reference = stand(found), frozen_reference()
    told = [_told(entry) for entry in entries(get_claims([]), results())]
    count = build(
        standings,
        found,
        out,
        others=[*every, *samples(folder)],
        reference=reference,
        claims=told,
        kept=folder,
        also=beside,
        link=link,
    )
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
        where=entry.where,
        sentence=entry.verdict.sentence,
        measured=tuple((one.name, str(one)) for one in quantities),
        remarks=found.remarks if found else (),
        made=f"{where.started[:10]}, {where.processor}, kansci {where.kansci}" if where else "",
        stale=entry.stale,
    )
