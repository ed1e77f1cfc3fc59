"""A claim: what was published, and how it is put to the test."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from kansci.claims.measurement import LEFT_OUT, Measurement, NotMeasured, Quantity
from kansci.claims.verdict import Verdict

Measure = Callable[[], Iterator[Quantity | str]]
Judge = Callable[[Measurement], Verdict]


@dataclass(frozen=True, eq=False)
class Claim:
    """What was published, in our words, and how it is put to the test.

    Attributes:
        id: `C5`; never given to another claim.
        title: a few words, for listings.
        claim: what is claimed.
        source: where, for people.
        cited: keys of `sources.bib` beside the claims.
        setting: in which it was made.
        hardware: the GPU that it was made on, if it was one: what a CPU says of it is marked.
        ours: how our measurement differs from that setting.
        measure: yields quantities as they become known, and remarks.
        verdict: of what was measured.
        quick: whether it takes seconds.
        untestable: what it would take, where it cannot be tested here at all.
    """

    id: str
    title: str
    claim: str
    source: str
    cited: tuple[str, ...]
    setting: str
    ours: str = ""
    hardware: str = ""
    measure: Measure | None = None
    verdict: Judge | None = None
    quick: bool = False
    untestable: str = ""

    def __post_init__(self) -> None:
        if not re.fullmatch(r"C[1-9]\d*", self.id):
            raise ValueError(f"want an id such as C5, got {self.id!r}")
        tested = self.measure is not None and self.verdict is not None
        if tested == bool(self.untestable) or (self.measure is None) != (self.verdict is None):
            raise ValueError(f"{self.id}: want measure and verdict, or untestable")
        if not self.cited:
            raise ValueError(f"{self.id}: want a source that is cited, got none")

    @property
    def number(self) -> int:
        return int(self.id[1:])

    @property
    def command(self) -> str:
        """That measures it."""
        return f"kansci claims --run {self.id}" if self.measure else ""

    def judged(self, found: Measurement | None) -> Verdict:
        """A pure function of what was measured; what its rule lacks is said instead."""
        if self.verdict is None:
            return Verdict("cannot be tested here", self.untestable)
        if found is None:
            return Verdict("not run yet", f"`{self.command}` measures it.")
        try:
            return self.verdict(found)
        except NotMeasured as lack:
            why = "; ".join([str(lack), *(one for one in found.remarks if LEFT_OUT in one)])
            return Verdict("cannot be judged", f"{why}; `{self.command}` measures again.")
