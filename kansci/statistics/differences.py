"""By how much one model is better than another, task by task, in decades.

Members of one seed learned from the same points, so they are compared in pairs where both models
have that seed; what one of the two lacks is counted and not filled in.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

import numpy as np

from kansci.record import Record, Speed
from kansci.statistics.significance import improvement
from kansci.statistics.standing import Place, Standing, final, standings
from kansci.statistics.stats import Cell, Floats, hierarchical_mean, interval, replicates
from kansci.statistics.student import paired, unpaired

Verdict = Literal["win", "tie", "loss"]


class Difference(NamedTuple):
    """One cell: decades of the one model less those of the other.

    Attributes:
        mean: over members.
        low: 2.5 % of it over other seeds, by Student's t; `None` where one seed is all there is.
        pairs: members that are compared; 0: no seed in common, so that means are.
    """

    place: Place
    ours: float
    theirs: float
    mean: float
    low: float | None
    high: float | None
    pairs: int

    @property
    def verdict(self) -> Verdict:
        """A win or a loss where the interval is clear of 0."""
        if self.low is None or self.high is None:
            return "tie"
        return "win" if self.low > 0 else "loss" if self.high < 0 else "tie"


class Comparison(NamedTuple):
    """All cells that both have, and what they amount to.

    Attributes:
        mean: as on boards: over members, budgets, tasks and families, each of the same weight.
        low: 2.5 % of it, over other tasks of the kind and other seeds.
        improvement: probability that a member of the one beats one of the other, with its interval.
        alone: cells that only one of them has, or that do not apply to one or fit.
    """

    cells: tuple[Difference, ...]
    mean: float
    low: float
    high: float
    improvement: tuple[float, float, float]
    alone: int

    def count(self, verdict: Verdict) -> int:
        return sum(one.verdict == verdict for one in self.cells)


def compared(records: Iterable[Record | Speed], model: str, against: str) -> Comparison | None:
    """One model less another, over the cells that both have; `None` if there are none."""
    found = {one.model: one for one in standings(records) if one.model in (model, against)}
    if len(found) < 2:
        return None
    ours, theirs = (_scored(found[name]) for name in (model, against))
    common = sorted(set(ours) & set(theirs))
    if not common:
        return None
    pairs = [(place, ours[place], theirs[place]) for place in common]
    leads = [_lead(*pair) for pair in pairs]
    chances = improvement(_cells(ours, common), _cells(theirs, common))
    return Comparison(
        cells=tuple(_difference(*pair, lead) for pair, lead in zip(pairs, leads, strict=True)),
        mean=hierarchical_mean(leads),
        **dict(zip(("low", "high"), interval(replicates(leads)), strict=True)),
        improvement=(hierarchical_mean(chances), *interval(replicates(chances))),
        alone=len(set(ours) ^ set(theirs)),
    )


def _scored(standing: Standing) -> dict[Place, Record]:
    return {Place(one.family, one.task, one.budget): one for one in standing.scored}


def _cells(records: dict[Place, Record], places: Sequence[Place]) -> list[Cell]:
    return [Cell(*place, final(records[place]), records[place].cluster) for place in places]


def _lead(place: Place, ours: Record, theirs: Record) -> Cell:
    """Decades of each member less those of its pair, or less the mean where none has one."""
    own, other = _by_seed(ours), _by_seed(theirs)
    common = sorted(set(own) & set(other))
    values = [own[seed] - other[seed] for seed in common]
    if not common:
        values = final(ours) - final(theirs).mean()
    return Cell(*place, np.asarray(values, dtype=float), ours.cluster)


def _by_seed(record: Record) -> dict[int, float]:
    return dict(zip(record.recipe.evaluation_seeds, final(record).tolist(), strict=True))


def _difference(place: Place, ours: Record, theirs: Record, lead: Cell) -> Difference:
    common = set(_by_seed(ours)) & set(_by_seed(theirs))
    means: list[Floats] = [final(one) for one in (ours, theirs)]
    between = paired(lead.values) if common else unpaired(*means)
    return Difference(
        place,
        ours=float(means[0].mean()),
        theirs=float(means[1].mean()),
        mean=float(lead.values.mean()),
        low=between and between[0],
        high=between and between[1],
        pairs=len(common),
    )
