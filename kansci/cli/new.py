"""`kansci new`: the first file of one's own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from kansci.cli.listing import Json
from kansci.submission.template import write_template


def new(
    file: Annotated[Path, typer.Argument(help="FILE.py; its name becomes that of the model.")],
    as_json: Json = False,
) -> None:
    """Write a file with a small network of your own, to be changed and run.

    It passes `kansci check` as it is. A file that is there is not touched.
    """
    name = write_template(file)
    if as_json:
        typer.echo(json.dumps({"file": str(file), "model": name}, indent=1))
    else:
        typer.echo(f"{file}: the model {name!r}, to be changed. Then:")
        typer.echo(f"  kansci check {file}\n  kansci run --model {file} --suite quick")
