"""The folder in which a verification gathers what it found, between running and judging."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from kansci.ledger import load_records, write_atomically
from kansci.record import Frozen, Record, Speed
from kansci.submission.entry import parsed
from kansci.verification.audit import Plan

Group = Literal["secret", "retuned", "variants", "yardsticks"]


class Reload(Frozen, frozen=True):
    """What networks answered that were built anew and filled with the numbers of trained ones.

    Attributes:
        of: whose weights they were: `submitted`, or `secret` where none were submitted.
        away: the largest difference of an error from the Record's, in shares of what is allowed.
        reason: why there are no answers; empty if there are.
        parameters: trainable numbers of one network, as adapted ones counted there.
        learned: numbers of its state that differ between seeds or from how they began, counted in
            the file, and so by nobody that was submitted.
        held: all numbers of its state.
    """

    task: str
    budget: int
    of: Literal["submitted", "secret"]
    away: float = float("inf")
    reason: str = ""
    parameters: int = 0
    adapted: int = 0
    learned: int = 0
    held: int = 0
    declared_parameters: int = 0
    declared_adapted: int = 0


class Apart(Frozen, frozen=True):
    """What was found beside the trainings.

    Attributes:
        plan: SHA-256 of the plan that was run.
        incomplete: why the Records are not those of the whole suite; empty if they are.
        isolation: what the submitted code could not reach, in words.
        isolated: whether something kept it apart in every run into the folder; kansci's own models
            need nothing.
        unlawful: laws of `kansci check` that the model breaks, in words.
    """

    plan: str
    incomplete: str
    isolation: str
    isolated: bool = False
    reloads: tuple[Reload, ...]
    unlawful: tuple[str, ...] = ()
    speed: Speed | None


class Results:
    """A folder of results; it is made when something is written.

    Args:
        yardsticks: the folder of what yardsticks learn, where several verifications share it.
    """

    def __init__(self, folder: Path, yardsticks: Path | None = None) -> None:
        self.folder = folder
        self._yardsticks = yardsticks or folder / "yardsticks"

    def of(self, group: Group) -> Path:
        """The folder of a group's Records."""
        return self._yardsticks if group == "yardsticks" else self.folder / group

    def records(self, group: Group) -> list[Record]:
        """A group's Records; none, if it has no folder."""
        home = self.of(group)
        found = load_records(home) if home.is_dir() else []
        return [one for one in found if isinstance(one, Record)]

    def expose(self, said: str) -> None:
        """Remembers that submitted code ran here though nothing isolated it, and how."""
        write_atomically(self._exposed, said + "\n")

    def exposed(self) -> str:
        """What was remembered of that; empty, if something has isolated it in every run."""
        return self._exposed.read_text(encoding="utf-8").strip() if self._exposed.is_file() else ""

    @property
    def _exposed(self) -> Path:
        return self.folder / "not-isolated.txt"

    def write(self, apart: Apart) -> None:
        write_atomically(self.folder / "apart.json", apart.model_dump_json(indent=1) + "\n")

    def apart(self) -> Apart:
        """What was found beside the trainings.

        Raises:
            UserError: if the plan has not been run to its end.
        """
        return parsed(self.folder / "apart.json", Apart)


def read_plan(path: Path) -> Plan:
    """A plan that was drawn.

    Raises:
        UserError: if it is none.
    """
    return parsed(path, Plan)
