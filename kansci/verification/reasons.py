"""Why a verification flags: from what was found to sentences, each of one check."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from statistics import fmean, median
from typing import Any

from kansci.verification.results import Apart, Reload
from kansci.verification.rule import LEAST, LEVEL, Ruling, ruling, separation
from kansci.verification.verdict import Compared, Fates, Reason, Retuned, Varied

KEPT = 0.5  # decades that may be forgotten beyond what is submitted, or differ before the training
RATE = 0.1  # decades by which the tuning of a rate may end worse: as far as rounding moves it
LOST = 0.5  # decades that may be lost on variants beyond what yardsticks lose


def exposed(apart: Apart) -> Iterator[Reason]:
    """Of submitted code: whatever is not kept apart can write what is believed here."""
    if not apart.isolated:
        said = (
            "nothing isolated the submitted code: verify it again where bubblewrap is, without "
            "--unsafe, into another folder"
        )
        yield Reason(check="isolation", said=said)


def missing(apart: Apart) -> Iterator[Reason]:
    """Where Records are not complete nothing was trained, and nothing else is known."""
    if apart.incomplete:
        yield Reason(check="Records", said=apart.incomplete)
        return
    yield from (Reason(check="laws", said=said) for said in apart.unlawful)
    if not apart.reloads:
        said = "no network could be reloaded: no weights are there"
        yield Reason(check="networks", said=said)


def differs(rule: Ruling, cells: int) -> Iterator[Reason]:
    if rule.flagged:
        said = (
            f"from secret seeds errors end {rule.mean:.2f} decades higher on {cells} "
            f"cells, p = {rule.p:.2g}; want p of at least {LEVEL:g}, or at most {LEAST:g} decades"
        )
        yield Reason(check="secret seeds", said=said)


def separates(compared: Sequence[Compared], members: tuple[int, int]) -> Iterator[Reason]:
    """Whether secret seeds end worse to the last of them, in more cells than chance has.

    Args:
        members: how many submitted and secret ones a cell has.
    """
    rule = separation([one.gap for one in compared if one.gap is not None], members)
    if rule.count > rule.most:
        said = (
            f"in {rule.count} of {len(compared)} cells all secret seeds end worse than all "
            f"submitted ones, want at most {rule.most}"
        )
        yield Reason(check="secret seeds", said=said)
    for one in compared:
        if one.gap is not None and one.gap > rule.wide:
            said = (
                f"{one.task} at {one.budget}: the best of the secret seeds ends {one.gap:.2f} "
                f"decades worse than the worst submitted one, want at most {rule.wide:g}"
            )
            yield Reason(check="secret seeds", said=said)


def fails(compared: Sequence[Compared]) -> Iterator[Reason]:
    """Whether clearly more members fail from secret seeds: Fisher's exact test, one-sided.

    Decades alone say little of models that are hardly better than the trivial predictor, as which
    failed members count. Cells whose members fail more often than those of others make it milder.

    Source: Fisher 1935, "The logic of inductive inference", J. Royal Statistical Society 98.
    """
    from scipy.stats import fisher_exact  # takes a second to load

    again, told = _summed(one.again for one in compared), _summed(one.fates for one in compared)
    table = [[one.failed, one.of - one.failed] for one in (again, told)]
    found: Any = fisher_exact(table, alternative="greater")
    if (p := float(found.pvalue)) < LEVEL:
        said = (
            f"from secret seeds {again.failed} of {again.of} members fail, the Records say "
            f"{told.failed} of {told.of}, p = {p:.2g}; want p of at least {LEVEL:g}"
        )
        yield Reason(check="secret seeds", said=said)


def _summed(every: Iterable[Fates]) -> Fates:
    known = list(every)
    return Fates(failed=sum(one.failed for one in known), of=sum(one.of for one in known))


def remembers(compared: Sequence[Compared]) -> Iterator[Reason]:
    kept = [one.kept for one in compared if one.kept is not None]
    if kept and (ruling(kept).flagged or fmean(kept) > KEPT):
        said = (
            f"from secret seeds {fmean(kept):.2f} decades more are forgotten on {len(kept)} tasks "
            f"in stages, want at most {KEPT:g}"
        )
        yield Reason(check="secret seeds", said=said)
    before = [one.before for one in compared if one.before is not None]
    if before and fmean(before) > KEPT:
        said = (
            f"errors of untrained networks are {fmean(before):.2f} decades from those of secret "
            f"seeds, want at most {KEPT:g}"
        )
        yield Reason(check="secret seeds", said=said)


def rates(retuned: Sequence[Retuned]) -> Iterator[Reason]:
    """The median, as one chaotic training proves nothing."""
    if retuned and (away := median(one.away for one in retuned)) > RATE:
        said = (
            f"tuned again on the public seeds, submitted rates end {away:.2f} decades worse than "
            f"the best, want at most {RATE:g}: were they chosen by the tuning?"
        )
        yield Reason(check="rates", said=said)


def memorised(excess: float | None, varied: Sequence[Varied]) -> Iterator[Reason]:
    if excess is not None and len(varied) > 1 and excess > LOST:
        said = (
            f"on variants of {len(varied)} tasks it loses {excess:.2f} decades more than "
            f"yardsticks do, want at most {LOST:g}: does it know the public truths?"
        )
        yield Reason(check="variants", said=said)


def of_networks(one: Reload) -> Iterator[Reason]:
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
        (
            one.learned > both,
            f"{one.learned} numbers differ between seeds or from their start",
            both,
        ),
    )
    for wrong, what, declared in counts:
        if wrong:
            yield Reason(check="numbers", said=f"{where}: {what}, the Record says {declared}")
    if both > one.budget:
        said = f"{where}: {trained} trainable and {adapted} adapted numbers are over the budget"
        yield Reason(check="numbers", said=said)
