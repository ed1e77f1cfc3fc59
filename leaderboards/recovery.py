"""How often is the formula read off a network the true one?

Genetic programming on the same points stands beside the networks, as the bar to pass.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from kansci.boards.board import AnyRecord, Board, Entry, Row, Value
from kansci.boards.ranking import CONTEST, contest, rows_of
from kansci.models.zoo import is_control
from kansci.reading import Formula, Reading
from kansci.record import FAILED
from kansci.statistics.comparable import age, current, of_one_recipe
from kansci.statistics.standing import UNSCORED, Place, Standing
from kansci.statistics.stats import Cell, hierarchical_mean, wilson

BAR = "operon"


class Read(NamedTuple):
    """What is known of one model: at most one Reading for each place of its grid.

    Attributes:
        standing: what it lacks; it has no Records.
    """

    standing: Standing
    readings: list[Reading]

    @property
    def judged(self) -> list[Reading]:
        return [one for one in self.readings if one.status not in UNSCORED]

    @property
    def formulas(self) -> list[Formula]:
        return [formula for one in self.judged for formula in one.formulas]

    def cells(self, measure: Callable[[Formula], float]) -> list[Cell]:
        return [
            Cell(*place(one), np.array([measure(f) for f in one.formulas], float), one.cluster)
            for one in self.judged
        ]


def rows(records: Sequence[AnyRecord], reference: object) -> list[Row]:
    found = stand([one for one in records if isinstance(one, Reading)])
    marked = {one.standing.model: counts(one) for one in found}
    entries = [entry(one) for one in found]
    rows = [row.model_copy(update=marked[row.model]) for row in rows_of(entries)]
    return contest(rows, entries)


def stand(readings: Sequence[Reading]) -> list[Read]:
    """All models over the tasks that any of them has, at the budgets that each of them has.

    Of one content of a task, one source of a model and one way to read, as on the other boards; of
    two Readings of one place the newer.
    """
    left = current(readings)
    latest = {(one.model, place(one)): one for one in sorted(of_one_recipe(left), key=age)}
    tasks = sorted({place(one)[:2] for one in latest.values()})
    every, fresh = (Counter(one.model for one in some) for some in (readings, left))
    found = []
    for model in sorted(every):
        own = {where: one for (name, where), one in latest.items() if name == model}
        budgets = sorted({one.budget for one in readings if one.model == model})
        grid = [Place(*task, budget) for task in tasks for budget in budgets]
        missing = tuple(where for where in grid if where not in own)
        stale, unused = every[model] - fresh[model], fresh[model] - len(own)
        found.append(Read(Standing(model, (), missing, stale, unused), list(own.values())))
    return found


def entry(one: Read) -> Entry:
    low, high = wilson(sum(f.exact for f in one.formulas), len(one.formulas))
    known = bool(one.formulas) and not one.standing.missing

    def mean(measure: Callable[[Formula], float]) -> float | None:
        return hierarchical_mean(one.cells(measure)) if known else None

    columns: dict[str, Value] = {
        "exact": f"{sum(f.exact for f in one.formulas)} of {len(one.formulas)}",
        "wilson": f"[{low:.2f}, {high:.2f}]",
        "distance": mean(lambda formula: formula.distance),
        "accurate": mean(lambda formula: formula.accurate),
        "cpu seconds": mean(lambda formula: formula.seconds),
    }
    bar = one.standing.model == BAR
    note = "genetic programming on the same points: the bar to pass" if bar else ""
    applies = len(one.judged) == len(one.readings)
    cells = one.cells(lambda formula: formula.exact)
    return Entry(one.standing, cells, columns, note, ranked=applies)


def counts(one: Read) -> dict[str, object]:
    """What Readings that came to nothing are counted as."""
    statuses = [reading.status for reading in one.readings]
    return {
        "failed": sum(formula.status in FAILED for formula in one.formulas),
        "not_applicable": statuses.count("not_applicable"),
        "does_not_fit": statuses.count("does_not_fit"),
        "control": one.standing.model == BAR or is_control(one.standing.model),
    }


def place(one: Reading) -> Place:
    return Place(one.family, one.task, one.budget)


board = Board(
    name="recovery",
    question="How often is the formula read off a network the true one?",
    about=(
        "Networks are trained by the recipe `sparse`, cut and trained on until they are sparse; "
        "their edges are named by functions of a library and refitted on the points they learned "
        "from. A formula is recovered if it is the truth up to an additive constant or a factor. "
        "Mean over members and tasks, each with the same weight; a member that failed has "
        "recovered nothing. operon, genetic programming on the same points, is the bar to pass."
    ),
    score_label="recovered",
    unit="share of formulas recovered",
    metric="equal to the truth up to an additive constant or a factor, by sympy",
    rows=rows,
    columns={
        "exact": "formulas recovered, of all (task, member)",
        "wilson": "95 % interval of that share, were all of them independent",
        "distance": "edits from the formula to the truth over the nodes of the truth, at most 1",
        "accurate": "share of formulas with R^2 > 0.999 on the test probe",
        "cpu seconds": "for one formula, training left out",
        **CONTEST,
    },
    kinds=(Reading,),
)
