"""What came of a verification: `verification.json`, beside the bundle that it is about."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from kansci.record import Environment, Frozen, Number, Record, Speed
from kansci.statistics.standing import failures
from kansci.verification.results import Reload

Status = Literal["verified", "flagged"]
Check = Literal[
    "Records", "secret seeds", "rates", "variants", "networks", "numbers", "laws", "isolation"
]


class Reason(Frozen, frozen=True):
    """Why a verification is flagged, in words, and which of its checks says so."""

    check: Check
    said: str

    def __str__(self) -> str:
        return self.said


class Fates(Frozen, frozen=True):
    """Of so many fates of members so many are failures.

    Where nothing came of a whole process, as none was left or it took too long, its members have
    one fate: they did not fail each on its own.
    """

    failed: int = 0
    of: int = 0


class Compared(Frozen, frozen=True):
    """An audited cell: decades of the submitted Record, and of the same from secret seeds.

    Attributes:
        kept: decades that secret seeds forget beyond what the submitted ones say; of tasks in
            stages.
        fates: of the submitted members; `again` those from secret seeds.
        before: decades by which errors of untrained networks differ from what is submitted.
        gap: decades from the best member of secret seeds to the worst of the submitted ones, above
            0 where all of the former end worse.
    """

    task: str
    budget: int
    submitted: Number
    secret: Number
    status: str = Field(description="of the secret Record")
    kept: Number | None = None
    before: Number | None = None
    gap: Number | None = None
    fates: Fates = Fates()
    again: Fates = Fates()


class Retuned(Frozen, frozen=True):
    """A cell whose rate was chosen again.

    Attributes:
        away: by how many decades the submitted rate's tuning ends worse than the best.
    """

    task: str
    budget: int
    submitted: float
    again: float | None
    away: Number


class Varied(Frozen, frozen=True):
    """A variant: decades that are lost on it, against the public task; below 0 if gained."""

    task: str
    budget: int
    lost: Number
    yardsticks: dict[str, Number]


class Verification(Frozen, frozen=True):
    """A verdict, what it rests on, and why.

    Attributes:
        bundle: hash of what is verified; the verdict says nothing of another.
        secret: SHA-256 of the secret that the audit was drawn from.
        mean: of the differences between secret and submitted, in decades.
        p: of the one-sided t-test.
        reasons: why it is flagged; none if it is verified.
        warnings: what the source does that a reviewer should look at.
        isolation: what the submitted code could not reach while it ran.
    """

    schema_version: Literal[1] = 1
    kansci_protocol: int
    name: str
    bundle: str
    suite: str
    status: Status
    reasons: tuple[Reason, ...]
    secret: str
    seeds: tuple[int, ...]
    mean: Number
    p: Number
    compared: tuple[Compared, ...]
    retuned: tuple[Retuned, ...]
    excess: Number | None = Field(description="decades lost on variants beyond the yardsticks'")
    varied: tuple[Varied, ...]
    reloads: tuple[Reload, ...]
    warnings: tuple[str, ...]
    isolation: str
    speed: Speed | None
    environment: Environment


def fates(record: Record) -> Fates:
    """How many members failed, as boards count them."""
    failed = failures(record)
    if failed.all() and not record.errors:
        return Fates(failed=1, of=1)
    return Fates(failed=int(failed.sum()), of=len(failed))


def cell(record: Record) -> str:
    """`poisson at 250`."""
    return f"{record.name} at {record.budget}"
