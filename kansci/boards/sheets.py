"""Tables beside the boards: what is significant, how robust the order is, and profiles."""

from __future__ import annotations

import csv as csv_format
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kansci.boards.board import AnyRecord, Value
from kansci.boards.profiles import leads, profile
from kansci.boards.reference import Reference
from kansci.boards.tables import markdown_escaped, number, rounded
from kansci.models.zoo import is_control
from kansci.record import Record
from kansci.statistics.robustness import robustness
from kansci.statistics.significance import (
    BAND,
    Comparison,
    compare,
    friedman,
    levels,
    mean_ranks,
)
from kansci.statistics.standing import standings

if TYPE_CHECKING:
    from rich.table import Table

P = ("p", "p (Holm)")
LEVEL = 0.05
NAMES = ("significance", "robustness", "profiles")
TAUS = (-1.0, 0.0, 1.0)  # of a profile that a table shows


@dataclass(frozen=True)
class Sheet:
    """A table with its question; every row has the same columns.

    Attributes:
        says: what the Records say in a sentence or two, above the table and in a terminal.
        columns: what columns say, below it.
    """

    name: str
    question: str
    rows: Sequence[Mapping[str, Value]]
    says: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)


def sheets(
    records: Sequence[AnyRecord],
    others: Iterable[AnyRecord],
    reference: Reference | None,
    comparisons: Sequence[Comparison],
) -> list[Sheet]:
    """All of them, from the Records of the boards and `others` by further recipes."""
    return [
        significance_sheet(records, comparisons),
        robustness_sheet(records, others),
        *([profile_sheet(records, reference)] if reference else []),
    ]


def significance_sheet(records: Iterable[AnyRecord], comparisons: Sequence[Comparison]) -> Sheet:
    found = standings(records)
    table = levels(found)
    verdicts = compare(comparisons, found)
    tested = [one.holm for one in verdicts if one.holm is not None]
    differ = sum(p < LEVEL for p in tested)
    says = (
        f"{differ} of {len(tested)} comparisons of comparisons.toml have p < {LEVEL} after Holm's "
        f"correction, on {len(table)} tasks."
        if tested
        else ""
    )
    contenders = table.loc[:, [not is_control(str(name)) for name in table]]
    if alike := friedman(contenders):
        ranks = mean_ranks(contenders).index
        says += (
            f" Friedman's test that all {len(ranks)} contenders are alike: p {_p(alike[1])}; the "
            f"best mean rank has {ranks[0]}, the worst {ranks[-1]}."
        )
    rows = [
        {
            "model": one.comparison.model,
            "against": one.comparison.against,
            "question": one.comparison.reason,
            "tasks": one.tasks or None,
            "decades": one.difference,
            "p": one.p,
            "p (Holm)": one.holm,
            "P(better)": one.improvement,
            "low": one.low,
            "high": one.high,
            "remarks": one.note,
        }
        for one in verdicts
    ]
    columns = {
        "decades": "median over tasks, each of the same weight, of the difference in decades",
        "p": "Wilcoxon's signed ranks over tasks, two-sided, zeros split; each task has the same "
        "weight, so that a family with many has much",
        "p (Holm)": "corrected for all comparisons here",
        "P(better)": "probability that a member of the first beats one of the second, families of "
        f"the same weight as in scores; nearer than {BAND} decades counts half",
        "low": "2.5 % of that over other tasks and seeds of the first; not corrected for how many "
        "comparisons there are",
        "high": "97.5 %",
        "question": "the claim or doubt that is put to the test; when it was named, says "
        "leaderboards/comparisons.toml",
    }
    return Sheet("significance", "Which models differ?", rows, says, columns)


def robustness_sheet(records: Sequence[AnyRecord], others: Iterable[AnyRecord]) -> Sheet:
    found = robustness(records, others)
    rows = [
        {
            "change": one.change,
            "models": one.models or None,
            "cells": one.cells or None,
            "tau": one.tau,
            "remarks": one.note,
        }
        for one in found
    ]
    columns = {
        "tau": "Kendall's tau of both orders on the same cells; 1 is the same order, as it is "
        "under a cap that no member reaches"
    }
    taus = [f"{one.tau:.2f} ({one.change})" for one in found if one.tau is not None]
    says = f"Kendall's tau with the headline: {', '.join(taus)}." if taus else ""
    return Sheet("robustness", "Does the order hold under other rules?", rows, says, columns)


def profile_sheet(records: Iterable[AnyRecord], reference: Reference) -> Sheet:
    rows: list[dict[str, Value]] = []
    for one in standings(one for one in records if isinstance(one, Record)):
        found = None if one.missing else profile(leads(one, reference))
        if found is None:
            lacking, known = reference.lacking(one.records), len(one.records)
            why = f"{lacking} of {known} cells have no frozen reference"
            why = f"{len(one.missing)} missing" if one.missing else why
            blank = dict.fromkeys(("area", "95 %", *map(_at, TAUS)), None)
            rows.append({"model": one.model, **blank, "remarks": why})
            continue
        at = {_at(tau): float(found.rho[abs(found.tau - tau).argmin()]) for tau in TAUS}
        low, high = found.areas
        area = {"area": found.area, "95 %": f"[{low:.2f}, {high:.2f}]"}
        rows.append({"model": one.model, **area, **at, "remarks": ""})
    rows.sort(key=lambda row: (row["area"] is None, -float(row["area"] or 0), row["model"]))
    columns = {
        "area": "under the profile from -3 to 3 decades; 3 is the reference's if it never varied",
        "95 %": "of the area, over other tasks of the kind and seeds",
        _at(-1.0): "share of the work on which the error is ten times lower, or more",
        _at(0.0): "share on which it is no higher",
        _at(1.0): "share on which it is not ten times higher",
    }
    question = "On how much of the work is a model as good as the frozen reference?"
    return Sheet("profiles", question, rows, columns=columns)


def markdown(sheet: Sheet) -> str:
    """A GitHub table, its question above, what columns say below."""
    lines = [f"**{sheet.question}** {sheet.says}".rstrip(), ""]
    if sheet.rows:
        names = list(sheet.rows[0])
        words = [any(isinstance(row[name], str) for row in sheet.rows) for name in names]
        lines.append(f"| {' | '.join(names)} |")
        lines.append(f"| {' | '.join('---' if word else '---:' for word in words)} |")
    for row in sheet.rows:
        texts = (markdown_escaped(_text(name, value)) for name, value in row.items())
        lines.append(f"| {' | '.join(texts)} |")
    says = ". ".join(f"`{name}`: {text}" for name, text in sheet.columns.items())
    return "\n".join([*lines, "", *([f"{says}."] if says else [])]).rstrip() + "\n"


def terminal(sheet: Sheet) -> Table:
    """A rich Table, what columns say below it."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(
        title=Text(sheet.question, style="bold"),
        caption=Text(sheet.says, style="dim"),
        caption_justify="left",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )
    for place, name in enumerate(sheet.rows[0] if sheet.rows else ()):
        table.add_column(Text(name), justify="right" if place else "left", overflow="fold")
    for row in sheet.rows:  # as Text, since [..] in a name would be markup
        table.add_row(*(Text(_text(name, value)) for name, value in row.items()))
    return table


def csv(sheet: Sheet) -> str:
    """Numbers to six digits; an empty field where there is none."""
    out = io.StringIO()
    writer = csv_format.writer(out, lineterminator="\n")
    writer.writerow(sheet.rows[0] if sheet.rows else ())
    writer.writerows(map(rounded, row.values()) for row in sheet.rows)
    return out.getvalue()


def _text(name: str, value: Value) -> str:
    """As on boards; a p-value has three decimals."""
    if name in P and isinstance(value, float):
        return _p(value).removeprefix("= ")
    return number(name, value)


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"= {value:.3f}"


def _at(tau: float) -> str:
    return f"at {tau:g}"
