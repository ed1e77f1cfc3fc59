"""How many parameters would the reference MLP need for the same error?"""

from collections.abc import Sequence
from functools import partial

import numpy as np

from kansci.board import AnyRecord, Board, Entry, Row, Value, rows_of
from kansci.record import Record
from kansci.reference import Reference, parameters_needed
from kansci.standing import Standing, final, standings
from kansci.stats import Floats, hierarchical_mean

LIMIT = 2.0  # a hundred times: four budgets cannot tell more


def rows(records: Sequence[AnyRecord], reference: Reference | None) -> list[Row]:
    found = standings(records)
    points = {one.model: point(one) for one in found if one.scored and not one.missing}
    best = front(points)
    entries = (entry(one, points.get(one.model), best, reference) for one in found)
    return rows_of(entries)


def entry(
    standing: Standing,
    where: tuple[float, float] | None,
    best: set[str],
    reference: Reference | None,
) -> Entry:
    cells = standing.cells(partial(gain, reference=reference or Reference()))
    known = where is not None and bool(cells)
    columns: dict[str, Value] = {
        "factor": 10 ** hierarchical_mean(cells) if known else None,
        "parameters": round(where[0]) if where else None,
        "decades": where[1] if where else None,
        "censored": sum(bool(clipped(r, reference)) for r in standing.scored) if known else None,
        "pareto": "yes" if standing.model in best else "",
    }
    without = len(standing.scored) - len(cells)
    note = f"{without} of {len(standing.scored)} cells have no frozen reference" if without else ""
    return Entry(standing, cells, columns, note)


def gain(record: Record, reference: Reference) -> Floats | None:
    """log10(N_ref / N) of each member, `(member,)`; `None` where the reference has no ladder."""
    ladder = ladder_of(record, reference)
    if not len(ladder):
        return None
    needed = parameters_needed(final(record), ladder)
    return np.clip(needed - np.log10(record.parameters or record.budget), -LIMIT, LIMIT)


def clipped(record: Record, reference: Reference | None) -> bool:
    """Whether a member lies beyond the ladder or the limit, so that its gain is a bound."""
    if reference is None or (gains := gain(record, reference)) is None:
        return False
    reached, ladder = final(record), ladder_of(record, reference)[:, 1]
    beyond = (reached < ladder[0]) | (reached > ladder[-1]) | (np.abs(gains) >= LIMIT)
    return bool(beyond.any())


def ladder_of(record: Record, reference: Reference) -> Floats:
    return reference.envelope(record.task, record.task_content, record.recipe.digest)


def point(standing: Standing) -> tuple[float, float]:
    """Median of the parameters, mean of the decades."""
    numbers = [record.parameters or record.budget for record in standing.scored]
    return float(np.median(numbers)), hierarchical_mean(standing.cells(final))


def front(points: dict[str, tuple[float, float]]) -> set[str]:
    """Models that no other beats in one of (parameters, decades) without losing in the other."""

    def beaten(n: float, reached: float) -> bool:
        return any(
            m <= n and other >= reached and (m, other) != (n, reached)
            for m, other in points.values()
        )

    return {model for model, where in points.items() if not beaten(*where)}


board = Board(
    name="efficiency",
    question="How many parameters would the reference MLP need for the same error?",
    about=(
        "log10(N_ref / N): N trainable numbers as counted, N_ref those with which the frozen "
        "reference MLP reaches the same decades; linear interpolation in (log10 N, decades) "
        "between the budgets of its ladder, the best up to each. Beyond the ladder, and beyond a "
        "factor of 100, the gain is a bound and its cell is counted as censored. Mean over "
        "members, budgets, tasks and families, each with the same weight."
    ),
    score_label="log10 gain",
    unit="powers of ten in parameters saved against the reference MLP",
    rows=rows,
    columns={
        "factor": "10 to the score: parameters of the reference over the model's own",
        "parameters": "median over cells",
        "decades": "as on the accuracy board",
        "censored": "cells where a member lies beyond the ladder",
        "pareto": "no other model is as accurate with fewer parameters",
    },
)
