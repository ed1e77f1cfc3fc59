"""What a run learned and lost, stage by stage, from the decades of its Record.

Source: Chaudhry et al. 2018, "Riemannian Walk", arXiv:1801.10112, section 3.1, for forgetting as
the difference of a score.
We differ: the score is decades, and the difference is to just after the stage, not to the best.
"""

import numpy as np

from kansci.record import Record
from kansci.statistics.reaching import first_below
from kansci.statistics.standing import decades_of, failures
from kansci.statistics.stats import Floats

RENEWED = ("drift_function",)  # all its probes ask for the newest truth, which unsays the others


def learned(record: Record) -> Floats:
    """Decades on each stage's probe just after the stage, mean over stages, `(member,)`.

    Of a joint training, whose one stage holds all, on all probes.
    """
    just_after, _ = own(record)
    return just_after.mean(0)


def lost(record: Record) -> Floats:
    """Decades just after a stage minus decades at the end, mean over earlier stages, `(member,)`.

    A stage that comes again counts once, from its last visit; if that is the last of all, it is no
    earlier stage. Of a member that failed nothing is left of what the others learned: with 0, a
    model would forget less the more of its members fail. Where nothing is earlier: 0.
    """
    just_after, end = earlier(record)
    if not len(just_after):
        return np.zeros(end.shape[1])
    failed, gone = failures(record), (just_after - end).mean(0)
    return gone if failed.all() else np.where(failed, just_after[:, ~failed].mean(), gone)


def learned_before(record: Record) -> Floats:
    """Decades just after each of the stages of which `lost` is the loss, mean, `(member,)`.

    Of a member that failed what the others learned, as in `lost`: it has lost all of that, no more.
    """
    just_after, _ = earlier(record)
    if not len(just_after):
        return np.zeros(just_after.shape[1])
    failed, had = failures(record), just_after.mean(0)
    return had if failed.all() else np.where(failed, had[~failed].mean(), had)


def earlier(record: Record) -> tuple[Floats, Floats]:
    """Decades just after the last visit of each stage but the last, and in the end.

    `(earlier stage, member)` each.
    """
    just_after, end = own(record)
    probes = own_probes(record)
    kept = [i for i, probe in enumerate(probes[:-1]) if probe not in probes[i + 1 :]]
    if len(record.stages) < 2:
        kept = []
    return just_after[kept], end[kept]


def keeps_its_truth(record: Record) -> bool:
    """Whether what a stage taught is still true in the end, so that forgetting it is a loss."""
    return record.task.split("@")[0].split("[")[0] not in RENEWED


def own(record: Record) -> tuple[Floats, Floats]:
    """Decades on the probe of each stage, just after it and at the end, `(stage, member)` each.

    One stage has all probes for its own.
    """
    found, probes = decades_of(record), own_probes(record)
    if len(record.stages) < 2:
        return found[-1], found[-1]
    return found[np.arange(len(probes)), probes], found[-1, probes]


def relearned(record: Record) -> Floats:
    """Evaluations until a stage that comes again is as good as it was, `(revisit, member)`.

    As good is a training loss of at most four times that at the end of the visit before: twice the
    error. It is read off the curves, see `first_below`; infinite where none is as good.

    Source: savings, after Ebbinghaus 1885, "Memory", chapter 3.
    """
    rows, ends = [], dict[str, Floats]()
    for curve in record.curves:
        losses = np.array(curve.losses, dtype=float)  # (evaluation, member)
        if curve.stage in ends:
            rows.append(first_below(curve, 4 * ends[curve.stage]))
        ends[curve.stage] = losses[-1]
    return np.array(rows)


def own_probes(record: Record) -> list[int]:
    """The probe of each stage: that of its name; where names differ, that of its number."""
    named = [record.probes.index(name) for name in record.stages if name in record.probes]
    if len(named) == len(record.stages):
        return named
    return [min(stage, len(record.probes) - 1) for stage in range(len(record.stages))]
