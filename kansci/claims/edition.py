"""What the Records of the edition say of two models at equal numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from kansci.claims.measurement import Quantity
from kansci.discover import home
from kansci.errors import UserError
from kansci.record import Record
from kansci.statistics.standing import Standing, final, sliced, standings
from kansci.statistics.stats import Cell, Floats, hierarchical_mean, interval, replicates
from kansci.submission.ledger import load_ledger

SUITE = "standard"
Measure = Callable[[Record], Floats | None]


def edition(family: str = "feynman") -> list[Record]:
    """The Records of the edition of one family, at all budgets that it has for them."""
    every = load_ledger(home("leaderboards") / SUITE)
    kept = sliced(every, suites=[SUITE], families=[family])
    return [record for record in kept if isinstance(record, Record)]


def complete(records: Iterable[Record], models: Sequence[str]) -> dict[str, Standing]:
    """The standings of some models, which have all Records that any model has.

    Raises:
        UserError: where one lacks any.
    """
    found = {row.model: row for row in standings(records) if row.model in models}
    if len(found) < len(set(models)) or any(row.missing for row in found.values()):
        raise UserError(
            f"want all Records of {', '.join(models)}: some have cells that others lack"
        )
    return found


def ahead(
    name: str, records: Iterable[Record], one: str, other: str, measure: Measure = final
) -> Quantity:
    """Decades by which one model is ahead of another, with the paired interval.

    Args:
        measure: of a Record, in decades, `(member,)`; by default those at the end.

    Raises:
        UserError: where either lacks a cell.
    """
    found = complete(records, (one, other))
    cells = [found[model].cells(measure) for model in (one, other)]
    return more(name, *cells)


def more(name: str, one: Sequence[Cell], other: Sequence[Cell]) -> Quantity:
    """Decades in the cells of one model less those of another; the interval is paired."""
    low, high = interval(replicates(one) - replicates(other))
    return Quantity(
        name=name,
        value=hierarchical_mean(one) - hierarchical_mean(other),
        low=low,
        high=high,
        unit="decades",
        over="tasks",
        count=len({cell.unit for cell in one}),
    )
