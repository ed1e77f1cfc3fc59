"""How accurate is a model for its budget?

Failed members count as the trivial predictor, and the mean is a mean: neither hides failures.
"""

import math
from collections.abc import Sequence

import numpy as np

from kansci.board import AnyRecord, Board, Entry, Row, Value, complete, rows_of
from kansci.reference import Reference
from kansci.standing import Standing, failures, final, standings
from kansci.stats import hierarchical_mean


def rows(records: Sequence[AnyRecord], reference: Reference | None) -> list[Row]:
    found = standings(records)
    families = sorted({record.family for standing in found for record in standing.records})
    return rows_of(entry(standing, families, reference) for standing in found)


def entry(standing: Standing, families: Sequence[str], reference: Reference | None) -> Entry:
    cells = standing.cells(final)
    columns: dict[str, Value] = {}
    for family in families:
        mean = hierarchical_mean(cell for cell in cells if cell.family == family)
        known = complete(standing, family) and not math.isnan(mean)
        columns[family] = mean if known else None
    whole = bool(cells) and not standing.missing
    columns["lead"] = reference.lead(standing.scored) if reference and whole else None
    columns["median error"] = median_error(standing) if whole else None
    return Entry(standing, cells, columns)


def median_error(standing: Standing) -> float:
    """Median over cells of the median member's error, relative to the trivial predictor's."""
    medians = []
    for record in standing.scored:
        errors = np.ones(len(failures(record)))
        if record.errors:
            last = np.array(record.errors[-1], dtype=float).mean(0) / record.trivial  # (member,)
            errors = np.where(failures(record) | ~np.isfinite(last), 1.0, last)
        medians.append(np.median(errors))
    return float(np.median(medians))


board = Board(
    name="accuracy",
    question="How accurate is a model for its budget?",
    about=(
        "log10(trivial error / error) on the test probes after the last stage, clipped to [0, 6]: "
        "0 is the trivial predictor, 3 a thousand times better. Mean over members (a failed one "
        "counts 0), budgets, tasks and families, each with the same weight. Tasks that do not "
        "apply are left out of a model's mean and counted."
    ),
    score_label="decades",
    rows=rows,
    columns={
        "lead": "decades beyond the frozen reference MLP on the same cells",
        "median error": "median over cells and members, relative to the trivial predictor",
    },
)
