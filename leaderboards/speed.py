"""How much CPU time does one network take, beside an MLP with as many parameters?

One plain network alone, timed in turns with the reference in one process.
"""

import math
from collections.abc import Sequence

import numpy as np

from kansci.board import AnyRecord, Board, Row, Value, is_control
from kansci.record import FAILED, Speed, Timing
from kansci.standing import UNSCORED

EQUAL = "equal parameters"


def rows(records: Sequence[AnyRecord], reference: object) -> list[Row]:
    speeds = newest(records)
    expected = {
        (budget, label(timing)) for (_, budget), speed in speeds.items() for timing in scored(speed)
    }
    found = []
    for model in sorted({record.model for record in records}):
        own = [speed for (name, _), speed in sorted(speeds.items()) if name == model]
        found.append(row(model, own, expected))
    return placed(found)


def newest(records: Sequence[AnyRecord]) -> dict[tuple[str, int], Speed]:
    """One Speed for each model and budget."""
    speeds = [record for record in records if isinstance(record, Speed)]
    speeds.sort(key=lambda speed: (speed.environment.started, speed.key))
    return {(speed.model, speed.budget): speed for speed in speeds}


def row(model: str, speeds: Sequence[Speed], expected: set[tuple[int, str]]) -> Row:
    problems = [speed for speed in speeds if speed.status != "ok"]
    budgets = {speed.budget for speed in speeds if speed.status == "ok"}
    done = {(speed.budget, label(timing)) for speed in speeds for timing in scored(speed)}
    lacking = sum(place not in done for place in expected if place[0] in budgets)
    untimed = {budget for budget, _ in expected} - {speed.budget for speed in speeds}
    failed = sum(speed.status in FAILED for speed in speeds)
    missing = lacking + len(untimed) if speeds else 1
    blank = Row(
        model=model,
        tasks=len(done),
        failed=failed,
        missing=missing,
        not_applicable=sum(speed.status == "not_applicable" for speed in problems),
        does_not_fit=sum(speed.status == "does_not_fit" for speed in problems),
        control=is_control(model),
        columns=columns(speeds),
        note="; ".join(f"{speed.status}: {speed.reason}".strip(": ") for speed in problems),
    )
    if missing or failed or not done:
        return blank
    timings = [timing for speed in speeds for timing in scored(speed)]
    score, low, high = geometric_mean(timings)
    return blank.model_copy(update={"score": score, "low": low, "high": high})


def scored(speed: Speed) -> list[Timing]:
    """The timings that make the score: eager, at equal parameters."""
    if speed.status in FAILED or speed.status in UNSCORED:
        return []
    return [one for one in speed.timings if one.shape == EQUAL and one.gear == "eager"]


def geometric_mean(timings: Sequence[Timing]) -> tuple[float, float, float]:
    """Ratio, low and high; half-widths of independent timings add in squares, on the log scale."""
    logs = np.log([[one.ratio, one.low, one.high] for one in timings])  # (timing, 3)
    middle = logs[:, 0].mean()
    down, up = np.sqrt(np.square(logs[:, 1:] - logs[:, :1]).sum(0)) / len(logs)
    return math.exp(middle), math.exp(middle - down), math.exp(middle + up)


def columns(speeds: Sequence[Speed]) -> dict[str, Value]:
    """The ratio of each shape and work, geometric mean over batches; CPU ms of a training step."""
    groups: dict[str, list[float]] = {}
    steps = []
    for speed in speeds:
        for one in speed.timings if speed.status == "ok" else ():
            shape = "" if one.shape == EQUAL else "width: "
            gear = "" if one.gear == "eager" else f", {one.gear}"
            groups.setdefault(f"{shape}{one.work}{gear}", []).append(math.log(one.ratio))
        steps += [one.cpu_ms for one in scored(speed) if one.work != "forward"]
    order = sorted(groups, key=lambda name: ("width" in name, "compiled" in name, name))
    found: dict[str, Value] = {name: math.exp(np.mean(groups[name])) for name in order}
    return found | {"cpu ms": math.exp(np.log(steps).mean()) if steps else None}


def label(timing: Timing) -> str:
    return f"{timing.work}, batch {timing.batch}, {timing.dtype}"


def placed(found: Sequence[Row]) -> list[Row]:
    """Ranks by score; a range holds every model whose interval overlaps one's own."""
    timed = [one for one in found if one.score is not None]
    rest = [one for one in found if one.score is None]
    if not timed:
        return rest
    numbers = [(one.score, one.low, one.high) for one in timed]
    score, low, high = np.array(numbers, dtype=float).T  # (model,)
    ranked = []
    for i, one in enumerate(timed):
        ranks = {
            "rank": 1 + int((score < score[i]).sum()),
            "rank_low": 1 + int((high < low[i]).sum()),
            "rank_high": len(timed) - int((low > high[i]).sum()),
        }
        ranked.append(one.model_copy(update=ranks))
    return ranked + rest


board = Board(
    name="speed",
    question="How much CPU time does one network take, beside an MLP with as many parameters?",
    about=(
        "Geometric mean of the ratios of CPU time at equal parameters, forward and forward + "
        "backward, eager, one plain network interleaved with the reference MLP in one process; "
        "1 is as fast as the MLP, 2 takes twice as long. Intervals come from the blocks of "
        "timing, ranks from intervals that overlap."
    ),
    score_label="CPU ratio",
    unit="times the CPU time of the reference MLP",
    metric="CPU time, median over blocks",
    rows=rows,
    higher_is_better=False,
    columns={
        "forward": "ratio at equal parameters",
        "forward + backward": "ratio at equal parameters",
        "width: forward": "ratio at equal width",
        "width: forward + backward": "ratio at equal width",
        "cpu ms": "CPU milliseconds of forward + backward at equal parameters",
    },
)
