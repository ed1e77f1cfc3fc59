"""Two Records of one cell side by side: do the numbers come back?"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from kansci.record import Environment, Record, Status, record_key
from kansci.statistics.standing import final

TOLERANCE = 0.05  # decades by which scores may differ: the ledger shows two digits of a decade


class Member(NamedTuple):
    """One seed, before and now.

    Attributes:
        old: error after the last stage, geometric mean over probes.
        decades: log10(new / old); NaN where one of them is no positive number.
    """

    seed: int
    old: float
    new: float
    decades: float
    statuses: tuple[Status, Status]


class Comparison(NamedTuple):
    """All that can be said of two Records.

    Attributes:
        scores: mean decades of the members, old and new, as boards count them.
        widest: the largest difference of any error of any stage, probe and member, in decades;
            infinite where one failed and the other did not.
        identical: all errors, statuses and the rate that was chosen are the same.
    """

    members: list[Member]
    scores: tuple[float, float]
    widest: float
    identical: bool
    agrees: bool


def compare(old: Record, new: Record, *, tolerance: float = TOLERANCE) -> Comparison:
    """Agreement is of the status and, within a tolerance, of the score."""
    before, after = float(final(old).mean()), float(final(new).mean())
    fate = (old.status, old.members, old.rate, old.parameters)
    identical = fate == (new.status, new.members, new.rate, new.parameters) and _same(old, new)
    members = [_member(old, new, place) for place in range(len(old.members))]
    close = old.status == new.status and abs(after - before) <= tolerance
    return Comparison(members, (before, after), _widest(old, new), identical, close)


def _member(old: Record, new: Record, place: int) -> Member:
    before, after = _error(old, place), _error(new, place)
    with np.errstate(divide="ignore", invalid="ignore"):
        away = 0.0 if before == after else float(np.log10(after) - np.log10(before))
    now: Status = new.members[place] if new.members else new.status
    seed = old.recipe.evaluation_seeds[place]
    finite = away if np.isfinite(away) else float("nan")
    return Member(seed, before, after, finite, (old.members[place], now))


def _error(record: Record, place: int) -> float:
    if not record.errors:
        return float("nan")
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(10 ** np.log10([probe[place] for probe in record.errors[-1]]).mean())


def _same(old: Record, new: Record) -> bool:
    return np.array_equal(np.array(old.errors), np.array(new.errors), equal_nan=True)


def _widest(old: Record, new: Record) -> float:
    before, after = np.array(old.errors), np.array(new.errors)
    if before.shape != after.shape:
        return float("inf")
    with np.errstate(divide="ignore", invalid="ignore"):
        away = np.abs(np.log10(after) - np.log10(before))
    away[(before == after) | (np.isnan(before) & np.isnan(after))] = 0
    return float(np.nan_to_num(away, nan=np.inf).max(initial=0.0))


def changes(old: Record, *, task_content: str, model_source: str) -> list[str]:
    """Parts of the key that are not what they were when a Record was made, in words."""
    found = []
    if old.task_content != task_content:
        found.append("the task's content")
    if old.model_source != model_source:
        found.append("the model's source")
    key = record_key(
        task_content=old.task_content,
        model=old.model,
        model_source=old.model_source,
        budget=old.budget,
        recipe=old.recipe,
    )
    if key != old.key:
        found.append("the protocol, or what its recipe means")
    return found


def moved(old: Environment, new: Environment) -> list[str]:
    """Versions and machines that differ: `torch 2.12.0 then, 2.13.0 now`."""
    names = ("kansci", "commit", "python", "torch", "numpy", "system", "processor", "device")
    pairs = [(name, getattr(old, name), getattr(new, name)) for name in names]
    return [f"{name} {then} then, {now} now" for name, then, now in pairs if then != now]
