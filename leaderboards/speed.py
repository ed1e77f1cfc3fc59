"""How much CPU time does one network take, beside an MLP with as many parameters?

One plain network alone, timed in turns with the reference in one process.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from kansci.board import AnyRecord, Board, Row, Value, is_control
from kansci.record import FAILED, Speed, Timing
from kansci.standing import UNSCORED

EQUAL = "equal parameters"
SCORED = ("forward", "forward + backward")


class Kind(NamedTuple):
    """What is never mixed in one number."""

    gpu: bool
    dtype: str
    gear: str


class Timed(NamedTuple):
    """A timing, where it was taken; without widths at equal parameters or at a suite's width."""

    budget: int
    widths: tuple[int, ...]
    kind: Kind
    timing: Timing


PLAIN = Kind(gpu=False, dtype="float32", gear="eager")
Places = dict[Kind, set[tuple[int, str]]]


def rows(records: Sequence[AnyRecord], reference: object) -> list[Row]:
    speeds = [record for record in records if isinstance(record, Speed)]
    speeds.sort(key=lambda speed: (speed.environment.started, speed.key))
    expected: Places = {}
    for one in scored(timed(speeds)):
        expected.setdefault(one.kind, set()).add(place(one))
    laned = any(speed.lane for speed in speeds)
    found = []
    for model in sorted({record.model for record in records}):
        own = [speed for speed in speeds if speed.model == model]
        found.append(row(model, own, expected, laned=laned))
    return placed(found)


def row(model: str, speeds: Sequence[Speed], expected: Places, *, laned: bool) -> Row:
    latest = {speed.budget: speed for speed in speeds if counts(speed)}
    problems = [speed for speed in latest.values() if speed.status != "ok"]
    budgets = {speed.budget for speed in latest.values() if speed.status == "ok"}
    every = timed(speeds)
    plain = [one for one in scored(every) if one.kind == PLAIN and one.budget in budgets]
    done = {place(one) for one in plain}
    wanted = expected.get(PLAIN, set())
    lacking = sum(one not in done for one in wanted if one[0] in budgets)
    untimed = {budget for budget, _ in wanted} - set(latest)
    failed = sum(speed.status in FAILED for speed in problems)
    missing = lacking + len(untimed) if latest else 1
    blank = Row(
        model=model,
        tasks=len(done),
        failed=failed,
        missing=missing,
        not_applicable=sum(speed.status == "not_applicable" for speed in problems),
        does_not_fit=sum(speed.status == "does_not_fit" for speed in problems),
        control=is_control(model),
        columns=columns(every) | (further(every, expected) if laned else {}),
        note=note(speeds, problems),
    )
    if missing or failed or not done:
        return blank
    score, low, high = geometric_mean([one.timing for one in plain])
    return blank.model_copy(update={"score": score, "low": low, "high": high})


def kind_of(speed: Speed, dtype: str, gear: str) -> Kind:
    return Kind(speed.environment.device != "cpu", dtype, gear)


def counts(speed: Speed) -> bool:
    """Whether the score rests on it: eager, float32, on a CPU, within a budget."""
    return not speed.widths and kind_of(speed, speed.dtype, speed.gear) == PLAIN


def timed(speeds: Sequence[Speed]) -> list[Timed]:
    """The newest timing of each piece of work, of all models at hand."""
    found: dict[object, Timed] = {}
    for speed in speeds:
        if speed.status in FAILED or speed.status in UNSCORED:
            continue
        for timing in speed.timings:
            kind = kind_of(speed, timing.dtype, timing.gear)
            one = Timed(speed.budget, speed.widths, kind, timing)
            found[speed.model, one[:3], timing.shape, timing.work, timing.batch] = one
    return list(found.values())


def scored(found: Sequence[Timed]) -> list[Timed]:
    """Timings that make a score: forward, with and without backward, at equal parameters."""
    return [one for one in found if one.timing.shape == EQUAL and one.timing.work in SCORED]


def place(one: Timed) -> tuple[int, str]:
    return one.budget, f"{one.timing.work}, batch {one.timing.batch}"


def note(speeds: Sequence[Speed], problems: Sequence[Speed]) -> str:
    """Why the model has no score, and what else of the speed lane has failed."""
    said = [f"{speed.status}: {speed.reason}".strip(": ") for speed in problems]
    latest = {speed.lane: speed for speed in speeds if not counts(speed)}
    for lane, speed in latest.items():
        if speed.status != "ok":
            said.append(f"{lane}: {speed.status}")
        elif speed.left_out:
            said.append(f"{lane}: {len(speed.left_out)} left out")
    return "; ".join(said)


def geometric_mean(timings: Sequence[Timing]) -> tuple[float, float, float]:
    """Ratio, low and high; half-widths of independent timings add in squares, on the log scale."""
    logs = np.log([[one.ratio, one.low, one.high] for one in timings])  # (timing, 3)
    middle = logs[:, 0].mean()
    down, up = np.sqrt(np.square(logs[:, 1:] - logs[:, :1]).sum(0)) / len(logs)
    return math.exp(middle), math.exp(middle - down), math.exp(middle + up)


def columns(found: Sequence[Timed]) -> dict[str, Value]:
    """The ratio of each shape and work, geometric mean over batches; CPU ms of a training step."""
    plain = [one for one in found if one.kind == PLAIN and not one.widths]
    groups: dict[str, list[float]] = {}
    for one in plain:
        if one.timing.work in SCORED:
            shape = "" if one.timing.shape == EQUAL else "width: "
            groups.setdefault(f"{shape}{one.timing.work}", []).append(one.timing.ratio)
    order = sorted(groups, key=lambda name: ("width" in name, name))
    both = [one.timing for one in scored(plain) if one.timing.work == "forward + backward"]
    return {name: mean(groups[name]) for name in order} | {
        "cpu ms": mean([timing.cpu_ms for timing in both])
    }


def further(found: Sequence[Timed], expected: Places) -> dict[str, Value]:
    """What the speed lane adds: other work, other kinds, given widths, memory."""
    plain = [one for one in found if one.kind == PLAIN]
    groups: dict[str, list[float]] = {}
    for one in plain:
        timing = one.timing
        where = f"{'-'.join(map(str, one.widths))} " if one.widths else ""
        batch = "" if one.widths else f" {timing.batch}"
        if timing.work == "training step":
            groups.setdefault(f"{where}step", []).append(timing.ratio)
        if timing.work == "inference":
            groups.setdefault(f"{where}infer{batch}", []).append(timing.ratio)
        if one in scored([one]) and timing.kept and timing.reference_kept:
            groups.setdefault("kept", []).append(timing.kept / timing.reference_kept)
    order = sorted(groups, key=lambda name: (name[:1].isdigit(), len(name), name))
    kinds = {called(kind): other(found, kind, expected[kind]) for kind in sorted(expected)}
    kinds.pop(called(PLAIN), None)
    return {name: mean(groups[name]) for name in order} | {"gpu": None} | kinds


def called(kind: Kind) -> str:
    """`compiled`, `float64`, `gpu`, `gpu compiled`; empty for what makes the score."""
    words = ["gpu"] * kind.gpu + [kind.dtype] * (kind.dtype != PLAIN.dtype)
    return " ".join(words + [kind.gear] * (kind.gear != PLAIN.gear))


def other(found: Sequence[Timed], kind: Kind, wanted: set[tuple[int, str]]) -> float | None:
    """The score of another kind; none where a timing is missing, as it would be of other work."""
    own = [one for one in scored(found) if one.kind == kind and not one.widths]
    if {place(one) for one in own} != wanted:
        return None
    return mean([one.timing.ratio for one in own])


def mean(values: Sequence[float]) -> float | None:
    """Geometric; none of nothing."""
    return math.exp(np.log(values).mean()) if values else None


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
        "timing, ranks from intervals that overlap. The score is of float32 on a CPU; the speed "
        "lane adds other work, dtypes, gears and devices in columns of their own."
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
        "step": "ratio of a training step, with Adam, at equal parameters",
        "infer 1": "ratio of inference on one point, at equal parameters",
        "infer 256": "the same on 256",
        "infer 4096": "the same on 4096",
        "kept": "ratio of the bytes kept for the backward pass, at equal parameters",
        "784-256-10 step": "ratio of a training step at these widths",
        "784-256-10 infer": "ratio of inference at these widths, over its batches",
        "gpu": "the score by events of a GPU; none where the column is empty was timed on one",
        "gpu compiled": "the same, both networks compiled",
        "float64": "the score in float64",
        "compiled": "the score with both networks compiled",
        "float64 compiled": "both",
    },
)
