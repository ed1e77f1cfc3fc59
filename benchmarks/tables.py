"""Tables of what was found, for the terminal and for README.md."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

MARKS = ("<!-- engine -->", "<!-- /engine -->")


def render(document: dict[str, Any]) -> str:
    """Everything in a document, as Markdown."""
    figures = document["figures"]
    parts = [
        _machine(document["machine"]),
        _rows(document["rows"]),
        _growth(figures.get("growth", [])),
        _memory(figures.get("memory", [])),
        _harness(figures.get("harness", [])),
        _estimate(figures.get("estimate")),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def rewrite(path: Path, text: str) -> None:
    """Puts a text between the marks of a file.

    Raises:
        ValueError: if it does not have both, in that order.
    """
    begin, end = MARKS
    old = path.read_text(encoding="utf-8")
    found = re.subn(
        f"(?s){re.escape(begin)}.*{re.escape(end)}", lambda _: f"{begin}\n{text}{end}", old
    )
    if found[1] != 1:
        raise ValueError(f"{path}: want {begin} and {end} once, got neither")
    path.write_text(found[0], encoding="utf-8")


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table, in columns of even width."""
    widths = [max(len(row[i]) for row in (head, *rows)) for i in range(len(head))]

    def line(cells: Sequence[str]) -> str:
        padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
        return f"| {' | '.join(padded)} |"

    return "\n".join([line(head), line(["-" * width for width in widths]), *map(line, rows)])


def number(value: float | None) -> str:
    """Three digits that count."""
    if value is None:
        return "-"
    return f"{value:.0f}" if 1_000 <= abs(value) < 1e6 else f"{value:.3g}"


def _machine(machine: dict[str, str]) -> str:
    if not machine:
        return ""
    return f"{machine['date']}; {machine['processor']}; {machine['versions']}; {machine['commit']}."


def _rows(rows: Sequence[dict[str, Any]]) -> str:
    head = ("family", "model", "dtype", "gear", "state", "against", "CPU ratio", "95 % of turns")
    more = ("wall ratio", "error ratio", "ours, s", "theirs, s", "together", "measured")
    body = [
        (
            *(str(one[field]) for field in head[:6]),
            number(one["ratio"]),
            f"{number(one['low'])} to {number(one['high'])}",
            *(number(one[field]) for field in ("wall", "error", "ours", "theirs")),
            str(one["tasks"]),
            one["measured"],
        )
        for one in rows
    ]
    return table((*head, *more), body) if body else ""


def _growth(rows: Sequence[dict[str, Any]]) -> str:
    body = [
        (
            one["along"],
            one["gear"],
            ", ".join(map(str, one["sizes"])),
            ", ".join(map(number, one["milliseconds"])),
            number(one["exponent"]),
        )
        for one in rows
    ]
    head = ("along", "gear", "sizes", "CPU ms of an evaluation", "exponent")
    return table(head, body) if body else ""


def _memory(rows: Sequence[dict[str, Any]]) -> str:
    return "\n".join(
        f"A worker with a KAN of {one['parameters']} numbers on `poisson`, {one['gear']}, took "
        f"{number(one['megabytes'])} MB at its peak; its limit is {one['limit']} MB "
        f"({one['status']})."
        for one in rows
    )


def _harness(rows: Sequence[dict[str, Any]]) -> str:
    return "\n".join(
        f"Outside of training steps, {one['gear']}: {number(one['outside'])} s of processor time, "
        f"{number(100 * one['share'])} % of a standard cell, whose steps take "
        f"{number(one['steps'])} s. A command takes {number(one['command'])} s besides, once."
        for one in rows
    )


def _estimate(found: dict[str, Any] | None) -> str:
    if not found:
        return ""
    body = [
        (
            row["family"],
            str(row["cells"]),
            number(row["seconds"]),
            number(row["now"]),
            f"{row['tasks']} to {row['planned']}",
            number(row["hours"]),
        )
        for row in found["rows"]
    ]
    head = ("family", "cells", "CPU s a cell", "hours", "tasks", "hours as planned")
    said = (
        f"`standard` on two cores: {number(found['now'])} hours for {found['models']} models, "
        f"from evaluations of {found['kinds']} kinds of cells; extrapolated to "
        f"{found['planned']} models and all planned tasks, {number(found['hours'])} hours."
    )
    return f"{table(head, body)}\n\n{said}"
