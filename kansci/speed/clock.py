"""Two calls timed in turns, A B B A, until the interval of their ratio is narrow enough.

A machine whose speed drifts slows both sides of a block alike, so the ratio of a block needs no
quiet moment. The median over blocks is shown, with the 2.5 and 97.5 % of its bootstrap.

Source: Chen and Revels 2016, "Robust benchmarking in noisy environments", arXiv:1608.04295, on
noise that is neither normal nor independent.
We differ: they take the least time; here both networks are timed in pairs.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

BLOCKS = 15
FEWEST = 3  # whatever the time limit: a single block has no interval
BLOCK_SECONDS = 4e-3
GROWTH = 1.25  # of the number of blocks from one look at the interval to the next

Call = Callable[[], object]
Floats = NDArray[np.float64]


class Spent(NamedTuple):
    """Seconds of one call by the process's CPU clock, by the wall and by the device's events.

    Without a GPU there are no events: `device` is NaN.
    """

    cpu: float
    wall: float
    device: float


class Compared(NamedTuple):
    """What timing two calls in turns has found.

    Attributes:
        times: medians over blocks, `(side, clock)`, in milliseconds a call; clocks as in `Spent`.
        spread: interquartile range of the blocks' ratios.
        settled: whether the interval became as narrow as asked for; `None`: nobody asked.
    """

    ratio: float
    low: float
    high: float
    spread: float
    times: Floats
    blocks: int
    settled: bool | None


def compare(
    ours: Call,
    theirs: Call,
    *,
    device: torch.device,
    precision: float | None = None,
    seconds: float = math.inf,
) -> Compared:
    """Times two calls in `BLOCKS` blocks, and in more until (high - low) / ratio < precision.

    The ratio is of CPU time; on a GPU of time between events of the device, as the CPU only waits.

    To stop at the first interval that is narrow is to look repeatedly, and luck stops early: of
    nominal 95 % intervals of simulated blocks, 92-94 % held the truth where the first look
    sufficed, 88-91 % where more blocks had to be added. Hence looks are few, each after a quarter
    more blocks, and none comes before `BLOCKS`.

    Args:
        precision: the relative width asked for; `None`: just `BLOCKS` blocks.
        seconds: after which no block begins but the `FEWEST`; the comparison is not settled then.
    """
    begun = time.monotonic()
    calls = (ours, theirs)
    repeats = [_repeats(call, device) for call in calls]
    rows: list[Floats] = []
    look = BLOCKS
    while True:
        rows.append(_block(calls, repeats, device))
        late = len(rows) >= FEWEST and time.monotonic() - begun > seconds
        if len(rows) < look and not late:
            continue
        found = _summary(1e3 * np.array(rows), device)
        if precision is None and not late:
            return found
        narrow = precision is None or (found.high - found.low) / found.ratio < precision
        if late or narrow:
            return found._replace(settled=narrow and len(rows) >= BLOCKS)
        look = math.ceil(GROWTH * look)


def _block(calls: tuple[Call, Call], repeats: list[int], device: torch.device) -> Floats:
    """Seconds of a call, `(side, clock)`, each side the mean of its two turns."""
    spent: list[list[Spent]] = [[], []]
    for side in (0, 1, 1, 0):
        spent[side].append(clock(calls[side], repeats[side], device))
    return np.mean(spent, 1)


def _summary(times: Floats, device: torch.device) -> Compared:
    """Of times `(block, side, clock)`."""
    counted = 2 if device.type == "cuda" else 0
    ratios = times[:, 0, counted] / times[:, 1, counted]  # (block,)
    draws = np.random.default_rng(0).choice(ratios, (1_000, len(ratios)))
    low, high = np.quantile(np.median(draws, 1), [0.025, 0.975])
    return Compared(
        ratio=float(np.median(ratios)),
        low=float(low),
        high=float(high),
        spread=float(np.subtract(*np.quantile(ratios, [0.75, 0.25]))),
        times=np.median(times, 0),
        blocks=len(ratios),
        settled=None,
    )


def clock(call: Call, repeats: int, device: torch.device) -> Spent:
    """Of one call, the mean over `repeats`; on a GPU all work is waited for."""
    if device.type == "cuda":
        return _clock_events(call, repeats, device)
    cpu, wall = time.process_time(), time.perf_counter()
    for _ in range(repeats):
        call()
    return Spent(
        (time.process_time() - cpu) / repeats, (time.perf_counter() - wall) / repeats, math.nan
    )


def _clock_events(call: Call, repeats: int, device: torch.device) -> Spent:
    with torch.cuda.device(device):
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        torch.cuda.synchronize()
        cpu, wall = time.process_time(), time.perf_counter()
        begin.record()
        for _ in range(repeats):
            call()
        end.record()
        end.synchronize()
        spent = (time.process_time() - cpu, time.perf_counter() - wall)
        device_seconds = begin.elapsed_time(end) / 1e3
    return Spent(spent[0] / repeats, spent[1] / repeats, device_seconds / repeats)


def _repeats(call: Call, device: torch.device) -> int:
    """Calls that fill a turn; the first calls, which warm up, are thrown away."""
    clock(call, 3, device)
    return max(1, round(BLOCK_SECONDS / max(clock(call, 3, device).wall, 1e-7)))
