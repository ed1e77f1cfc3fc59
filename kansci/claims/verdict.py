"""From what was measured to a word; nothing of it is typed by hand.

A claim of the form "n times" *holds* if it is true at all (the interval lies above 1) and the
interval reaches n; it *holds in part* if it is true but n is out of reach; else it *does not hold*.
A claim that was measured in several places holds if it does in all, and in part if in some, unless
it does not hold in most of them: then it does not hold.
Where a rule asks for what was not measured, or is NaN, the claim *cannot be judged*.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple

from kansci.claims.measurement import Quantity

Word = Literal[
    "holds",
    "holds in part",
    "does not hold",
    "cannot be tested here",
    "cannot be judged",
    "not run yet",
]


class Verdict(NamedTuple):
    """A word, and the reason in a sentence."""

    word: Word
    sentence: str


def times(found: Quantity, claimed: float) -> Word:
    """Whether something is `claimed` times better, where 1 is no better.

    Raises:
        ValueError: for a claim of no more than 1, which says nothing.
    """
    if not claimed > 1:
        raise ValueError(f"want a claim of more than 1 times, got {claimed=}")
    if not found.low > 1:
        return "does not hold"
    return "holds" if found.high >= claimed else "holds in part"


def within(found: Quantity, bound: float) -> Word:
    """Whether something is no more than a bound: in part, if the interval lies across it."""
    if found.high <= bound:
        return "holds"
    return "does not hold" if found.low > bound else "holds in part"


def together(words: Iterable[Word]) -> Word:
    """Of a claim in several places.

    Raises:
        ValueError: for none at all.
    """
    found = list(words)
    if not found:
        raise ValueError("want one word or more, got none")
    if len(set(found)) == 1:
        return found[0]
    return "does not hold" if 2 * found.count("does not hold") > len(found) else "holds in part"
