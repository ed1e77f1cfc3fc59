r"""The field's measures of continual learning, from a matrix of scores.

The matrix $s_{ij}$ is the score in [0, 1] on the probe of stage $j$ after stage $i$: accuracy, or
for a regression $\min(\max(1 - \mathrm{MSE}_{ij}/\mathrm{Var}_j, 0), 1)$ with the variance of the
probe's truth about its own mean. Unclipped, a network that extrapolates badly would decide every
mean alone. Below, $T$ is the number of stages and all functions take `(stage, stage, *)` to `(*)`.

Forgetting is worth little beside no learning: show `learning` and the score of the joint training
with it.

Source: Lopez-Paz and Ranzato 2017, "Gradient episodic memory", arXiv:1706.08840, section 2, for
ACC, BWT and FWT; Chaudhry et al. 2018, "Riemannian walk", arXiv:1801.10112, section 3.1, for
forgetting and intransigence; Rebuffi et al. 2017, "iCaRL", arXiv:1611.07725, section 4, for the
average incremental accuracy.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kansci.errors import UserError
from kansci.record import Record
from kansci.statistics.forgetting import own_probes
from kansci.statistics.standing import failures
from kansci.statistics.stats import Floats


def has_scores(record: Record) -> bool:
    """Whether the Record says what scores are made of."""
    known = [record.points, record.spreads] if record.metric == "nrmse" else [record.points]
    return record.metric != "relative_l2" and all(len(one) == len(record.probes) for one in known)


def scores(record: Record) -> Floats:
    """The matrix of a Record, `(stage, stage, member)`; 0 for members that failed.

    A stage that comes again has its probe in several columns. Of a joint training, which has one
    stage, it is `(1, probe, member)`.
    """
    every = _scores(record, record.errors)
    return every if len(record.stages) == 1 else every[:, own_probes(record)]


def joint_scores(joint: Record, staged: Record) -> Floats:
    """Scores of a joint training on the probe of each stage of another, `(stage, member)`."""
    return scores(joint)[0, own_probes(staged)]


def first_visits(record: Record) -> list[int]:
    """The stages whose probe no stage before has taught."""
    probes = own_probes(record)
    return [stage for stage, probe in enumerate(probes) if probe not in probes[:stage]]


def untrained(record: Record) -> Floats:
    """Scores before the first stage, `(stage, member)`, on the probe of each."""
    return _scores(record, [record.untrained])[0, own_probes(record)]


def _scores(record: Record, errors: object) -> Floats:
    """Errors `(stage, probe, member)` as scores, `(stage, probe, member)`."""
    if not has_scores(record):
        raise UserError(
            f"scores want an error rate or an NRMSE, and the spread of every probe, got "
            f"{record.metric} of {record.task} without: run it again, or choose another task"
        )
    found = np.asarray(errors, dtype=float)
    if record.metric == "error_rate":
        points = np.array(record.points)[:, None]
        score = 1 - (found * (points + 1) - 0.5) / points  # the half that `measure` adds
    else:
        score = 1 - (found * record.scale / np.array(record.spreads)[:, None]) ** 2
    return np.where(failures(record), 0.0, np.clip(np.nan_to_num(score, nan=0.0), 0, 1))


def average(matrix: Floats) -> Floats:
    r"""ACC, $\frac1T \sum_j s_{Tj}$: what is known at the end."""
    return matrix[-1].mean(0)


def learning(matrix: Floats) -> Floats:
    r"""LA, $\frac1T \sum_j s_{jj}$: what was known of each stage just after it."""
    return _diagonal(matrix).mean(0)


def forgetting(matrix: Floats) -> Floats:
    r"""$\frac{1}{T-1} \sum_{j<T} (\max_{l<T} s_{lj} - s_{Tj})$, from the best there was."""
    return (matrix[:-1].max(0) - matrix[-1])[:-1].mean(0)


def backward_transfer(matrix: Floats) -> Floats:
    r"""BWT, $\frac{1}{T-1} \sum_{j<T} (s_{Tj} - s_{jj})$: negative where stages are forgotten."""
    return (matrix[-1] - _diagonal(matrix))[:-1].mean(0)


def forward_transfer(matrix: Floats, untrained: Floats, new: Sequence[int] | None = None) -> Floats:
    r"""FWT, $\frac{1}{T-1} \sum_{j \ge 2} (s_{j-1,j} - b_j)$.

    Args:
        untrained: $b_j$, scores before any training, `(stage, *)`.
        new: which stages come for the first time; by default all. Their papers have no others.
    """
    stages = np.arange(1, len(matrix)) if new is None else np.array([i for i in new if i])
    return (matrix[stages - 1, stages] - untrained[stages]).mean(0)


def intransigence(matrix: Floats, joint: Floats) -> Floats:
    r"""$\frac1T \sum_j (s^*_j - s_{jj})$: what the order of stages kept from being learned.

    Args:
        joint: $s^*_j$, scores of the same model trained on all stages at once, `(stage, *)`.
    """
    return (joint - _diagonal(matrix)).mean(0)


def anytime(matrix: Floats) -> Floats:
    r"""Average incremental score, $\frac1T \sum_i \frac1i \sum_{j \le i} s_{ij}$.

    It is the area under the curve of what is known so far.
    """
    return np.mean([row[: stage + 1].mean(0) for stage, row in enumerate(matrix)], axis=0)


def _diagonal(matrix: Floats) -> Floats:
    stages = np.arange(len(matrix))
    return matrix[stages, stages]
