"""Speed of any model: one of one's own here, a submitted one in its sandbox."""

from __future__ import annotations

import torch
from pydantic import ValidationError

from kansci.environment import environment
from kansci.errors import UserError
from kansci.models import Model
from kansci.record import Speed
from kansci.sandbox import Foreign, errand
from kansci.source import source_of
from kansci.speed import ratio

SECONDS = 600.0
MEASURE = "kansci.speed.ratio:measure"


def measure(
    model: Model, budget: int, *, suite: str = "custom", device: torch.device | str = "cpu"
) -> Speed:
    """As `ratio.measure`. What a submitted model's process says of its clock is believed only
    until somebody verifies it."""
    if not isinstance(model, Foreign):
        return ratio.measure(model, budget, suite=suite, device=device)
    known = {
        "key": ratio.speed_key(model, budget),
        "suite": suite,
        "model": model.name,
        "model_source": source_of(model, *ratio.DIMS, budget),
        "reference": ratio.REFERENCE,
        "budget": budget,
        "environment": environment(torch.device(device)),
    }
    try:
        said = errand(model.origin, MEASURE, seconds=SECONDS, budget=budget, device=str(device))
        return Speed.model_validate(said).model_copy(update=known)
    except (UserError, ValidationError) as problem:
        return ratio.failed(Speed(status="crashed", parameters=None, **known), problem)
