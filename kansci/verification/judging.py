"""From submitted Records and what was found to a verdict: pure, nothing is trained or run."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean

import numpy as np
import torch

from kansci.environment import environment
from kansci.errors import UserError
from kansci.record import PROTOCOL, Record, Trial, record_key
from kansci.statistics.forgetting import lost
from kansci.statistics.standing import final
from kansci.submission.facts import laden, misstated
from kansci.verification.audit import Plan
from kansci.verification.reasons import (
    differs,
    exposed,
    fails,
    memorised,
    missing,
    of_networks,
    rates,
    remembers,
    separates,
)
from kansci.verification.results import Apart, Reload
from kansci.verification.rule import gap, ruling
from kansci.verification.scan import scan
from kansci.verification.subject import Subject
from kansci.verification.trainings import audited_of
from kansci.verification.variants import PREFIX
from kansci.verification.verdict import (
    Compared,
    Reason,
    Retuned,
    Varied,
    Verification,
    cell,
    fates,
)

MOST = 1e300  # of an error whose logarithm is taken
Groups = Mapping[str, Sequence[Record]]


def judge(plan: Plan, subject: Subject, groups: Groups, apart: Apart) -> Verification:
    """The verdict.

    Args:
        groups: Records by group, as `Results` has them.

    Raises:
        UserError: if the plan is of another bundle, or what it names has not been trained.
    """
    audited = audited_of(plan, subject)
    if apart.plan != plan.digest:
        raise UserError(f"{subject.name}: want results of this plan, got those of another; run it")
    if apart.incomplete:  # nothing was trained, nothing is compared
        audited = []
    compared = [_compared(one, plan, groups["secret"]) for one in audited]
    fewest = min((len(one.recipe.evaluation_seeds) for one in audited), default=1)
    rule = ruling(one.submitted - one.secret for one in compared)
    chosen = [one for one in audited if one.key in plan.retuned]
    retuned = [_retuned(one, groups["retuned"]) for one in chosen]
    varied = list(_varied(audited, plan, groups))
    excess = fmean(one.lost - fmean(one.yardsticks.values()) for one in varied) if varied else None
    reasons = (
        *(exposed(apart) if subject.file else ()),
        *missing(apart),
        *_sources(audited, groups["secret"]),
        *differs(rule, len(compared)),
        *separates(compared, (fewest, len(plan.seeds))),
        *fails(compared),
        *remembers(compared),
        *rates(retuned),
        *memorised(excess, varied),
        *(reason for one in apart.reloads for reason in of_networks(one)),
    )
    source = subject.file.read_bytes() if subject.file else b""
    return Verification(
        kansci_protocol=PROTOCOL,
        name=subject.name,
        bundle=subject.bundle,
        suite=plan.suite,
        status="flagged" if reasons else "verified",
        reasons=reasons,
        secret=plan.secret,
        seeds=plan.seeds,
        mean=rule.mean,
        p=rule.p,
        compared=tuple(compared),
        retuned=tuple(retuned),
        excess=excess,
        varied=tuple(varied),
        reloads=apart.reloads,
        warnings=(*map(str, scan(source)), *_held(apart.reloads)),
        isolation=apart.isolation,
        speed=apart.speed,
        environment=environment(torch.device("cpu")),
    )


def _found(wanted: Record, name: str, records: Sequence[Record], model: str) -> Record:
    """The Record of a task at the budget of another.

    Raises:
        UserError: if there is none.
    """
    for one in records:
        if (one.name, one.budget, one.model) == (name, wanted.budget, model):
            return one
    raise UserError(
        f"want what {model} learns on {name} at {wanted.budget}, got none; run the plan"
    )


def _compared(record: Record, plan: Plan, secret: Sequence[Record]) -> Compared:
    again = _found(record, record.name, secret, record.model)
    if again.recipe.evaluation_seeds != plan.seeds:
        raise UserError(f"{cell(record)}: want the seeds of the plan, got others; run it again")
    return Compared(
        task=record.name,
        budget=record.budget,
        submitted=float(final(record).mean()),
        secret=float(final(again).mean()),
        status=again.status,
        kept=_kept(record, again),
        before=_before(record, again),
        gap=gap(final(record).tolist(), final(again).tolist()),
        fates=fates(record),
        again=fates(again),
    )


def _kept(record: Record, again: Record) -> float | None:
    if len(record.stages) < 2 or not (record.errors and again.errors):
        return None
    return float(lost(again).mean() - lost(record).mean())


def _before(record: Record, again: Record) -> float | None:
    """Between means of log10 of errors, whatever was clipped: untrained networks are alike.

    What is no number counts as the largest, and none at all as infinitely far.
    """
    if not again.untrained or not record.errors:
        return None
    if not record.untrained:
        return math.inf
    known = (np.nan_to_num(np.asarray(one.untrained, float), nan=MOST) for one in (again, record))
    means = (np.log10(np.clip(errors, 1 / MOST, MOST)).mean() for errors in known)
    return float(abs(np.subtract(*means)))


def _sources(audited: Sequence[Record], secret: Sequence[Record]) -> Iterator[Reason]:
    """Records that the source does not make: of other code, another task, or with another key."""
    for record in audited:
        again = _found(record, record.name, secret, record.model)
        for name, said in (("model_source", "source"), ("task_content", "task")):
            if getattr(record, name) != getattr(again, name):
                other = f"{cell(record)}: the Record is of another {said} than there is now"
                yield Reason(check="Records", said=other)
        for name in ("parameters", "adapted"):
            says, has = getattr(record, name), getattr(again, name)
            if again.errors and record.errors and (says or 0) < (has or 0):
                counted = f"{cell(record)}: the Record says {says} {name}, networks have {has}"
                yield Reason(check="numbers", said=counted)
        if reason := misstated(record, again):
            yield Reason(check="Records", said=f"{cell(record)}: {reason}")
        if record.key != _key(record):
            said = f"{cell(record)}: the Record's key is not that of its contents"
            yield Reason(check="Records", said=said)


def _key(record: Record) -> str:
    return record_key(
        task_content=record.task_content,
        model=record.model,
        model_source=record.model_source,
        budget=record.budget,
        recipe=record.recipe,
    )


def _retuned(record: Record, again: Sequence[Record]) -> Retuned:
    found = _found(record, record.name, again, record.model)
    rate = record.rate
    assert rate is not None  # none else is retuned
    return Retuned(
        task=record.name,
        budget=record.budget,
        submitted=rate,
        again=found.rate,
        away=_away(found.tuning, rate, of_decades=found.tuned_by.startswith("decades")),
    )


def _away(trials: Sequence[Trial], rate: float, *, of_decades: bool) -> float:
    """By how many decades the tuning of a rate ends worse than the best; 6 if it was not tried.

    Scores are decades, negative, or losses, which are squares of errors.
    """
    rates = {trial.rate for trial in trials}
    means = {one: fmean(t.score for t in trials if t.rate == one) for one in rates}
    if rate not in means:
        return 6.0
    best, own = min(means.values()), means[rate]
    if own == best:
        return 0.0
    away = own - best if of_decades else 0.5 * math.log10(max(own, 1e-300) / max(best, 1e-300))
    return min(away, 6.0) if math.isfinite(away) else 6.0


def _held(reloads: Sequence[Reload]) -> Iterator[str]:
    """What a reviewer should ask of reloaded networks that hold far more than they count."""
    for one in reloads:
        if said := laden(one.held, one.parameters + one.adapted):
            yield f"{one.task} at {one.budget}: {said}"


def _varied(audited: Sequence[Record], plan: Plan, groups: Groups) -> Iterator[Varied]:
    again, yardsticks = groups["secret"], groups["yardsticks"]
    for record in (one for one in audited if one.name in plan.varied):
        yield Varied(
            task=record.name,
            budget=record.budget,
            lost=_lost(record, record.model, again, groups["variants"]),
            yardsticks={
                name: _lost(record, name, yardsticks, yardsticks) for name in plan.yardsticks
            },
        )


def _lost(record: Record, model: str, public: Sequence[Record], varied: Sequence[Record]) -> float:
    """Decades that a model loses on the variant of a Record's task."""
    there = _found(record, record.name, public, model)
    here = _found(record, f"{PREFIX}{record.name}", varied, model)
    return float(final(there).mean() - final(here).mean())
