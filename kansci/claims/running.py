"""Measuring a claim: what it yields becomes one file, when it has come to its end.

Where memory lies differs from process to process, and with it what a timing of large tensors says,
by up to a factor of two: a claim with timings is measured in several processes, which are pooled.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import torch

from kansci.claims.claim import Claim
from kansci.claims.measurement import OF_LEDGER, Measurement, Quantity, median
from kansci.claims.shelf import content, ledger
from kansci.environment import environment

Say = Callable[[str], None]


def measure(claim: Claim, say: Say = lambda line: None) -> Measurement:
    """Runs the experiments of a claim on one thread.

    Args:
        say: gets a line for each quantity as it becomes known.

    Raises:
        ValueError: for a claim that cannot be tested here, or a name that is yielded twice.
        Exception: whatever an experiment raises.
    """
    if claim.measure is None:
        raise ValueError(f"{claim.id} cannot be tested here: {claim.untestable}")
    begun, load = time.process_time(), os.getloadavg()[0]
    quantities: dict[str, Quantity] = {}
    remarks: list[str] = []
    with one_thread():
        for one in claim.measure():
            if isinstance(one, str):
                remarks.append(one)
                say(one)
            elif one.name in quantities:
                raise ValueError(f"{claim.id}: two quantities are named {one.name!r}")
            else:
                quantities[one.name] = one
                say(f"{one.name}: {one}")
        where = environment(torch.device("cpu"))
    return Measurement(
        claim=claim.id,
        content=content(claim),
        quantities=tuple(quantities.values()),
        remarks=tuple(remarks),
        ledger=ledger() if any(q.over in OF_LEDGER for q in quantities.values()) else "",
        seconds=time.process_time() - begun,
        load=round(max(load, os.getloadavg()[0]), 2),
        environment=where,
    )


def timed(found: Measurement) -> bool:
    """Whether another process would measure something else."""
    return any(one.over == "blocks" for one in found.quantities)


def pooled(found: Sequence[Measurement]) -> Measurement:
    """One claim as several processes measured it: timings are their medians, the rest is the first.

    Raises:
        ValueError: if they measured different quantities, or are fewer than six.
    """
    first = found[0]
    names = [[one.name for one in each.quantities] for each in found]
    if any(each != names[0] for each in names):
        raise ValueError(f"{first.claim}: want the same quantities of every process, got {names}")
    quantities = [
        median(one.name, [each[one.name].value for each in found], one.unit)
        if one.over == "blocks"
        else one
        for one in first.quantities
    ]
    return first.model_copy(
        update={
            "quantities": tuple(quantities),
            "seconds": sum(each.seconds for each in found),
            "load": max(each.load for each in found),
        }
    )


@contextmanager
def one_thread() -> Iterator[None]:
    """What one core does, whatever machine it is."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
