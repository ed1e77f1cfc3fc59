"""The pages' templates, and a folder that is replaced as a whole.

Templates escape all that they are given, as names, reasons and notes come from submissions.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.resources import files
from pathlib import Path
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from kansci.errors import UserError
from kansci.site.formula import linked, prose

MARK = ".kansci-site"  # in a folder that a later build may replace
STATIC = ("site.css", "site.js", "compare.js")


@cache
def _templates() -> Environment:
    found = Environment(
        loader=PackageLoader("kansci.site"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters.update(
        number=number,
        thousands=thousands,
        label=label,
        prose=prose,
        linked=linked,
        address=quote,
        identity=id,
    )
    return found


def write(folder: Path, page: str, template: str, **what: object) -> None:
    """One page; `root` leads from it to the folder of all pages."""
    path = folder / page
    path.parent.mkdir(parents=True, exist_ok=True)
    root = "../" * page.count("/")
    text = _templates().get_template(template).render(root=root, page=page, **what)
    path.write_text(text, encoding="utf-8")


def write_static(folder: Path) -> None:
    """Style and scripts, which all pages share."""
    home = files("kansci.site") / "templates"
    for name in STATIC:
        (folder / name).write_bytes((home / name).read_bytes())


@contextmanager
def replacing(out: Path) -> Iterator[Path]:
    """A new folder that takes the place of `out` when all pages are there, and not before.

    Raises:
        UserError: if there is something at `out` that no build has written.
    """
    check(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}-") as scratch:
        folder = Path(scratch) / "new"
        folder.mkdir()
        (folder / MARK).touch()
        yield folder
        if out.exists():
            out.rename(Path(scratch) / "old")
        shutil.move(folder, out)


def check(out: Path) -> None:
    """Raises a UserError if there is something at `out` that no build has written."""
    empty = not out.exists() or (out.is_dir() and not any(out.iterdir()))
    if not empty and not (out / MARK).is_file():
        raise UserError(f"{out}: want an empty folder or a site to replace, got another; see --out")


def number(value: float | None, digits: int = 2) -> str:
    """Fixed digits; a dash where there is none."""
    return "-" if value is None else f"{value:z.{digits}f}"


def thousands(value: int) -> str:
    """`16 000`, with a space at which no line breaks."""
    return f"{value:,}".replace(",", "\N{NO-BREAK SPACE}")


def label(text: str) -> Markup:
    """Text that may break behind some signs, so that long names fit a phone."""
    return Markup("<wbr>").join(re.split(r"(?<=[/_\[=,])", text))
