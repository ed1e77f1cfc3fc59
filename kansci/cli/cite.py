"""`kansci cite`: BibTeX of what a paper should cite."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Annotated

import typer

from kansci.citations import bibtex, cited, entries
from kansci.discover import find_model, find_tasks, get_task, home
from kansci.errors import UserError
from kansci.ledger import write_atomically
from kansci.models import get_model
from kansci.record import Record
from kansci.submission.ledger import load_ledger
from kansci.suite import get_suite


def cite(
    records: Annotated[
        Path | None, typer.Option(help="A folder of Records: their models and tasks.")
    ] = None,
    suite: Annotated[str | None, typer.Option(help="A suite: its models and tasks.")] = None,
    model: Annotated[
        list[str] | None, typer.Option(help="NAME, FILE.py or package:name. Repeatable.")
    ] = None,
    task: Annotated[list[str] | None, typer.Option(help="NAME or pattern. Repeatable.")] = None,
    out: Annotated[Path | None, typer.Option(help="Write this file, in place of printing.")] = None,
) -> None:
    """Print BibTeX of kansci, and of the sources of models and tasks.

    Without options that of kansci alone. What has no entry is said on standard error.
    """
    sources = [find_model(name).source for name in model or ()]
    sources += [one.source for text in task or () for one in find_tasks(text)]
    if suite:
        chosen = get_suite(suite)
        sources += [get_model(name).source for name in chosen.models]
        sources += [
            one.source
            for group in chosen.groups
            for text in group.tasks
            for one in find_tasks(text)
        ]
    if records:
        sources += _of_records(records)
    found, lacking = cited(sources, entries(home("leaderboards") / "references.bib"))
    for source in lacking:
        typer.echo(f"no entry for the source {source!r}: cite it by hand", err=True)
    if out:
        write_atomically(out, bibtex(found))
        typer.echo(f"{len(found)} entries written to {out}", err=True)
    else:
        typer.echo(bibtex(found), nl=False)


def _of_records(folder: Path) -> Iterator[str]:
    """Sources of all models and tasks that this kansci knows; says which it does not."""
    trained = [one for one in load_ledger(folder) if isinstance(one, Record)]
    if not trained:
        raise UserError(f"no Records of training in {folder}: `kansci run` makes some")
    yield from _known("model", {one.model for one in trained}, lambda name: get_model(name).source)
    yield from _known("task", {one.name for one in trained}, lambda name: get_task(name).source)


def _known(kind: str, names: Iterable[str], source: Callable[[str], str]) -> Iterator[str]:
    for name in sorted(names):
        try:
            yield source(name)
        except UserError as problem:
            typer.echo(f"{kind} {name}: {problem}", err=True)
