"""From submitted Records and what was found to a verdict: pure, nothing is trained or run."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean, median

import torch

from kansci.environment import environment
from kansci.errors import UserError
from kansci.record import PROTOCOL, Record, Trial, record_key
from kansci.standing import final
from kansci.submission.facts import misstated
from kansci.verification.audit import Plan
from kansci.verification.results import Apart, Reload
from kansci.verification.rule import LEAST, LEVEL, Ruling, ruling
from kansci.verification.scan import scan
from kansci.verification.subject import Subject
from kansci.verification.trainings import audited_of
from kansci.verification.variants import PREFIX
from kansci.verification.verdict import Compared, Reason, Retuned, Varied, Verification, cell

RATE = 0.1  # decades by which the tuning of a rate may end worse: as far as rounding moves it
LOST = 1.0  # decades that may be lost on variants beyond what yardsticks lose
Groups = Mapping[str, Sequence[Record]]


def judge(plan: Plan, subject: Subject, groups: Groups, apart: Apart) -> Verification:
    """The verdict.

    Args:
        groups: Records by group, as `Results` has them.

    Raises:
        UserError: if what the plan names has not been trained.
    """
    if apart.plan != plan.digest:
        raise UserError(f"{subject.name}: want results of this plan, got those of another; run it")
    audited = audited_of(plan, subject)
    compared = [_compared(one, plan, groups["secret"]) for one in audited]
    rule = ruling(one.submitted - one.secret for one in compared)
    chosen = [one for one in audited if one.key in plan.retuned]
    retuned = [_retuned(one, groups["retuned"]) for one in chosen]
    varied = list(_varied(audited, plan, groups))
    excess = fmean(one.lost - fmean(one.yardsticks.values()) for one in varied) if varied else None
    reasons = (
        *_missing(apart),
        *_sources(audited, groups["secret"]),
        *_differs(rule, plan),
        *_rates(retuned),
        *_memorised(excess, varied),
        *(reason for one in apart.reloads for reason in _reload(one)),
    )
    source = subject.file.read_text(encoding="utf-8") if subject.file else ""
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
        warnings=tuple(map(str, scan(source))),
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
    )


def _missing(apart: Apart) -> Iterator[Reason]:
    if apart.incomplete:
        yield Reason(check="Records", said=apart.incomplete)
    if not apart.reloads:
        said = "no network could be reloaded: no weights are there"
        yield Reason(check="networks", said=said)


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


def _differs(rule: Ruling, plan: Plan) -> Iterator[Reason]:
    if rule.flagged:
        said = (
            f"from secret seeds errors end {rule.mean:.2f} decades higher on {len(plan.audited)} "
            f"cells, p = {rule.p:.2g}; want p of at least {LEVEL:g}, or at most {LEAST:g} decades"
        )
        yield Reason(check="secret seeds", said=said)


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


def _rates(retuned: Sequence[Retuned]) -> Iterator[Reason]:
    """The median, as one chaotic training proves nothing."""
    if retuned and (away := median(one.away for one in retuned)) > RATE:
        said = (
            f"tuned again on the public seeds, submitted rates end {away:.2f} decades worse than "
            f"the best, want at most {RATE:g}: were they chosen by the tuning?"
        )
        yield Reason(check="rates", said=said)


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


def _memorised(excess: float | None, varied: Sequence[Varied]) -> Iterator[Reason]:
    if excess is not None and len(varied) > 1 and excess > LOST:
        said = (
            f"on variants of {len(varied)} tasks it loses {excess:.2f} decades more than "
            f"yardsticks do, want at most {LOST:g}: does it know the public truths?"
        )
        yield Reason(check="variants", said=said)


def _reload(one: Reload) -> Iterator[Reason]:
    where = f"{one.task} at {one.budget}"
    if one.reason:
        said = f"{where}: networks cannot be reloaded: {one.reason}"
        yield Reason(check="networks", said=said)
        return
    if one.away > 1:
        said = (
            f"{where}: reloaded networks answer otherwise than their Record says, by "
            f"{one.away:.3g} times what rounding explains: what is not in their state?"
        )
        yield Reason(check="networks", said=said)
    trained, adapted = one.declared_parameters, one.declared_adapted
    both = trained + adapted
    counts = (
        (one.parameters != trained, f"{one.parameters} trainable numbers", trained),
        (one.adapted > adapted, f"{one.adapted} adapted numbers", adapted),
        (one.varied > both, f"{one.varied} numbers differ between seeds", both),
    )
    for wrong, what, declared in counts:
        if wrong:
            yield Reason(check="numbers", said=f"{where}: {what}, the Record says {declared}")
