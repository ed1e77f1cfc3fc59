"""Does the order of models hold where the rules are changed?

Kendall's tau of the headline's order with that under another cap on decades, in the other dtype and
with other work: 1 is the same order, 0 none in common, -1 the reverse. Caps are changed on the same
Records; for the rest there have to be Records by such a recipe, and both orders are taken over the
cells that those cover.

Source: Kendall 1938, "A new measure of rank correlation", Biometrika 30; tau-b, for ties.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, partial
from math import isnan
from typing import Any, NamedTuple

from kansci.ledger import AnyRecord
from kansci.recipe import Optimizer, Recipe
from kansci.record import Record
from kansci.statistics.comparable import age, current
from kansci.statistics.standing import Place, final, standings
from kansci.statistics.stats import Cell, Floats, hierarchical_mean

CAPS = (4.0, 8.0)
WORK = 4.0
SAMPLE = ("the other dtype", f"{WORK:g} times the work")

Used = Mapping[str, Mapping[Place, Record]]


class Agreement(NamedTuple):
    """How far one change of the rules keeps the order.

    Attributes:
        cells: pairs of task and budget that both orders rest on.
        tau: Kendall's; `None` where there is nothing to compare.
    """

    change: str
    models: int = 0
    cells: int = 0
    tau: float | None = None
    note: str = ""


def robustness(records: Sequence[AnyRecord], others: Iterable[AnyRecord] = ()) -> list[Agreement]:
    """A row for each cap, for the other dtype, for four times the work, and for other work found.

    Args:
        records: what the boards rest on.
        others: further Records among which those by another recipe are looked for.
    """
    found = standings(records)
    headline: Used = {
        one.model: {Place(r.family, r.task, r.budget): r for r in one.records} for one in found
    }
    whole: Used = {one.model: headline[one.model] for one in found if not one.missing}
    rows = [
        _agreement(f"cap at {cap:g} decades", whole, whole, partial(final, cap=cap)) for cap in CAPS
    ]
    samples = _samples(headline, [*records, *others])
    for change in dict.fromkeys((*SAMPLE, *sorted(samples))):
        sample = _covered(samples.get(change, {}))
        rows.append(_agreement(change, headline, sample, final))
    return rows


def _samples(
    headline: Used, records: Iterable[AnyRecord]
) -> dict[str, dict[str, dict[Place, Record]]]:
    """Records that differ from the headline's of the same cell in one thing, by what it is."""
    found: dict[str, dict[str, dict[Place, Record]]] = defaultdict(lambda: defaultdict(dict))
    trained = current([record for record in records if isinstance(record, Record)])
    for record in sorted(trained, key=age):
        place = Place(record.family, record.task, record.budget)
        own = headline.get(record.model, {}).get(place)
        if own and own.task_content == record.task_content:
            change = _change(own.recipe, record.recipe)
            if change:
                found[change][record.model][place] = record
    return found


@cache
def _change(one: Recipe, other: Recipe) -> str:
    """In what alone two recipes differ, dtype or work; empty for nothing, or for more than that."""
    if one.digest == other.digest:
        return ""
    if one.model_copy(update={"dtype": other.dtype}).digest == other.digest:
        return SAMPLE[0]
    if _at_no_work(one).digest == _at_no_work(other).digest:
        return f"{other.evaluations / one.evaluations:g} times the work"
    return ""


def _at_no_work(recipe: Recipe) -> Recipe:
    """The recipe with one evaluation for each optimizer; for comparing, not for training."""

    def short(optimizer: Optimizer) -> Optimizer:
        return optimizer.model_copy(update={"evaluations": 1})

    return recipe.model_copy(update={"optimizers": tuple(map(short, recipe.optimizers))})


def _covered(sample: Used) -> Used:
    """The cells that most models of a sample have, and those models that have them all."""
    counts = Counter(place for own in sample.values() for place in own)
    most = max(counts.values(), default=0)
    places = [place for place, count in counts.items() if count == most]
    return {
        model: {place: own[place] for place in places}
        for model, own in sample.items()
        if all(place in own for place in places)
    }


def _agreement(
    change: str, headline: Used, changed: Used, measure: Callable[[Record], Floats]
) -> Agreement:
    """Both orders over the cells and the models of what was changed."""
    from scipy.stats import kendalltau

    models = sorted(changed)
    places = sorted(changed[models[0]]) if models else []
    row = Agreement(change, len(models), len(places))
    if not places:
        return row._replace(note="no Records of it")
    if len(models) < 3:
        return row._replace(note="want three models at least")
    orders = [
        [_score([used[model][place] for place in places], by) for model in models]
        for used, by in ((headline, final), (changed, measure))
    ]
    found: Any = kendalltau(*orders)
    tau = float(found.statistic)
    return row._replace(note="all are alike") if isnan(tau) else row._replace(tau=tau)


def _score(records: Iterable[Record], measure: Callable[[Record], Floats]) -> float:
    return hierarchical_mean(
        Cell(record.family, record.task, record.budget, measure(record), record.cluster)
        for record in records
    )
