"""Names from anybody as file names that are safe, readable, and different."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from hashlib import sha256

LONGEST = 80  # of a file's name: systems allow 255 bytes


def unique(names: Iterable[str]) -> dict[str, str]:
    """A file name without ending for each name; no two are the same on any system.

    `feynman/I.12.1` is `feynman-I.12.1`. Names that would share one, be it but for capitals, and
    names that are too long end in a hash of their own.

    >>> unique(["feynman/I.12.1", "<b>"])
    {'feynman/I.12.1': 'feynman-I.12.1', '<b>': 'b'}
    """
    plain = {name: _plain(name) for name in dict.fromkeys(names)}
    shared = Counter(text.casefold() for text in plain.values())
    return {
        name: text if shared[text.casefold()] == 1 and len(text) <= LONGEST else _marked(name, text)
        for name, text in plain.items()
    }


def _plain(name: str) -> str:
    """Letters, digits, `.`, `_` and `-`, beginning and ending with none of the signs."""
    return re.sub(r"[^A-Za-z0-9._]+", "-", name).strip("-.") or "unnamed"


def _marked(name: str, text: str) -> str:
    return f"{text[:LONGEST]}-{sha256(name.encode()).hexdigest()[:8]}"
