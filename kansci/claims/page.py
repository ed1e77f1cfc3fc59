"""The page of all claims, as Markdown: a function of the claims' files and what was measured."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from kansci.claims.measurement import OF_CLOCK, Measurement, Quantity, short
from kansci.claims.shelf import Entry, sources
from kansci.claims.verdict import Word
from kansci.record import Environment

STALE = "Measured by other code than there is now, or of other Records: run it again."
OVER = {
    "seeds": "seeds",
    "blocks": "blocks",
    "processes": "processes",
    "records": "Records",
    "tasks": "tasks",
}
HEAD = """\
# Published claims, measured

<!-- Written by `kansci claims --docs docs/claims.md`: change leaderboards/claims instead. -->

What was published about Kolmogorov-Arnold networks, in our words, beside what we measured at the
shapes it was published for. Each claim is a file of
[`leaderboards/claims`](../leaderboards/claims), and what was measured one beside it, with machine
and versions. Verdicts are functions of the measurement; nobody types them.

```
kansci claims                 # the list
kansci claims C5              # one in full, with BibTeX
kansci claims --run C5        # measure it again, into ./kansci-claims; timings in six processes
kansci claims --run --quick   # those that take seconds
```

*Numbers* are trainable parameters; a *decade* is a factor of ten in the error; the *arms* of a
model are kansci's own form and the `-published` one, as its authors wrote it; the *edition* is the
suite `standard`, of whose committed Records the boards are.

Times are of the processor, one thread, both sides in turns. Where tensors take megabytes a ratio
differs from process to process, with where memory lies, by up to a factor of two: each is the
median over six processes that measure the claim alone, and the interval is from the least of them
to the greatest, which has the median with 97 %, whatever the distribution is. Errors have Student's
95 % interval over seeds, ratios of errors that of their logarithms, shares of seeds Wilson's. What
follows from Records of the edition has that of the boards' bootstrap, which draws tasks and then
seeds of each.

A claim of *n times* **holds** if the interval reaches *n* and lies above 1 and above *n*/2; it
**holds in part** if the interval lies above 1 alone, and **does not hold** if it lies below. One of
*no more than* a bound holds if the interval lies within it, and does not hold if it lies beyond;
*more than* is the other way round. An interval that lies across what decides, 1 or the bound,
decides nothing: the claim **cannot be judged**. What was measured in several places is judged by
those that are decided, if they are most: it holds if it does in all of them, does not hold if it
fails in most, and else holds in part. Of trainings the setting that the claim was made in decides,
and of a KAN's arms the published one: others cost a claim no more than *in part*. What was measured
by another version of the claim's own file, or of other Records than there are now, is *stale*, and
not judged. Nothing here was timed on a GPU: where a claim is about one, its verdict is *on a CPU*,
and says nothing of GPUs.

To add a claim, write `leaderboards/claims/cNN_its_name.py` with `claim = Claim(...)`: `measure`
yields quantities as they become known, `verdict` makes a word and a sentence of them. Its source
goes into `sources.bib`.
"""


def page(entries: Sequence[Entry]) -> str:
    """All of it."""
    cited = dict.fromkeys(key for one in entries for key in one.claim.cited)
    parts = [HEAD, summary(entries), *(section(one) for one in entries)]
    bibtex = "\n\n".join(sources()[key] for key in cited)
    parts.append(f"## Sources\n\n```bibtex\n{bibtex}\n```\n")
    return "\n".join(parts)


def summary(entries: Sequence[Entry]) -> str:
    """How many claims have which verdict, and a table of all."""
    counts: dict[Word, int] = {}
    for one in entries:
        counts[one.verdict.word] = counts.get(one.verdict.word, 0) + 1
    said = ", ".join(f"{word} {count}" for word, count in sorted(counts.items()))
    rows = [
        f"| [{one.claim.id}](#{_anchor(one)}) | {one.claim.title} | {verdict_of(one)} |"
        for one in entries
    ]
    head = ["| id | claim | verdict |", "| --- | --- | --- |"]
    return "\n".join([f"Of {len(entries)} claims: {said}.", "", *head, *rows, ""])


def section(entry: Entry) -> str:
    """One claim."""
    claim, found = entry.claim, entry.found
    lines = [
        f"## {claim.id}. {_capital(claim.title)}",
        "",
        f"**{_capital(verdict_of(entry))}.** {entry.verdict.sentence}",
        "",
        f"- Claim: {claim.claim}",
        f"- Source: {claim.source} [{', '.join(claim.cited)}]",
        f"- Setting: {claim.setting}",
    ]
    if claim.ours:
        lines.append(f"- Here: {claim.ours}")
    if claim.command:
        lines.append(f"- Again: `{claim.command}`")
    return "\n".join([*lines, "", *(_measured(found) if found else []), ""])


def verdict_of(entry: Entry) -> str:
    """The word; what a CPU says of a GPU is marked, and what is stale."""
    where = f" ({entry.where})" if entry.where else ""
    return entry.verdict.word + where + " (stale)" * entry.stale


def _measured(found: Measurement) -> Iterable[str]:
    yield "| measured | | 95 % | over |"
    yield "| --- | ---: | ---: | --- |"
    for one in found.quantities:
        yield f"| {one.name} | {short(one.value)} {one.unit} | {interval(one)} | {over(one)} |"
    yield ""
    yield f"{provenance(found)} {' '.join(f'{_ended(one)}' for one in found.remarks)}".strip()


def interval(one: Quantity) -> str:
    return "" if one.over == "nothing" else f"{short(one.low)} to {short(one.high)}"


def over(one: Quantity) -> str:
    return "" if one.over == "nothing" else f"{one.count} {OVER[one.over]}"


def provenance(found: Measurement) -> str:
    """When, where and with which versions, in a sentence."""
    where = found.environment
    timed = any(one.over in OF_CLOCK for one in found.quantities)
    busy = (
        " The machine was busy, which moves ratios of times." if _crowded(found) and timed else ""
    )
    return (
        f"{where.started[:10]}, {where.processor} ({where.cores} cores, load {short(found.load)}), "
        f"torch {where.torch}, Python {where.python}, {_commit(where)}; "
        f"{short(found.seconds)} CPU seconds.{busy}"
    )


def _commit(where: Environment) -> str:
    """Of the code that measured."""
    if where.commit is None:
        return "no commit"
    return f"commit {where.commit[:7]}{' with changes of its own' if where.dirty else ''}"


def _crowded(found: Measurement) -> bool:
    """Whether others shared the cores that measured."""
    return found.load > found.environment.cores


def full(entry: Entry) -> str:
    """One claim for a terminal, with its BibTeX."""
    bibtex = "\n\n".join(sources()[key] for key in entry.claim.cited)
    stale = f"{STALE}\n\n" if entry.stale else ""
    return f"{section(entry)}\n{stale}{bibtex}"


def _anchor(entry: Entry) -> str:
    """As Markdown makes one of a heading."""
    heading = f"{entry.claim.id} {entry.claim.title}".lower()
    kept = "".join(c for c in heading if c.isalnum() or c in " -_")
    return kept.replace(" ", "-")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _ended(text: str) -> str:
    return text if text.endswith(".") else f"{text}."
