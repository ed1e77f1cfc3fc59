"""What an examination says, law by law, in words that a submitter understands."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

Status = Literal["holds", "broken", "does not apply"]
PUBLISHED = "-published"


@dataclass(frozen=True)
class Verdict:
    """One law about one model or task.

    Attributes:
        sentence: what the law is, if it holds; else what was wanted, what was found and what to
            do, or why it does not apply.
    """

    name: str
    status: Status
    sentence: str


class Examined:
    """What was examined, law by law."""

    laws: tuple[Verdict, ...]

    @property
    def broken(self) -> tuple[Verdict, ...]:
        return tuple(verdict for verdict in self.laws if verdict.status == "broken")

    @property
    def passed(self) -> bool:
        return not self.broken


@dataclass(frozen=True)
class TaskReport(Examined):
    """All laws about one task.

    Attributes:
        task: its key, `poisson@1`.
        content: hash of what it is.
    """

    task: str
    content: str
    laws: tuple[Verdict, ...]

    def json(self) -> dict[str, Any]:
        return asdict(self) | {"passed": self.passed}


@dataclass(frozen=True)
class Report(Examined):
    """All laws about one model.

    Attributes:
        parameters: the budget that it was examined at.
        numbers: trainable numbers there; 0, if it could not be built.
        quirks: what a published arm declares of itself.
    """

    model: str
    dim_in: int
    dim_out: int
    parameters: int
    numbers: int
    laws: tuple[Verdict, ...]
    quirks: tuple[str, ...] = ()

    @property
    def published(self) -> bool:
        """Whether it follows published code: named so, and saying in which quirks."""
        return bool(self.quirks) and self.model.partition("[")[0].endswith(PUBLISHED)

    @property
    def passed(self) -> bool:
        """No law is broken; of a published arm, whose broken laws are quirks, that it runs."""
        return not any(not self.published or verdict.name == "runs" for verdict in self.broken)

    def json(self) -> dict[str, Any]:
        return asdict(self) | {"published": self.published, "passed": self.passed}
