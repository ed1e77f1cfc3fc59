"""How fast one plain network is, as a ratio to the reference MLP on the same machine.

Blocks of both networks alternate A B B A in one process, so that a machine whose speed drifts
slows both; the ratio of a block is of CPU time, and the median over blocks is shown with a
bootstrap interval. Speed and memory are never an ensemble's divided by its size.

Source: Chen and Revels 2016, "Robust benchmarking in noisy environments", arXiv:1608.04295, on
noise that is neither normal nor independent.
We differ: they take the least time; here both networks are timed in pairs, and the ratio of a pair
needs no quiet moment.
"""

from __future__ import annotations

import inspect
import os
import time
from collections.abc import Callable
from hashlib import sha256
from typing import Literal, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from kansci.draws import Draws
from kansci.environment import environment
from kansci.errors import DoesNotFit
from kansci.models import Model, get_model, trainable
from kansci.record import PROTOCOL, Speed, Timing
from kansci.source import source_of
from kansci.task import stream

REFERENCE = "mlp-silu"
DIMS = (2, 1)
WIDTHS = (2, 64, 64, 1)
BATCH = 1_024
BLOCKS = 15
BLOCK_SECONDS = 4e-3

Work = Literal["forward", "forward + backward"]
Shape = Literal["equal parameters", "equal width"]


class Spent(NamedTuple):
    """Seconds of one call, by the process's CPU clock and by the wall."""

    cpu: float
    wall: float


def speed_key(model: Model, budget: int) -> str:
    """Names a measurement, so that it is not taken twice; the machine is no part of it."""
    source = source_of(model, *DIMS, budget)
    parts = (PROTOCOL, "speed", model.name, source, budget, WIDTHS, BATCH, BLOCKS)
    return sha256(repr(parts).encode()).hexdigest()


def measure(
    model: Model, budget: int, *, suite: str = "custom", device: torch.device | str = "cpu"
) -> Speed:
    """Times a model beside the reference, at equal parameters and, where it has widths, at equal
    width, forward and forward with backward."""
    device = torch.device(device)
    reference = get_model(REFERENCE)
    blank = Speed(
        key=speed_key(model, budget),
        suite=suite,
        model=model.name,
        model_source=source_of(model, *DIMS, budget),
        reference=reference.name,
        budget=budget,
        parameters=None,
        status="crashed",
        environment=environment(device),
    )
    try:
        ours, theirs = _built(model, budget), _built(reference, budget)
        pairs: list[tuple[Shape, nn.Module, nn.Module]] = [("equal parameters", ours, theirs)]
        if (wide := widened(model)) is not None:
            pairs.append(("equal width", _built(wide, 10**9), _built(widened(reference), 10**9)))
        timings = tuple(
            _timing(shape, work, a.to(device), b.to(device), device)
            for shape, a, b in pairs
            for work in ("forward", "forward + backward")
        )
    except DoesNotFit as misfit:
        return blank.model_copy(update={"status": "does_not_fit", "reason": str(misfit)})
    except (Exception, SystemExit) as problem:
        reason = f"{type(problem).__name__}: {problem}".replace("\n", " ")[:300]
        return blank.model_copy(update={"reason": reason})
    return blank.model_copy(
        update={
            "status": "ok",
            "parameters": trainable(ours),
            "timings": timings,
            "load": round(os.getloadavg()[0], 2),
        }
    )


def widened(model: Model | None) -> Model | None:
    """The same model at the common widths; `None` for one that takes no widths."""
    if model is None or model.entry is None:
        return None
    takes_widths = "widths" in inspect.signature(model.entry).parameters
    return get_model(model.name, widths=WIDTHS) if takes_widths else None


def _built(model: Model | None, budget: int) -> nn.Module:
    assert model is not None  # the reference has widths
    with Draws("speed"):
        network = model.build(*DIMS, budget)
    if (count := trainable(network)) > budget:
        raise ValueError(f"want at most {budget} trainable numbers, got {count}")
    return network


def _timing(
    shape: Shape, work: Work, ours: nn.Module, theirs: nn.Module, device: torch.device
) -> Timing:
    x = 2 * torch.rand(BATCH, DIMS[0], generator=stream("speed/points")) - 1
    a, b = (_call(network, x.to(device), work) for network in (ours, theirs))
    repeats = [_repeats(call, device) for call in (a, b)]
    rows = []
    for _ in range(BLOCKS):
        order = ((0, a), (1, b), (1, b), (0, a))
        spent: list[list[Spent]] = [[], []]
        for side, call in order:
            spent[side].append(_clock(call, repeats[side], device))
        rows.append([np.mean(side, 0) for side in spent])
    times = 1e3 * np.array(rows)  # (block, side, clock), milliseconds a call
    clock = 1 if device.type == "cuda" else 0  # there the CPU only waits
    ratios = times[:, 0, clock] / times[:, 1, clock]
    draws = np.random.default_rng(0).choice(ratios, (1_000, BLOCKS))
    low, high = np.quantile(np.median(draws, 1), [0.025, 0.975])
    (cpu, wall), (reference_cpu, reference_wall) = np.median(times, 0)
    return Timing(
        shape=shape,
        network=f"{trainable(ours)} against {trainable(theirs)} trainable numbers",
        work=work,
        batch=BATCH,
        ratio=float(np.median(ratios)),
        low=low,
        high=high,
        cpu_ms=cpu,
        wall_ms=wall,
        reference_cpu_ms=reference_cpu,
        reference_wall_ms=reference_wall,
        spread=float(np.subtract(*np.quantile(ratios, [0.75, 0.25]))),
        blocks=BLOCKS,
    )


def _call(network: nn.Module, x: Tensor, work: Work) -> Callable[[], object]:
    weights = [weight for weight in network.parameters() if weight.requires_grad]

    def forward() -> object:
        with torch.no_grad():
            return network(x)

    def forward_and_backward() -> object:
        return torch.autograd.grad(network(x).square().mean(), weights)

    return forward if work == "forward" else forward_and_backward


def _clock(call: Callable[[], object], repeats: int, device: torch.device) -> Spent:
    cpu, wall = time.process_time(), time.perf_counter()
    for _ in range(repeats):
        call()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return Spent((time.process_time() - cpu) / repeats, (time.perf_counter() - wall) / repeats)


def _repeats(call: Callable[[], object], device: torch.device) -> int:
    """Calls that fill a block; the first calls, which warm up, are thrown away."""
    _clock(call, 3, device)
    return max(1, round(BLOCK_SECONDS / max(_clock(call, 3, device).wall, 1e-7)))
