"""How much CPU time does one network take, beside an MLP with as many parameters?

One plain network alone, timed in turns with the reference, in each of several processes.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from kansci.boards.board import AnyRecord, Board, Row, Value
from kansci.boards.ranking import by_intervals
from kansci.boards.reference import Reference
from kansci.models.zoo import is_control
from kansci.record import FAILED, Record, Speed
from kansci.speed.timed import (
    PLAIN,
    Places,
    Timed,
    columns,
    counts,
    further,
    geometric_mean,
    places,
    timed,
    waiting,
)
from kansci.statistics.reaching import first_below, reached
from kansci.statistics.standing import Standing, failures, standings
from kansci.statistics.stats import Floats

DERIVATIVES = "relative_l2"  # the metric of tasks whose losses take derivatives of the network


def rows(records: Sequence[AnyRecord], reference: Reference | None) -> list[Row]:
    speeds = [record for record in records if isinstance(record, Speed)]
    speeds.sort(key=lambda speed: (speed.environment.started, speed.key))
    expected = places(timed(speeds))
    laned = any(speed.lane for speed in speeds)
    lossy = reference and any(rung.losses for rung in reference.rows)
    found = []
    for standing in standings(records):
        own = [speed for speed in speeds if speed.model == standing.model]
        made = row(standing.model, own, expected, laned=laned)
        more = until_reference(standing, timed(own), reference) if reference and lossy else {}
        found.append(made.model_copy(update={"columns": made.columns | more}))
    return by_intervals(found, higher_is_better=False)


def row(model: str, speeds: Sequence[Speed], expected: Places, *, laned: bool) -> Row:
    latest = {speed.budget: speed for speed in speeds if counts(speed)}
    problems = [speed for speed in latest.values() if speed.status != "ok"]
    budgets = {speed.budget for speed in latest.values() if speed.status == "ok"}
    every = timed(speeds)
    plain = [one for one in every if one.scored and one.kind == PLAIN and one.budget in budgets]
    done = {one.place for one in plain}
    wanted = expected.get(PLAIN, set())
    lacking = sum(one not in done for one in wanted if one[0] in budgets)
    untimed = {budget for budget, _ in wanted} - set(latest)
    failed = sum(speed.status in FAILED for speed in problems)
    missing = lacking + len(untimed) if latest else len(wanted)
    blank = Row(
        model=model,
        tasks=len(done),
        failed=failed,
        missing=missing,
        not_applicable=sum(speed.status == "not_applicable" for speed in problems),
        does_not_fit=sum(speed.status == "does_not_fit" for speed in problems),
        control=is_control(model),
        columns={**columns(every), **(further(every, expected) if laned else {}), **crowd(latest)},
        note=note(speeds, problems),
    )
    if missing or failed or not done:
        return blank
    score, low, high = geometric_mean(plain)
    return blank.model_copy(update={"score": score, "low": low, "high": high})


def crowd(latest: Mapping[int, Speed]) -> dict[str, Value]:
    """How busy the machine was, which moves ratios, though both sides take turns."""
    loads = [speed.load for speed in latest.values() if speed.timings]
    waited = waiting(one for speed in latest.values() for one in speed.timings)
    return {"load": float(np.median(loads)), "wall / cpu": waited} if loads else {}


def note(speeds: Sequence[Speed], problems: Sequence[Speed]) -> str:
    """What was timed, why it has no score, and what else of the speed lane has failed."""
    packages = {speed.package: None for speed in speeds if speed.package}
    said = [f"the package {package}" for package in packages]
    said += [f"{speed.status}: {speed.reason}".strip(": ") for speed in problems]
    latest = {speed.lane: speed for speed in speeds if not counts(speed)}
    for lane, speed in latest.items():
        if speed.status != "ok":
            said.append(f"{lane}: {speed.status}")
        elif speed.left_out:
            said.append(f"{lane}: {len(speed.left_out)} left out")
    return "; ".join(said)


def until_reference(
    standing: Standing, found: Sequence[Timed], reference: Reference
) -> dict[str, Value]:
    """CPU time until the training loss that the reference ends with, over the reference's."""
    ratios = {
        one.budget: one.timing.ratio
        for one in sorted(found, key=lambda one: one.timing.batch)
        if one.scored and one.kind == PLAIN and one.timing.work == "forward + backward"
    }

    def taken(record: Record) -> Floats | None:
        return times(record, reference, ratios.get(record.budget))

    what = None if standing.missing else reached(standing.cells(taken))
    share = None if what is None else round(100 * what.share)
    return {"time": what and what.median, "reaches": share}


def times(record: Record, reference: Reference, ratio: float | None) -> Floats | None:
    """Evaluations that each member needs, over all, times what one costs, `(member,)`.

    Infinite where the loss is never reached. `None` where nothing can be said: the lane has no
    timing of the budget, the reference no such loss; several stages or minibatches, whose losses
    are of other data; derivatives in the loss, whose cost is not that of a gradient.
    """
    rung = reference.rung(record)
    apart = len(record.stages) > 1 or record.recipe.resample or record.metric == DERIVATIVES
    if ratio is None or rung is None or not rung.losses or apart:
        return None
    failed = failures(record)
    if not record.curves:
        return np.full(len(failed), np.inf)
    losses = np.where(np.isfinite(rung.losses), rung.losses, np.inf)
    first = first_below(record.curves[0], np.median(losses))
    return np.where(failed, np.inf, first / record.recipe.evaluations * ratio)


board = Board(
    name="speed",
    kinds=(Record, Speed),
    question="How much CPU time does one network take, beside an MLP with as many parameters?",
    about=(
        "Geometric mean of the ratios of CPU time at equal parameters, forward and forward + "
        "backward, eager, one plain network interleaved with the reference MLP; 1 is as fast as "
        "the MLP, 2 takes twice as long. Intervals of `kansci speed` are over processes, six by "
        "default; those of what a suite times in passing are of one, and do not hold what differs "
        "between processes, a per cent or two; ranks come from intervals that overlap. The score "
        "is of float32 on a CPU; the speed lane adds other work, dtypes, gears and devices in "
        "columns of their own. Models called -package are the networks of published packages, "
        "with whatever the package computes."
    ),
    score_label="CPU ratio",
    unit="times the CPU time of the reference MLP",
    metric="CPU time, median over processes",
    rows=rows,
    higher_is_better=False,
    columns={
        "forward": "ratio at equal parameters",
        "forward + backward": "ratio at equal parameters",
        "width: forward": "ratio at equal width",
        "width: forward + backward": "ratio at equal width",
        "cpu ms": "CPU milliseconds of forward + backward at equal parameters",
        "step": "ratio of a training step, with Adam, at equal parameters, large batches",
        "small step": "the same, batches of 32",
        "infer 1": "ratio of inference on one point, at equal parameters",
        "infer 256": "the same on 256",
        "infer 4096": "the same on 4096",
        "kept": "ratio of the bytes kept for the backward pass, at equal parameters",
        "784-256-10 step": "ratio of a training step at these widths, large batches",
        "784-256-10 small step": "the same, batches of 32",
        "784-256-10 infer": "ratio of inference at these widths, over its batches",
        "gpu": "the score by events of a GPU; all of it empty: there is no GPU Record",
        "gpu compiled": "the same, both networks compiled",
        "float64": "the score in float64",
        "compiled": "the score with both networks compiled",
        "float64 compiled": "both",
        "time": "median over regressions of the CPU time until the training loss that the "
        "reference ends with, over the reference's whole time: evaluations, times the ratio of "
        "forward + backward; none where less than half of the members, by weight, gets there",
        "reaches": "per cent of members, by weight, that reach that loss; by its definition about "
        "half of the reference's own",
        "load": "load average of the machine while timing, median over budgets; an idle one has "
        "at most 1",
        "wall / cpu": "wall-clock over CPU time, median over timings: well above 1 others used "
        "the core, and ratios differ from those of a quiet machine",
    },
)
