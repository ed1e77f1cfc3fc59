"""What came of verifying a bundle, in a word: boards show it beside the model."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel

from kansci.record import Submitted
from kansci.submission.bundle import Bundle
from kansci.submission.entry import parsed


class _Verdict(BaseModel, frozen=True, extra="ignore"):
    """As much of `verification.json` as is asked here; `kansci.verification` has all of it."""

    bundle: str
    status: Literal["verified", "flagged"]


def status_of(bundle: Bundle) -> Submitted:
    """`verified` or `flagged`, if somebody verified this very bundle; else `self-reported`.

    Raises:
        UserError: for a verification that cannot be read.
    """
    if not bundle.verification.is_file():
        return "self-reported"
    verdict = parsed(bundle.verification, _Verdict)
    return verdict.status if verdict.bundle == bundle.digest else "self-reported"
