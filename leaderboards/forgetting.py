"""What is lost of the earlier stages when the last one is done?

The loss alone would praise the model that never learned: only models that learned at least one
decade are ranked, and what they learned and what is left stand beside what they lost.
"""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from kansci.boards.board import AnyRecord, Board, Entry, Row, Value
from kansci.boards.ranking import CONTEST, contest, rows_of
from kansci.record import Record
from kansci.statistics.forgetting import keeps_its_truth, learned, learned_before, lost
from kansci.statistics.standing import Standing, failures, final, standings
from kansci.statistics.stats import Floats, hierarchical_mean, interval, replicates
from kansci.statistics.transfer import (
    anytime,
    average,
    backward_transfer,
    first_visits,
    forgetting,
    forward_transfer,
    has_scores,
    joint_scores,
    scores,
    untrained,
)
from kansci.statistics.transfer import intransigence as gap_to_joint

LEARNED = 1.0
NAIVE, JOINT = "naive", "joint"
Measure = Callable[[Record], Floats | None]
Place = tuple[str, str, str, int, str]


def rows(records: Sequence[AnyRecord], reference: object) -> list[Row]:
    trained = [one for one in records if isinstance(one, Record) and keeps_its_truth(one)]
    staged = {one.task for one in trained if len(one.stages) > 1}
    own = [one for one in trained if one.task in staged]
    plain = standings(records, lambda r: r.task in staged and r.recipe.method == NAIVE)
    naive = {place(one): one for standing in plain for one in standing.records}
    bounds = standings(one for one in own if one.recipe.method == JOINT)
    joint = {place(one): one for standing in bounds for one in standing.records}
    entries = [entry(one, joint) for one in plain]
    helped = list[Entry]()
    for method in sorted({one.recipe.method for one in own} - {NAIVE, JOINT}):
        own_rows = standings(called(one) for one in own if one.recipe.method == method)
        helped += [with_method(one, method, joint, naive) for one in own_rows]
    every = [*entries, *helped]
    passed = {one.standing.model: passes(one.standing) for one in every if one.ranked}
    rows = rows_of(every, higher_is_better=False)
    return contest(rows, every, higher_is_better=False, eligible=passed)


def entry(standing: Standing, joint: dict[Place, Record]) -> Entry:
    cells = standing.cells(lost)
    columns = dict[str, Value](
        dict.fromkeys(["learned", "share", "final", "joint", *MEASURES, "intransigence (-)"])
    )
    if cells and not standing.missing:
        columns |= {name: mean(standing, measure) for name, measure in MEASURES.items()}
        columns |= {"learned": mean(standing, learned), "final": mean(standing, final)}
        columns["share"] = share(standing)
        columns |= {
            "joint": mean(standing, partial(bound, joint=joint)),
            "intransigence (-)": mean(standing, partial(intransigence, joint=joint)),
        }
    if gone := sum(bool(failures(record).all()) for record in standing.scored):
        # Who never learned a task has nothing to lose there: that would be the best of scores.
        note = f"all members of {gone} cells failed: what they would have forgotten is not known"
        return Entry(standing, [], columns, note, ranked=False)
    gained = columns["learned"]
    idle = isinstance(gained, float) and gained < LEARNED
    notes = ["did not learn"] * idle or doubts(standing) * bool(gained)
    notes += other_bounds(standing, joint)
    return Entry(standing, cells, columns, "; ".join(notes), ranked=not idle)


def passes(standing: Standing) -> NDArray[np.bool_]:
    """In which draws a model learned enough to be ranked, `(draw,)`."""
    return replicates(standing.cells(learned)) >= LEARNED


def doubts(standing: Standing) -> list[str]:
    """What is said of a model that is ranked, and with other tasks and seeds might not be."""
    low = interval(drawn := replicates(standing.cells(learned)))[0]
    share = float((drawn < LEARNED).mean())
    return [f"learned less than a decade in {100 * share:.0f} % of draws"] * (low < LEARNED)


def other_bounds(standing: Standing, joint: dict[Place, Record]) -> list[str]:
    """What is said of joint trainings of its cells that bound nothing, as they had other work."""
    known = {one[:-1] for one in joint}
    own = [place(one) for one in standing.scored]
    count = sum(one[:-1] in known and one not in joint for one in own)
    return [f"{count} joint trainings by another recipe are no bound"] if count else []


def with_method(
    standing: Standing, method: str, joint: dict[Place, Record], naive: dict[Place, Record]
) -> Entry:
    """A row below the ranking: which method helps is another question than who forgets."""
    found = entry(standing, joint)
    saved = mean(standing, partial(spared, naive=naive)) if not standing.missing else None
    note = "; ".join(filter(None, (f"not ranked, as it trains by {method}", found.note)))
    return found._replace(columns=found.columns | {"saved": saved}, note=note, ranked=False)


def place(record: Record) -> Place:
    """Where the Records of one model by several methods meet; `kan + ewc` is `kan` by EWC.

    But for the method they have one recipe: a bound by more work would be no bound.
    """
    model = record.model.removesuffix(f" + {record.recipe.method}")
    plain = {"method": NAIVE, "strength": None, "memory": None}
    rest = record.recipe.model_copy(update=plain).digest
    return model, record.task, record.task_content, record.budget, rest


def called(record: Record) -> Record:
    return record.model_copy(update={"model": f"{record.model} + {record.recipe.method}"})


def mean(standing: Standing, measure: Measure) -> float | None:
    """Over all cells; none where one cannot be measured, as it would be of other tasks."""
    cells = standing.cells(measure)
    return hierarchical_mean(cells) if cells and len(cells) == len(standing.scored) else None


def share(standing: Standing) -> float | None:
    """What was lost over what there was to lose: a ratio of means, as the gate is of the mean."""
    gone, had = (mean(standing, measure) for measure in (lost, learned_before))
    return gone / had if gone is not None and had else None


def bound(record: Record, joint: dict[Place, Record]) -> Floats | None:
    """Decades of the same model that learned all stages at once."""
    return final(joint[place(record)]) if place(record) in joint else None


def spared(record: Record, naive: dict[Place, Record]) -> Floats | None:
    """Decades that training by the method lost less than training on."""
    if place(record) not in naive:
        return None
    return lost(naive[place(record)]).mean() - lost(record)


def scored(measure: Callable[[Floats], Floats]) -> Measure:
    """A measure of the field, of Records that have scores; 0 for those that failed as a whole."""

    def measured(record: Record) -> Floats | None:
        if not record.errors:
            return np.zeros(len(failures(record)))
        return measure(scores(record)) if has_scores(record) else None

    return measured


def forward(record: Record) -> Floats | None:
    if record.errors and not record.untrained:
        return None
    return scored(lambda s: forward_transfer(s, untrained(record), first_visits(record)))(record)


def intransigence(record: Record, joint: dict[Place, Record]) -> Floats | None:
    other = joint.get(place(record))
    if other is None or not (record.errors and other.errors):
        return None
    if not (has_scores(record) and has_scores(other)):
        return None
    best = joint_scores(other, record).mean(-1, keepdims=True)  # (stage, 1)
    return gap_to_joint(scores(record), best)


MEASURES: dict[str, Measure] = {
    "ACC (+)": scored(average),
    "BWT (+)": scored(backward_transfer),
    "FWT (+)": forward,
    "forgetting (-)": scored(forgetting),
    "any-time (+)": scored(anytime),
}

board = Board(
    name="forgetting",
    question="What is lost of the earlier stages when the last one is done?",
    about=(
        "Decades on the probe of a stage just after it was last learned minus decades at the end, "
        "mean over the earlier stages, then over members, budgets and tasks. Ranked among models "
        "that learned at least one decade; draws in which one did not count for no P(best) of its "
        "own. Nobody can lose more than was learned, so that who "
        "learns more loses more: `share` is what was lost of what there was to lose. "
        "drift_function is left out, as its probes ask for the newest truth alone. A member that "
        "failed has learned nothing, and lost what the others learned. Rows such as `kan + ewc` "
        "are trained by a method against forgetting: they stand below the ranking, which is of "
        "models that train on. The field's measures are of scores in [0, 1], accuracy or clipped "
        "R^2; (+) is better when higher, (-) when lower."
    ),
    score_label="lost",
    unit="decades lost",
    rows=rows,
    higher_is_better=False,
    columns={
        "learned": "decades just after each stage",
        "share": "decades lost over decades learned, of the earlier stages; 1 is all of it",
        "final": "decades at the end, over all probes",
        "joint": "decades of the same model that learned all stages at once: its bound",
        "ACC (+)": "mean score at the end (Lopez-Paz and Ranzato 2017)",
        "BWT (+)": "score at the end minus just after the stage, negative where it is forgotten",
        "FWT (+)": "score on a stage before it is first learned, minus the untrained network's",
        "forgetting (-)": "best score before the end minus that at the end (Chaudhry et al. 2018)",
        "any-time (+)": "mean score on the stages so far, over all stages: the area under that "
        "curve (Rebuffi et al. 2017)",
        "intransigence (-)": "score of the joint training minus that just after the stage",
        "saved": "decades that the method loses less than training on, on the same cells",
        **CONTEST,
    },
)
