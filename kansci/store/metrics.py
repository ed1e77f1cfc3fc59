"""The numbers and histories of a Record that MLflow shows: a fixed list, a few for each Record.

Decades are those of the boards, to the last digit. What a failed training would have as an error
is left out, never written as NaN or infinity.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeVar

import numpy as np

from kansci.ledger import AnyRecord
from kansci.reading import Reading
from kansci.record import FAILED, Record, Speed, Timing
from kansci.statistics.forgetting import learned, lost, own, own_probes
from kansci.statistics.standing import decades_of, failures, final

POINTS = 100  # of one history
LOSSES = 30  # of each history of losses: what a run costs to log grows with its points
RATIOS = 30  # timings of one Record that become metrics

T = TypeVar("T")
History = list[tuple[int, float]]  # step, value


def metrics(record: AnyRecord) -> dict[str, History]:
    """Finite values only; a plain number is a history of one point."""
    if isinstance(record, Speed):
        found = _plain(_ratios(record))
    elif isinstance(record, Reading):
        found = _plain(_formulas(record))
    else:
        found = {**_plain(numbers(record)), **_stages(record), **_losses(record)}
    finite = {
        key: [(step, float(value)) for step, value in thin(history) if math.isfinite(value)]
        for key, history in found.items()
    }
    return {key: history for key, history in finite.items() if history}


def numbers(record: Record) -> dict[str, float]:
    """What is left in the end; errors and decades only where a member is left to have some."""
    found: dict[str, float] = {}
    if _judged(record):
        score = final(record)  # (member,)
        error = _median_error(record, -1)
        ok = ~failures(record)
        found |= {f"beside/{name}": _median(row, ok) for name, row in record.beside.items()}
        found |= {
            "decades": score.mean(),
            "decades_median": float(np.median(score)),
            "error_median": error,
            "log10_error": math.log10(max(error, 1e-300)),
        }
        if len(record.stages) > 1:
            found |= {
                "learned": learned(record).mean(),
                "lost": lost(record).mean(),
                "final": score.mean(),
            }
    return found | {
        "failed": record.failed,
        "parameters": math.nan if record.parameters is None else record.parameters,
        "seconds": record.seconds,
        "memory": record.memory or math.nan,  # 0: nobody measured it
    }


def _stages(record: Record) -> dict[str, History]:
    """How scores move as the stages go by; the step is the index of the stage."""
    if not _judged(record) or len(record.stages) == 1:
        return {}
    score = decades_of(record)  # (stage, probe, member)
    after, _ = own(record)
    found = {
        "stage_decades": score.mean((1, 2)),
        "stage_own_decades": after.mean(1),
        "stage_first_decades": score[:, own_probes(record)[0]].mean(1),
        "stage_error": [_median_error(record, stage) for stage in range(len(score))],
    }
    return {key: list(enumerate(values)) for key, values in found.items()}


def _losses(record: Record) -> dict[str, History]:
    """Training losses over members; the steps go on from stage to stage."""
    found: dict[str, History] = {"loss_median": [], "loss_best": [], "loss_worst": []}
    start = 0
    for curve in record.curves:
        rows = list(zip(curve.evaluations, curve.losses, strict=True))
        for evaluation, losses in thin(rows, max(1, LOSSES // len(record.curves))):
            values = np.where(np.isfinite(losses), losses, np.inf)  # (member,)
            if values.size:
                found["loss_median"].append((start + evaluation, float(np.median(values))))
                found["loss_best"].append((start + evaluation, values.min()))
                found["loss_worst"].append((start + evaluation, values.max()))
        start += curve.evaluations[-1] if curve.evaluations else 0
    return found


def _ratios(record: Speed) -> dict[str, float]:
    """Ratios to the reference; `step_ratio` and `infer_ratio` are their geometric means."""
    found: dict[str, float] = {
        "load": record.load,
        "parameters": math.nan if record.parameters is None else record.parameters,
    }
    for key, work in (("step_ratio", "forward + backward"), ("infer_ratio", "forward")):
        # A Record has one dtype and gear: nothing is mixed here.
        ratios = [time.ratio for time in record.timings if time.work == work and time.ratio > 0]
        if ratios:
            found[key] = math.exp(math.fsum(map(math.log, ratios)) / len(ratios))
    return found | {_timing(time, record): time.ratio for time in record.timings[:RATIOS]}


def _formulas(record: Reading) -> dict[str, float]:
    """Means over seeds; a seed without a formula has recovered nothing."""
    if not record.formulas:
        return {"seconds": record.seconds}
    each = record.formulas
    return {
        "recovered": float(np.mean([one.exact for one in each])),
        "accurate": float(np.mean([one.accurate for one in each])),
        "distance": float(np.mean([one.distance for one in each])),
        "failed": sum(one.status in FAILED for one in each),
        "seconds": record.seconds,
    }


WORKS = {
    "forward": "infer",
    "forward + backward": "step",
    "training step": "train",
    "inference": "inference",
}


def _timing(time: Timing, record: Speed) -> str:
    """`ratio/width_step_256`; MLflow groups metrics by what precedes the slash.

    Dtype and gear are tags of the run, and in the name only where a timing has others.
    """
    parts = [time.shape.removeprefix("equal "), WORKS[time.work], str(time.batch)]
    if (time.dtype, time.gear) != (record.dtype, record.gear):
        parts += [time.dtype, time.gear]
    return f"ratio/{'_'.join(parts)}"


def _judged(record: Record) -> bool:
    return record.status == "ok" and bool(record.errors) and not failures(record).all()


def _median_error(record: Record, stage: int) -> float:
    """Over members, of the mean over probes; infinite if most members failed."""
    each = np.array(record.errors[stage], dtype=float).mean(0)  # (member,)
    return float(np.median(np.where(failures(record) | ~np.isfinite(each), np.inf, each)))


def _median(values: Sequence[float], ok: np.ndarray) -> float:
    """Over the members that did not fail."""
    return float(np.median(np.array(values)[ok]))


def thin(history: Sequence[T], keep: int = POINTS) -> Sequence[T]:
    """Evenly by number, the last among them: points that are log-spaced stay so."""
    if len(history) <= keep:
        return history
    chosen = np.linspace(len(history) - 1, 0, keep).round().astype(int)
    return [history[row] for row in chosen[::-1]]


def _plain(numbers: dict[str, float]) -> dict[str, History]:
    return {key: [(0, value)] for key, value in numbers.items()}
