"""A window that moves: over a function that stays, or over one that fades meanwhile.

Neighbouring windows share two thirds of their points. In `drift_function` the amplitude falls from
1 to 1/2 over the stages, and all probes ask for the newest function: what was learned early is
stale, and a network that clings to it is wrong.

Source: no paper; the function and the schedule are ours.
"""

import torch
from torch import Tensor

from kansci.continual import Piece, bells, continual, scale_of, window
from kansci.sampling import stream
from kansci.task import Predict, Task

STAGES = 8
CENTRES = torch.linspace(-0.8, 0.8, STAGES, dtype=torch.double).tolist()
DOMAIN = ((-1.15, 1.15),)
ABOUT = "sum of exp(-60 (x - c)^2) over eight centres c, seen through a window that moves"


def faded(truth: Predict, share: float) -> Predict:
    def values(x: Tensor) -> Tensor:
        return share * truth(x)

    return values


def drift(name: str, windows: list[float], peaks: list[float], last: float, **more: Task) -> Task:
    """Amplitudes go evenly from 1 to `last`, which is what the probes ask for."""
    truth = bells([[peak] for peak in peaks], rate=60)
    newest = faded(truth, last)
    shares = torch.linspace(1, last, STAGES, dtype=torch.double).tolist()
    return continual(
        name=name,
        version=1,
        pieces=[
            Piece(f"window at {c:.3g}", window([c], 0.35), faded(truth, share), index, newest)
            for index, (c, share) in enumerate(zip(windows, shares, strict=True))
        ],
        domain=DOMAIN,
        scale=scale_of(newest, DOMAIN),
        points=200,
        asked=500,
        source="kansci",
        about=ABOUT if last == 1 else f"{ABOUT}, and fades to {last:g} of itself",
        **more,
    )


def drifting(name: str, last: float) -> Task:
    """Rates are chosen on other centres, with a window that moves the other way."""
    shift = torch.rand(STAGES, generator=stream(f"{name}/tuning"), dtype=torch.double) - 0.5
    peaks = [c + 0.1 * s for c, s in zip(CENTRES, shift.tolist(), strict=True)]
    tuning = drift(f"{name}/tuning", CENTRES[::-1], peaks, last)
    return drift(name, CENTRES, CENTRES, last, tuning=tuning)


tasks = (drifting("drift_window", 1.0), drifting("drift_function", 0.5))
