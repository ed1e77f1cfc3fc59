"""The status and the reason that an exception leaves in a Record."""

from __future__ import annotations

import torch

from kansci.errors import DoesNotFit, NotApplicable, OutOfTime, in_a_line
from kansci.preparing import WrongShape
from kansci.record import Status


def diagnosis(problem: BaseException) -> tuple[Status, str]:
    """What became of a training, and why, in a line."""
    text = in_a_line(problem)
    if isinstance(problem, DoesNotFit):
        return "does_not_fit", str(problem)
    if isinstance(problem, NotApplicable):
        return "not_applicable", str(problem)
    if isinstance(problem, OutOfTime):
        return "timeout", str(problem)
    refused = "t allocate memory" in text  # can't, couldn't or cannot: each library has its word
    if isinstance(problem, MemoryError | torch.OutOfMemoryError) or refused:
        return "out_of_memory", text
    if isinstance(problem, WrongShape):
        return "invalid_output", str(problem)
    return "crashed", text
