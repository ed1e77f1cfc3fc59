"""One lap as several processes timed it: where memory lies is another draw in each of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kansci.record import Speed, Timing
from kansci.statistics.middle import median

MEDIANS = (  # of processes, where every one has the number
    "cpu_ms",
    "wall_ms",
    "reference_cpu_ms",
    "reference_wall_ms",
    "spread",
    "device_ms",
    "reference_device_ms",
    "first_call",
    "reference_first_call",
)


def pooled(found: Sequence[Speed], key: str) -> Speed:
    """The Record of the lap: of each timing the median ratio, with its interval over processes.

    A piece of work that one process had to leave out is left out; a process that failed is the
    lap's outcome.

    Raises:
        ValueError: for fewer than six processes.
    """
    for one in found:
        if one.status != "ok":
            return one.model_copy(update={"key": key})
    pieces = [{(t.work, t.batch): t for t in one.timings} for one in found]
    shared = [piece for piece in pieces[0] if all(piece in each for each in pieces)]
    left_out = [reason for one in found for reason in one.left_out]
    return found[0].model_copy(
        update={
            "key": key,
            "timings": tuple(_pooled([each[piece] for each in pieces]) for piece in shared),
            "left_out": tuple(dict.fromkeys(left_out)),
            "load": max(one.load for one in found),
        }
    )


def _pooled(timings: Sequence[Timing]) -> Timing:
    first = timings[0]
    ratio, low, high = median([one.ratio for one in timings])
    known = [name for name in MEDIANS if getattr(first, name) is not None]
    medians = {name: float(np.median([getattr(one, name) for one in timings])) for name in known}
    counts = {"blocks": sum(one.blocks for one in timings), "processes": len(timings)}
    settled = None if first.settled is None else all(one.settled for one in timings)
    update = {"ratio": ratio, "low": low, "high": high, "settled": settled} | medians | counts
    return first.model_copy(update=update)
