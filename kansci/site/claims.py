"""What the page of claims shows of each claim; whoever keeps them fills it in."""

from __future__ import annotations

from typing import NamedTuple


class ClaimText(NamedTuple):
    """A published claim, and what came of it.

    Attributes:
        word, sentence: the verdict and its reason.
        measured: names of quantities and their values with intervals.
        made: when and where it was measured; empty if it was not.
        stale: whether other code than there is now measured it.
    """

    id: str
    title: str
    claim: str
    source: str
    setting: str
    ours: str
    command: str
    bibtex: str
    word: str
    sentence: str
    measured: tuple[tuple[str, str], ...] = ()
    remarks: tuple[str, ...] = ()
    made: str = ""
    stale: bool = False
