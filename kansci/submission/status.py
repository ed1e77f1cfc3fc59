"""What came of verifying a bundle, in a word: boards show it beside the model."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field, model_validator

from kansci.errors import UserError
from kansci.record import Submitted
from kansci.submission.bundle import Bundle
from kansci.submission.entry import parsed
from kansci.submission.fields import Digest


class _Verdict(BaseModel, frozen=True, extra="ignore"):
    """As much of `verification.json` as is asked here; `kansci.verification` has all of it."""

    schema_version: Literal[1]
    kansci_protocol: int
    name: str
    bundle: Digest
    suite: str
    status: Literal["verified", "flagged"]
    reasons: tuple[object, ...]
    secret: Digest
    seeds: tuple[int, ...] = Field(min_length=1)
    compared: tuple[object, ...]

    @model_validator(mode="after")
    def _sound(self) -> _Verdict:
        if self.status == "verified" and self.reasons:
            raise ValueError("want no reasons where the status is verified")
        if self.status == "verified" and not self.compared:
            raise ValueError("want cells that were compared where the status is verified, got none")
        return self


def status_of(bundle: Bundle) -> Submitted:
    """`verified` or `flagged`, if somebody verified this very bundle; else `self-reported`.

    Raises:
        UserError: for a verification that cannot be read, or is of another model or suite.
    """
    if not bundle.verification.is_file():
        return "self-reported"
    verdict = parsed(bundle.verification, _Verdict)
    for what, wanted, got in (
        ("", bundle.name, verdict.name),
        ("its suite ", bundle.entry.suite, verdict.suite),
    ):
        if got != wanted:
            raise UserError(
                f"{bundle.verification}: want the verification of {what}{wanted!r}, got one of "
                f"{got[:60]!r}; remove it"
            )
    return verdict.status if verdict.bundle == bundle.digest else "self-reported"
