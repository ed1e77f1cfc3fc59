"""BibTeX of what a paper should cite: kansci, and the sources of the models and tasks it reports.

Sources are words in models and tasks ("Li 2024, arXiv:2405.06721; github.com/..."); an entry of
`leaderboards/references.bib` is meant where its arXiv number, its DOI, its repository or its field
`named` stands in them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from kansci.errors import UserError

OWN = "kansci"
OURS = ("kansci", "ours", "textbook")  # sources that there is nothing to cite for
MARKS = (
    r"\beprint\s*=\s*\{([^}]+)\}",
    r"\bdoi\s*=\s*\{([^}]+)\}",
    r"github\.com/([\w.-]+/[\w.-]+)",
    r"\bnamed\s*=\s*\{([^}]+)\}",
)


class Entry(NamedTuple):
    """One entry, as it stands in the file, and the marks by which sources name it."""

    key: str
    text: str
    marks: tuple[str, ...]

    def meant(self, source: str) -> bool:
        """Whether a source names it: a mark that does not go on into another one."""
        return any(
            re.search(rf"(?<![\w.]){re.escape(mark)}(?![\w-])", source, re.IGNORECASE)
            for mark in self.marks
        )


def entries(path: Path) -> tuple[Entry, ...]:
    """All entries of a file.

    Raises:
        UserError: if there is no such file, or no entry in it.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise UserError(f"{path}: want a file of references, got: {error}") from error
    found = re.findall(r"^@\w+\{([^,\s]+),\n.*?^\}$", text, re.MULTILINE | re.DOTALL)
    bodies = re.findall(r"^@\w+\{.*?^\}$", text, re.MULTILINE | re.DOTALL)
    if not found or len(found) != len(bodies):
        raise UserError(f"{path}: want entries that begin `@kind{{key,` and end with `}}`")
    return tuple(
        Entry(key, body, tuple(mark for one in MARKS for mark in re.findall(one, body)))
        for key, body in zip(found, bodies, strict=True)
    )


def cited(sources: Iterable[str], known: Iterable[Entry]) -> tuple[list[Entry], list[str]]:
    """kansci and the entries that sources name, in the order of the file; and what has none."""
    known, words = list(known), sorted(set(sources) - {""})
    meant = [one for one in known if one.key == OWN or any(map(one.meant, words))]
    lacking = [
        source
        for source in words
        if source not in OURS and not any(one.meant(source) for one in known)
    ]
    return meant, lacking


def bibtex(found: Iterable[Entry]) -> str:
    """The entries, without what is ours alone."""
    bodies = (re.sub(r"^\s*named = .*\n", "", one.text, flags=re.MULTILINE) for one in found)
    return "\n\n".join(bodies) + "\n"
