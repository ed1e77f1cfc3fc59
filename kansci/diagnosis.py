"""The status and the reason that an exception leaves in a Record."""

from __future__ import annotations

import torch

from kansci.errors import DoesNotFit, NotApplicable, OutOfTime
from kansci.preparing import WrongShape
from kansci.record import Status


def diagnosis(problem: BaseException) -> tuple[Status, str]:
    """What became of a training, and why, in a line."""
    text = f"{type(problem).__name__}: {problem}".replace("\n", " ")[:300]
    if isinstance(problem, DoesNotFit):
        return "does_not_fit", str(problem)
    if isinstance(problem, NotApplicable):
        return "not_applicable", str(problem)
    if isinstance(problem, OutOfTime):
        return "timeout", str(problem)
    if isinstance(problem, MemoryError | torch.OutOfMemoryError) or "t allocate memory" in text:
        return "out_of_memory", text
    if isinstance(problem, WrongShape):
        return "invalid_output", str(problem)
    return "crashed", text
