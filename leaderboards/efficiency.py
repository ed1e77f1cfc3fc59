"""How many parameters would the reference MLP need for the same error?"""

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from kansci.boards.board import AnyRecord, Board, Entry, Row, Value
from kansci.boards.ranking import CONTEST, contest, rows_of
from kansci.boards.reference import Reference, envelope, parameters_needed
from kansci.record import Record
from kansci.statistics.reaching import reached
from kansci.statistics.scaling import Rung, front, ladders, scaling
from kansci.statistics.standing import Standing, final, standings
from kansci.statistics.stats import Cell, Floats, hierarchical_mean

LIMIT = 2.0  # a hundred times: a handful of budgets cannot tell more
LEARNED = 0.1  # decades: where the reference stays below them at every budget, numbers buy nothing
DIGITS = 4  # of decades that are compared: Records have six of an error
TRIVIAL = (0.0, 0.0)  # log10 N and decades: one number, the constant, is the trivial predictor


def rows(records: Sequence[AnyRecord], reference: Reference | None) -> list[Row]:
    found = standings(records)
    by_budget = ladders(found)
    several = len({record.budget for one in found for record in one.records}) > 1
    best = set(front(by_budget)) if several else set[Rung]()  # at one, whoever asks for least leads
    given = reference or Reference()
    entries = [entry(one, by_budget.get(one.model, {}), best, given) for one in found]
    return contest(rows_of(entries), entries)


class Rated(NamedTuple):
    """A Record that counts, beside the reference.

    Attributes:
        reached: decades, `(member,)`.
        ladder: the reference's, `(point, 2)`; empty where it has none.
        gains: log10(N_ref / N), `(member,)`; `None` where the ladder tells nothing.
    """

    record: Record
    reached: Floats
    ladder: Floats
    gains: Floats | None

    @property
    def clipped(self) -> bool:
        """Whether the mean lies beyond the ladder or the limit: its gain is a bound or a guess."""
        if self.gains is None:
            return False
        have, rungs = self.reached.mean().round(DIGITS), self.ladder[:, 1].round(DIGITS)
        return bool(have < rungs[0] or have > rungs[-1] or abs(self.gains.mean()) >= LIMIT)

    def cell(self, values: Floats) -> Cell:
        record = self.record
        return Cell(record.family, record.task, record.budget, values, record.cluster)


def entry(
    standing: Standing, ladder: dict[int, Rung], best: set[Rung], reference: Reference
) -> Entry:
    rated = [rate(record, reference) for record in standing.scored]
    cells = [one.cell(one.gains) for one in rated if one.gains is not None]
    known = bool(cells) and not standing.missing
    columns: dict[str, Value] = {"factor": 10 ** hierarchical_mean(cells) if known else None}
    columns |= needed(rated, reference) if known else dict.fromkeys(("needs", "reaches"))
    fall = None if standing.missing else scaling(standing)
    decades = [one.cell(one.reached) for one in rated]
    columns |= {
        "exponent": fall and fall.exponent,
        "exponent low": fall and fall.low,
        "exponent high": fall and fall.high,
        "bounds": fall and fall.bounds,
        "parameters": round(np.median([one.record.numbers for one in rated])) if known else None,
        "decades": hierarchical_mean(decades) if known else None,
        "censored": sum(one.clipped for one in rated) if known else None,
        "pareto": "yes" if best & set(ladder.values()) else "",
    }
    applies = len(standing.scored) == len(standing.records)
    return Entry(standing, cells, columns, said(rated), ranked=applies)


def rate(record: Record, reference: Reference) -> Rated:
    have, ladder = final(record), reference.ladder(record)
    return Rated(record, have, ladder, gain(have, record.numbers, ladder))


def gain(reached: Floats, parameters: int, ladder: Floats) -> Floats | None:
    """log10(N_ref / N), `(member,)`; `None` where the ladder tells nothing.

    Its mean is that of the members' mean decades, since the ladder is made of such means: members
    alone would fall far below it and not as far above. Their spread stays. Where more numbers made
    the reference no better, the nearest to N counts, so that it gains nothing against itself; where
    they made it worse it stands below its ladder, which is of the best so far, and loses.
    """
    if not tells(ladder):
        return None
    whole = np.vstack([TRIVIAL, ladder])
    whole[:, 1] = whole[:, 1].round(DIGITS)
    have = np.append(reached, reached.mean()).round(DIGITS)
    fewest, most = (parameters_needed(have, whole, side=side) for side in ("left", "right"))
    own = np.log10(parameters)
    gains = np.clip(np.clip(own, fewest, most) - own, -LIMIT, LIMIT)
    return gains[-1] + gains[:-1] - gains[:-1].mean()


def tells(ladder: Floats) -> bool:
    """Whether the reference learned enough at its best to measure numbers by errors.

    One rung is no ladder: there would be nothing to interpolate to but the trivial predictor.
    """
    return len(ladder) > 1 and bool(ladder[-1, 1] >= LEARNED)


def needed(rated: Sequence[Rated], reference: Reference) -> dict[str, Value]:
    """The other way round: the numbers with which the model reaches the reference's decades."""
    own = defaultdict[str, list[tuple[float, float]]](list)
    for one in rated:
        have = float(one.reached.mean().round(DIGITS))
        own[one.record.task].append((one.record.numbers, have))
    curves = {task: envelope(points) for task, points in own.items()}
    cells = []
    for one in rated:
        rung = reference.rung(one.record)
        if rung is None or (goal := np.mean(rung.decades).round(DIGITS)) < LEARNED:
            continue
        curve, ratio = curves[one.record.task], np.array([np.inf])
        if curve[-1, 1] >= goal:
            ratio = 10 ** parameters_needed(np.array([goal], dtype=float), curve) / rung.parameters
        cells.append(one.cell(ratio))
    found = reached(cells)
    share = None if found is None else round(100 * found.share)
    return {"needs": found and found.median, "reaches": share}


def said(rated: Sequence[Rated]) -> str:
    """What the score does not rest on."""
    of = f"of {len(rated)} cells"
    parts = []
    if without := sum(not len(one.ladder) for one in rated):
        parts.append(f"{without} {of} have no frozen reference")
    if single := sum(len(one.ladder) == 1 for one in rated):
        parts.append(f"on {single} {of} the reference has one budget, which is no ladder")
    if idle := sum(len(one.ladder) > 1 and one.gains is None for one in rated):
        parts.append(f"on {idle} {of} the reference learned nothing at any budget")
    return "; ".join(parts)


board = Board(
    name="efficiency",
    question="How many parameters would the reference MLP need for the same error?",
    about=(
        "log10(N_ref / N): N numbers that are trained or adapted, N_ref those with which the "
        "frozen reference MLP reaches the same decades; linear interpolation in (log10 N, decades) "
        "between the budgets of its ladder, the best up to each, and below the first of them down "
        "to the trivial predictor, which is one number. Where more numbers made the reference no "
        "better, the nearest count; where they made it worse, its own row falls below 0, so that "
        "a model is to be compared with that row and not with 0. Above the ladder, and beyond a "
        "factor of 100, the gain is a bound. A cell's decades are the mean of its members. Tasks "
        "on which the reference stays below 0.1 decade at every budget tell nothing and are left "
        "out. Mean over budgets, tasks and families, each with the same weight; over other tasks "
        "where some do not apply or fit, and then without a rank."
    ),
    score_label="log10 gain",
    unit="powers of ten in parameters saved against the reference MLP",
    rows=rows,
    columns={
        "factor": "10 to the score: parameters of the reference over the model's own",
        "needs": "the other way round, median over cells by their weight in scores: parameters "
        "that the model needs for the reference's error, over the reference's; none where less "
        "than half of the weight reaches it, and at most so many where the smallest budget does",
        "reaches": "per cent of the work, weighed as in scores, on which the model reaches the "
        "reference's error within its budgets",
        "exponent": "slope of log10(1/error) over log10(parameters), one for all tasks, each with "
        "its own intercept; 0.5 is ten times better with a hundred times as many; from two budgets "
        "on",
        "exponent low": "95 %, over tasks and seeds",
        "exponent high": "95 %, over tasks and seeds",
        "bounds": "cells without a say in the exponent: a member beyond the cap, or none better "
        "than the trivial predictor",
        "parameters": "median over cells, adapted numbers included",
        "decades": "as on the accuracy board",
        "censored": "cells whose mean lies beyond the ladder or the limit",
        "pareto": "at one budget or more no other model is as accurate with as few parameters, on "
        "the tasks that ran at every budget; from two budgets on",
        **CONTEST,
    },
)
