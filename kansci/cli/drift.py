"""`kansci board --check`: whether committed tables are what the committed Records give."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from difflib import unified_diff
from pathlib import Path

import typer

from kansci.boards.board import AnyRecord
from kansci.boards.sheets import Sheet
from kansci.cli.written import Standings, filled, texts
from kansci.record import Record

LINES = 12  # of the differences of one file that are shown


def compare(
    standings: Standings,
    beside: Sequence[Sheet],
    records: Sequence[AnyRecord],
    out: Path,
    page: Path | None,
    awaited: Iterable[str] = (),
) -> None:
    """Says which files are not what the Records give, and exits with 1 if any is not.

    Args:
        awaited: models that are left out, and said to be.
    """
    expected = {out / name: text for name, text in texts(standings, beside).items()}
    if page:
        expected[page] = filled(page, standings, records, out)
    found = strays(out, expected) if page else {}
    found |= drifted(expected)
    for path, lines in found.items():
        typer.echo("\n  ".join([f"{path}:", *lines]))
    if found:
        typer.echo(f"{len(found)} of {len(expected)} tables differ; `make board` writes them anew")
        raise typer.Exit(1)
    typer.echo(f"{len(expected)} tables are what {len(records)} Records give.")
    if names := ", ".join(sorted(awaited)):
        typer.echo(f"Not in them yet, and self-reported: {names}; `make board` adds their rows.")


def awaited(records: Iterable[AnyRecord], out: Path) -> set[str]:
    """Submissions that nobody has verified and no committed table shows.

    A pull request is one folder, a bundle: it leaves the tables to whoever merges it.
    """
    shown = set()
    for path in out.glob("*.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            shown |= {row.get("model") for row in csv.DictReader(file)}
    own = (one for one in records if isinstance(one, Record))
    return {one.model for one in own if one.submitted == "self-reported"} - shown


def drifted(expected: Mapping[Path, str]) -> dict[Path, list[str]]:
    """Files that are not there, or say something else, and a summary of the difference."""
    found = {}
    for path, text in expected.items():
        if not path.is_file():
            found[path] = ["is not there"]
        elif (committed := path.read_text(encoding="utf-8")) != text:
            found[path] = summary(committed, text)
    return found


def strays(folder: Path, expected: Iterable[Path]) -> dict[Path, list[str]]:
    """Tables of a folder that nothing makes any more."""
    known = set(expected)
    tables = [*folder.glob("*.md"), *folder.glob("*.csv")]
    return {path: ["no board makes it"] for path in sorted(tables) if path not in known}


def summary(committed: str, recomputed: str) -> list[str]:
    """The first lines of a unified diff, and how many there are more."""
    names = {"fromfile": "committed", "tofile": "recomputed", "n": 0, "lineterm": ""}
    lines = list(unified_diff(committed.splitlines(), recomputed.splitlines(), **names))
    more = len(lines) - LINES
    return [*lines[:LINES], *([f"and {more} lines more"] if more > 0 else [])]
