"""How a training goes, beside what is trained: its gear, and who hears of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from kansci.gears.objective import Known
from kansci.record import Curve, Gear


class Watch:
    """Hears how a training goes on; this one does not listen."""

    def steps(self, count: int) -> None:
        """So many evaluations of loss and gradient are done, of every task."""

    def curve(self, place: int, curve: Curve) -> None:
        """A stage's curve, as far as it goes, of the task at a place; of the scored seeds."""

    def note(self, text: str) -> None:
        """Something that a user may want to know."""


class Quieter(Watch):
    """Curves of a tuning are nobody's."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch

    def steps(self, count: int) -> None:
        self._watch.steps(count)

    def note(self, text: str) -> None:
        self._watch.note(text)


@dataclass(frozen=True)
class Way:
    """What trainings of one run have in common: a tuning and the scoring, and all their stages.

    Attributes:
        gear: `None` chooses by the work ahead.
        ahead: evaluations of one member each that the gear is chosen for, in all these trainings.
        keep: whether the numbers of trained networks are handed back.
        known: programs of networks of one model, budget and recipe, to which new ones are added.
    """

    gear: Gear | None = None
    watch: Watch = field(default_factory=Watch)
    ahead: int = 0
    keep: bool = False
    known: Known = field(default_factory=dict)
