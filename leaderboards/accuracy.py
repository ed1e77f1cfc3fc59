"""How accurate is a model for its budget?

Failed members count as the trivial predictor, and the mean is a mean: neither hides failures.
"""

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from statistics import median

import numpy as np

from kansci.boards.board import AnyRecord, Board, Entry, Row, Value, limits
from kansci.boards.ranking import CONTEST, contest, rows_of
from kansci.boards.reference import Reference
from kansci.statistics.standing import (
    UNSCORED,
    Place,
    Standing,
    at_every_budget,
    failures,
    final,
    standings,
)
from kansci.statistics.stats import Cell, hierarchical_mean

Part = Callable[[Cell | Place], bool]


def rows(records: Sequence[AnyRecord], reference: Reference | None) -> list[Row]:
    found = standings(records)
    used = [record for standing in found for record in standing.records]
    families = sorted({record.family for record in used})
    budgets = sorted({record.budget for record in used})
    parts: dict[str, Part] = {family: partial(of_family, family) for family in families}
    shared = at_every_budget(found)
    entries = []
    for standing in found:
        tasks = shared - unscored(standing)
        compared = {str(budget): partial(of_budget, budget, tasks) for budget in budgets}
        columns = parts | compared if len(budgets) > 1 else parts
        entries.append(entry(standing, columns, reference))
    return contest(rows_of(entries), entries)


def unscored(standing: Standing) -> set[str]:
    """Tasks that do not apply to a model, or do not fit at one budget or more."""
    return {record.task for record in standing.records if record.status in UNSCORED}


def of_family(family: str, one: Cell | Place) -> bool:
    return one.family == family


def of_budget(budget: int, tasks: Collection[str], one: Cell | Place) -> bool:
    return one.budget == budget and one.task in tasks


def entry(standing: Standing, parts: Mapping[str, Part], reference: Reference | None) -> Entry:
    """Columns of families and budgets, each where none of its own cells is missing."""
    cells = standing.cells(final)
    columns: dict[str, Value] = {}
    for name, within in parts.items():
        mean = hierarchical_mean(filter(within, cells))
        known = not any(map(within, standing.missing)) and not math.isnan(mean)
        columns[name] = mean if known else None
    whole = bool(cells) and not standing.missing
    columns["lead"] = reference.lead(standing.scored) if reference and whole else None
    columns["median error"] = median_error(standing) if whole else None
    note = limits(standing, reference) if whole else ""
    return Entry(standing, cells, columns, note, ranked=len(cells) == len(standing.records))


def median_error(standing: Standing) -> float:
    """Median over cells of the median member's error, relative to the trivial predictor's."""
    medians = []
    for record in standing.scored:
        failed = failures(record)
        errors = np.ones(len(failed))
        if record.errors:
            last = np.array(record.errors[-1], dtype=float).mean(0) / record.trivial  # (member,)
            errors = np.where(failed | ~np.isfinite(last), 1.0, last)
        medians.append(median(errors.tolist()))
    return median(medians)


board = Board(
    name="accuracy",
    question="How accurate is a model for its budget?",
    about=(
        "log10(trivial error / error) on the test probes after the last stage, clipped to [0, 6]: "
        "0 is the trivial predictor, 3 a thousand times better. Mean over members (a failed one "
        "counts 0), budgets, tasks and families, each with the same weight. Tasks that do not "
        "apply are left out of a model's mean and counted; as it is then a mean over other tasks, "
        "it has no rank here, and one on the board overall. Columns of families and of budgets are "
        "means within them, given wherever no cell of theirs is missing; those of budgets are over "
        "the tasks that a model was scored on at every budget: they tell what more numbers buy."
    ),
    score_label="decades",
    rows=rows,
    columns={
        "lead": "decades beyond the frozen reference MLP on the same cells",
        "median error": "median over cells of the median member's, over the trivial predictor's",
        **CONTEST,
    },
)
