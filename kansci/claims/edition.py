"""What the Records of the edition say of two models at equal numbers."""

from __future__ import annotations

from kansci.claims.measurement import Quantity
from kansci.discover import home
from kansci.errors import UserError
from kansci.record import Record
from kansci.statistics.standing import final, sliced, standings
from kansci.statistics.stats import hierarchical_mean, interval, replicates
from kansci.submission.ledger import load_ledger

SUITE, FAMILY = "standard", "feynman"


def formulas() -> list[Record]:
    """The Records of the edition on formulas, at all budgets that it has for them."""
    every = load_ledger(home("leaderboards") / SUITE)
    kept = sliced(every, suites=[SUITE], families=[FAMILY])
    return [record for record in kept if isinstance(record, Record)]


def ahead(name: str, one: str, other: str) -> Quantity:
    """Decades by which one model's formulas are ahead of another's, with the paired interval.

    Raises:
        UserError: where either lacks a cell.
    """
    found = {row.model: row for row in standings(formulas()) if row.model in (one, other)}
    if len(found) < 2 or any(row.missing for row in found.values()):
        raise UserError(f"want all Records of {one} and {other} on formulas in the edition")
    cells = [found[model].cells(final) for model in (one, other)]
    low, high = interval(replicates(cells[0]) - replicates(cells[1]))
    return Quantity(
        name=name,
        value=hierarchical_mean(cells[0]) - hierarchical_mean(cells[1]),
        low=low,
        high=high,
        unit="decades",
        over="tasks",
        count=len({cell.unit for cell in cells[0]}),
    )
