"""How often does a training fail?"""

from collections import Counter
from collections.abc import Iterable, Sequence

from kansci.boards.board import AnyRecord, Board, Entry, Row, Value
from kansci.boards.ranking import blank, by_intervals
from kansci.record import FAILED
from kansci.statistics.standing import Standing, failures, final, standings
from kansci.statistics.stats import wilson

KINDS = {kind: kind.replace("_", " ") for kind in sorted(FAILED)}


def rows(records: Sequence[AnyRecord], reference: object) -> list[Row]:
    return by_intervals([row(one) for one in standings(records)], higher_is_better=False)


def row(standing: Standing) -> Row:
    members = sum(len(failures(record)) for record in standing.scored)
    found = Counter(kinds(standing))
    columns: dict[str, Value] = {"members": members}
    columns |= {name: found[kind] for kind, name in KINDS.items()}
    columns |= {"at edge": at_edge(standing), "rough": sum(one.rough for one in standing.scored)}
    listed = blank(Entry(standing, standing.cells(final), columns))
    if not members or standing.missing:
        return listed
    low, high = wilson(standing.failed, members)
    percent = {"score": standing.failed / members, "low": low, "high": high}
    return listed.model_copy(update={name: 100 * part for name, part in percent.items()})


def at_edge(standing: Standing) -> float | None:
    """Per cent of cells with the smallest or the largest of at least three rates tried."""
    tuned = [one for one in standing.scored if one.rate and len({t.rate for t in one.tuning}) > 2]
    edges = [one.rate in (min(rates := [t.rate for t in one.tuning]), max(rates)) for one in tuned]
    return 100 * sum(edges) / len(edges) if edges else None


def kinds(standing: Standing) -> Iterable[str]:
    """What each failed member failed of; where it does not say, what its Record failed of."""
    for record in standing.scored:
        of_members = record.members or (record.status,) * len(failures(record))
        for status, bad in zip(of_members, failures(record), strict=True):
            if bad:
                yield status if status in FAILED else record.status


board = Board(
    name="reliability",
    question="How often does a training fail?",
    about=(
        "Members that diverged, gave what is not finite, crashed, ran out of time or memory, per "
        "cent of all members of the cells that count, with Wilson's interval; it takes members for "
        "independent, which those of one cell are not quite. What does not apply or fit is no "
        "failure and is counted beside. Ranks come from intervals that overlap."
    ),
    score_label="failed %",
    unit="per cent of members that failed",
    metric="status of members",
    rows=rows,
    higher_is_better=False,
    columns={
        "members": "members of all cells that count, failed or not",
        "at edge": "per cent of cells whose rate is the smallest or the largest of at least three "
        "that were tried: a better one may lie beyond",
        "rough": "cells whose task takes a value or a derivative of the network that has jumps",
    },
)
