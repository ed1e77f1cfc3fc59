"""How fast one plain network is, as a ratio to the reference MLP on the same machine.

Here a suite times a model in passing; `lane` measures at length. Speed and memory are never an
ensemble's divided by its size.
"""

from __future__ import annotations

import inspect
import math
import os
from hashlib import sha256
from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn

from kansci.draws import Draws
from kansci.environment import environment
from kansci.errors import RAISED, DoesNotFit, in_a_line
from kansci.models import Model, get_model, trainable
from kansci.record import PROTOCOL, Speed, Timing, Work
from kansci.sampling import stream
from kansci.source import source_of
from kansci.speed import clock
from kansci.speed.clock import Compared, compare
from kansci.speed.packages import get_package, package_of
from kansci.speed.work import call_of

REFERENCE = "mlp-silu"
DIMS = (2, 1)
WIDTHS = (2, 64, 64, 1)
BATCH = 1_024
ANY_NUMBER = 10**9  # a budget that holds any network of given widths

Shape = Literal["equal parameters", "equal width"]


class Pair(NamedTuple):
    """A network and the reference's, which are timed in turns; `dim_in` is that of both."""

    shape: Shape
    ours: nn.Module
    theirs: nn.Module
    dim_in: int = DIMS[0]


def speed_key(model: Model, budget: int) -> str:
    """Names a measurement, so that it is not taken twice; the machine is no part of it."""
    source = source_of(model, *DIMS, budget)
    parts = (PROTOCOL, "speed", model.name, source, budget, WIDTHS, BATCH, clock.BLOCKS)
    return sha256(repr(parts).encode()).hexdigest()


def measure(
    model: Model, budget: int, *, suite: str = "custom", device: torch.device | str = "cpu"
) -> Speed:
    """Times a model beside the reference, at equal parameters and, where it has widths, at equal
    width, forward and forward with backward."""
    device = torch.device(device)
    blank = Speed(
        key=speed_key(model, budget),
        suite=suite,
        model=model.name,
        model_source=source_of(model, *DIMS, budget),
        reference=REFERENCE,
        budget=budget,
        parameters=None,
        status="crashed",
        environment=environment(device),
    )
    try:
        pairs = [pair_of(model, budget)]
        if widened(model) is not None:
            pairs.append(pair_of(model, WIDTHS))
        timings = tuple(
            _timing(pair, work, device)
            for pair in pairs
            for work in ("forward", "forward + backward")
        )
    except RAISED as problem:
        return failed(blank, problem)
    return blank.model_copy(
        update={
            "status": "ok",
            "parameters": trainable(pairs[0].ours),
            "timings": timings,
            "load": round(os.getloadavg()[0], 2),
        }
    )


def failed(blank: Speed, problem: BaseException) -> Speed:
    """The Record of a model that could not be timed, with the reason in a line."""
    if isinstance(problem, DoesNotFit):
        return blank.model_copy(update={"status": "does_not_fit", "reason": str(problem)})
    return blank.model_copy(update={"reason": in_a_line(problem)})


def widened(model: Model, widths: tuple[int, ...] = WIDTHS) -> Model | None:
    """The same model at given widths; `None` for one that takes no widths."""
    if model.entry is None:
        return None
    if package_of(model):
        return get_package(model.name, widths)
    takes_widths = "widths" in inspect.signature(model.entry).parameters
    return get_model(model.name, widths=widths) if takes_widths else None


def pair_of(model: Model, place: int | tuple[int, ...]) -> Pair:
    """A model's network and the reference's, within a budget or of the same widths.

    Raises:
        DoesNotFit: if the model takes no widths, or has no network of the budget.
        ValueError: if the network is larger than asked for.
    """
    reference = get_model(REFERENCE)
    if isinstance(place, int):
        return Pair("equal parameters", _built(model, place), _built(reference, place))
    dims = (place[0], place[-1])
    ours, theirs = widened(model, place), widened(reference, place)
    if ours is None or theirs is None:
        raise DoesNotFit(f"{model.name} takes no widths")
    return Pair(
        "equal width", _built(ours, ANY_NUMBER, dims), _built(theirs, ANY_NUMBER, dims), place[0]
    )


def _built(model: Model, budget: int, dims: tuple[int, int] = DIMS) -> nn.Module:
    with Draws("speed"):
        network = model.build(*dims, budget)
    if (count := trainable(network)) > budget:
        raise ValueError(f"want at most {budget} trainable numbers, got {count}")
    return network


def points(batch: int, dim_in: int) -> Tensor:
    """A batch of points of [-1, 1], `(batch, in)`."""
    return 2 * torch.rand(batch, dim_in, generator=stream("speed/points")) - 1


def _timing(pair: Pair, work: Work, device: torch.device) -> Timing:
    x = points(BATCH, pair.dim_in).to(device)
    ours, theirs = (call_of(one.to(device), x, work) for one in (pair.ours, pair.theirs))
    return timing_of(pair, work, BATCH, compare(ours, theirs, device=device))


def timing_of(pair: Pair, work: Work, batch: int, found: Compared) -> Timing:
    """A comparison as a part of a Record; it was by events where these have seconds."""
    (cpu, wall, device), (reference_cpu, reference_wall, reference_device) = found.times
    by_events = not math.isnan(device)  # there are no events without a GPU
    return Timing(
        shape=pair.shape,
        network=f"{trainable(pair.ours)} against {trainable(pair.theirs)} trainable numbers",
        work=work,
        batch=batch,
        ratio=found.ratio,
        low=found.low,
        high=found.high,
        cpu_ms=cpu,
        wall_ms=wall,
        reference_cpu_ms=reference_cpu,
        reference_wall_ms=reference_wall,
        spread=found.spread,
        blocks=found.blocks,
        settled=found.settled,
        device_ms=device if by_events else None,
        reference_device_ms=reference_device if by_events else None,
    )
