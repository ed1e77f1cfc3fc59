"""`kansci submit`: a model's file and its Records become a folder for one pull request."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Annotated

import typer

from kansci.cli.listing import Json
from kansci.discover import home
from kansci.errors import UserError
from kansci.sandbox import foreign
from kansci.submission.bundle import Bundle, read
from kansci.submission.grid import exact
from kansci.submission.ledger import LEDGER, unshown
from kansci.submission.names import free_name
from kansci.submission.status import status_of
from kansci.submission.submitting import frozen
from kansci.submission.submitting import submit as written
from kansci.suite import get_suite

MODELS = Path("leaderboards/models")


def submit(
    file: Annotated[
        str, typer.Argument(help="FILE.py of your own; with --check the NAME of a bundle.")
    ],
    suite: Annotated[str, typer.Option(help="Whose Records go along: quick, standard.")] = "quick",
    name: Annotated[
        str | None, typer.Option(help="To be sure: the name that the file gives its model.")
    ] = None,
    authors: Annotated[str | None, typer.Option(help="Who made it: 'A. One, B. Two'.")] = None,
    url: Annotated[str | None, typer.Option(help="Of the paper or the code.")] = None,
    licence: Annotated[
        str | None, typer.Option("--licence", "--license", help="Its SPDX name: MIT, Apache-2.0.")
    ] = None,
    about: Annotated[str | None, typer.Option(help="What is new, in a sentence.")] = None,
    records: Annotated[
        Path | None, typer.Option(help="Folder of Records; by default kansci-records/SUITE.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder of bundles.")] = MODELS,
    weights: Annotated[
        bool, typer.Option(help="Take trained networks along, where --weights kept them.")
    ] = True,
    check: Annotated[
        bool, typer.Option("--check", help="Only read a bundle and say whether it is whole.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Write the bundle of a model for a pull request, and print the commands that open one.

    Takes the Records that `kansci run --model FILE --suite SUITE` made, and refuses, in a line,
    what is incomplete, made of another source, unnamed or too large. It writes one folder, whole
    or not at all, and changes nothing else.
    """
    if check:
        bundle = _checked(out / file)
    else:
        frozen(Path(file))  # that it is missing comes before what else is
        given = {"--authors": authors, "--url": url, "--licence": licence}
        if without := [option for option, value in given.items() if not value]:
            raise UserError(f"submit: want {', '.join(without)}")
        bundle = written(
            Path(file),
            suite=suite,
            name=name,
            authors=authors or "",
            url=url or "",
            licence=licence or "",
            about=about,
            records=records or Path("kansci-records") / suite,
            out=out,
            weights=weights,
        )
    if reason := unshown(bundle.entry.suite, home(LEDGER)):
        typer.echo(f"note: in a pull request no board would show it: {reason}", err=True)
    if as_json:
        typer.echo(json.dumps(as_dict(bundle), indent=1))
    else:
        show(bundle, fresh=not check)


def _checked(folder: Path) -> Bundle:
    """A bundle whose Records are those that its source makes today.

    Raises:
        UserError: if it is not whole, or not of today's tasks, recipes and networks.
    """
    bundle = read(folder)
    command = f"kansci run --model FILE.py --suite {bundle.entry.suite}, then kansci submit"
    model = foreign(bundle.model)
    if model.name != bundle.name:
        raise UserError(f"{bundle.model}: want the model {bundle.name!r}, got {model.name!r}")
    exact(model, get_suite(bundle.entry.suite), bundle.records, command)
    free_name(bundle.name, folder.parent, own=folder)
    return bundle


def show(bundle: Bundle, *, fresh: bool) -> None:
    """What the bundle holds and, of a new one, what to do with it."""
    files, size = len(bundle.manifest.files), sum(f.size for f in bundle.manifest.files.values())
    typer.echo(
        f"{bundle.folder}: {len(bundle.records)} Records of the suite {bundle.entry.suite}, "
        f"{files + 1} files, {size / 1e6:.1f} MB, {status_of(bundle)}; bundle {bundle.digest[:12]}"
    )
    if fresh:
        typer.echo("To open the pull request, from the root of your fork:")
        for command in commands(bundle):
            typer.echo(f"  {command}")


def commands(bundle: Bundle) -> list[str]:
    """What opens the pull request; kansci runs none of it."""
    branch = f"submit-{bundle.name}"
    return [
        f"git switch -c {branch}",
        f"git add {shlex.quote(str(bundle.folder))}",
        f"git commit -m 'Submit {bundle.name}'",
        f"git push -u origin {branch}",
    ]


def as_dict(bundle: Bundle) -> dict[str, object]:
    return {
        "bundle": str(bundle.folder),
        "digest": bundle.digest,
        "status": status_of(bundle),
        "entry": bundle.entry.model_dump(mode="json"),
        "records": len(bundle.records),
        "files": len(bundle.manifest.files) + 1,
        "commands": commands(bundle),
    }
