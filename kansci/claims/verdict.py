"""From what was measured to a word; nothing of it is typed by hand.

A claim of *n times* holds if the interval reaches n and lies above 1 and above n / 2; it holds in
part if the interval lies above 1 alone, and does not hold if it lies below. One of *no more than* a
bound holds if the interval lies within it, and does not hold if it lies beyond; *more than* is the
other way round. An interval that lies across what decides, 1 or the bound, decides nothing: the
claim cannot be judged.
A claim that was measured in several places is judged by those that are decided, if they are most:
it holds if it does in all of them, does not hold if it fails in most, and else holds in part.
Where a rule asks for what was not measured, or is NaN, the claim cannot be judged either.
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
JUDGED: tuple[Word, ...] = ("holds", "holds in part", "does not hold")


class Verdict(NamedTuple):
    """A word, and the reason in a sentence."""

    word: Word
    sentence: str


def times(found: Quantity, claimed: float) -> Word:
    """Whether something is `claimed` times better, where 1 is no better.

    It holds if the interval reaches the claim and lies above 1 and above half of the claim, which a
    wide one does not; above 1 alone it holds in part; across 1 it cannot be judged.

    Raises:
        ValueError: for a claim of no more than 1, which says nothing.
    """
    if not claimed > 1:
        raise ValueError(f"want a claim of more than 1 times, got {claimed=}")
    if not found.low > 1:
        return "does not hold" if found.high <= 1 else "cannot be judged"
    return "holds" if found.low > claimed / 2 and found.high >= claimed else "holds in part"


def within(found: Quantity, bound: float) -> Word:
    """Whether something is no more than a bound: across it, that cannot be judged."""
    if found.high <= bound:
        return "holds"
    return "does not hold" if found.low > bound else "cannot be judged"


def above(found: Quantity, bound: float = 0.0) -> Word:
    """Whether something is more than a bound: across it, that cannot be judged."""
    if found.low > bound:
        return "holds"
    return "does not hold" if found.high <= bound else "cannot be judged"


def below(found: Quantity, bound: float = 0.0) -> Word:
    """Whether something is less than a bound: across it, that cannot be judged."""
    if found.high < bound:
        return "holds"
    return "does not hold" if found.low >= bound else "cannot be judged"


def together(words: Iterable[Word]) -> Word:
    """Of a claim in several places: by those that are decided, unless half or more are not.

    Raises:
        ValueError: for none at all.
    """
    found = list(words)
    if not found:
        raise ValueError("want one word or more, got none")
    decided: list[Word] = [word for word in found if word != "cannot be judged"]
    if 2 * len(decided) <= len(found):
        return "cannot be judged"
    if len(set(decided)) == 1:
        return decided[0]
    fails = decided.count("does not hold")
    return "does not hold" if 2 * fails > len(decided) else "holds in part"


def concluded(words: Iterable[Word], sentence: str) -> Verdict:
    """`together` of the words; the sentence goes on to say how many places are undecided."""
    found = list(words)
    if undecided := found.count("cannot be judged"):
        sentence += f" Undecided, as the interval lies across: {undecided} of {len(found)}."
    return Verdict(together(found), sentence)
