"""Rules that several claims share, beside those of `verdict`."""

from __future__ import annotations

from collections.abc import Iterable

from kansci.claims.measurement import Quantity
from kansci.claims.verdict import Word, within
from kansci.claims.verdict import above as above
from kansci.claims.verdict import below as below

LEARNED, LOST = 1.0, 0.3  # decades: less is hardly learned; a factor of two in the error


def as_published(first: Word, others: Iterable[Word]) -> Word:
    """Of a claim in the setting it was made in, and in others, where it was not made.

    The first decides. Others that contradict cost it no more than "in part", and those that are
    undecided cost nothing.
    """
    return "holds in part" if first == "holds" and "does not hold" in others else first


def kept(gained: Quantity, gone: Quantity) -> Word:
    """Whether what was learned is still there, in decades: `LEARNED` or more, but for `LOST`.

    Less may be lost, and so tells that something is forgotten; that it is kept says nothing.
    """
    if gone.low > LOST:
        return "does not hold"
    return within(gone, LOST) if gained.low >= LEARNED else "cannot be judged"


def of_both(theirs: Word, ours: Word) -> Word:
    """Of a claim by the authors' form of a model, and by another: the authors' decides.

    The other may contradict it, which costs no more than "in part".
    """
    return as_published(theirs, [ours])


def power_of(found: Quantity, claimed: float) -> Word:
    """Whether something falls with a power: as `times`, but that none at all is 0."""
    if found.low <= 0:
        return "does not hold" if found.high <= 0 else "cannot be judged"
    return "holds" if found.low > claimed / 2 and found.high >= claimed else "holds in part"
