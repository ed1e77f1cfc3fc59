"""What layers cost, summed up: for the terminal and for README.md."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from layer_peers import MISSING, Peer
from tables import number, table

MARKS = ("<!-- layers -->", "<!-- /layers -->")
KERNELS = ("<!-- kernels -->", "<!-- /kernels -->")
Rows = Sequence[Mapping[str, Any]]


def mean(rows: Rows, over: str = "ratio") -> float:
    """The geometric mean of a column."""
    return math.exp(sum(math.log(row[over]) for row in rows) / len(rows))


def worst(rows: Rows) -> dict[str, float]:
    """For each variant the mean ratio against the peer that does best."""
    means: dict[str, list[float]] = {}
    for variant, peer in _pairs(rows):
        means.setdefault(variant, []).append(mean(_of(rows, variant, peer)))
    return {variant: max(found) for variant, found in means.items()}


def summaries(rows: Rows, known: Mapping[str, Sequence[Peer]]) -> list[dict[str, Any]]:
    """A line for each pair: the mean ratio, what it ought to be at most, extremes and memory."""
    lines = []
    for variant, peer in _pairs(rows):
        own = _of(rows, variant, peer)
        ratios = [row["ratio"] for row in own]
        most = next(one.most for one in known[variant] if one.name == peer)
        memory = sum(row["ours_kb"] for row in own) / sum(row["peer_kb"] for row in own)
        lines.append(
            {
                "variant": variant,
                "peer": peer,
                "geomean": mean(own),
                "most": most,
                "low": min(ratios),
                "high": max(ratios),
                "memory": memory,
            }
        )
    return lines


def render(document: Mapping[str, Any]) -> str:
    """A whole document, as Markdown."""
    where = document["machine"]
    said = f"{where['date']}; {where['processor']}; {where['versions']}; {where['commit']}."
    head = ("variant", "peer", "ratio", "at most", "", "of sizes", "memory ratio")
    body = [
        (
            one["variant"],
            one["peer"],
            number(one["geomean"]),
            number(one["most"]),
            "" if one["geomean"] <= one["most"] else "missed",
            f"{number(one['low'])} to {number(one['high'])}",
            number(one["memory"]),
        )
        for one in document["peers"]
    ]
    body += [(one["variant"], one["peer"], MISSING, *[""] * 4) for one in document["missing"]]
    return f"{said}\n\n{table(head, body)}\n\n{_milliseconds(document['rows'])}\n"


def rewrite(path: Path, text: str, marks: tuple[str, str] = MARKS) -> None:
    """Puts a text between a benchmark's marks of a file.

    Raises:
        ValueError: if it does not have both, in that order.
    """
    old = path.read_text(encoding="utf-8")
    before, begun, rest = old.partition(marks[0])
    _, ended, after = rest.partition(marks[1])
    if not (begun and ended):
        raise ValueError(f"{path}: want {marks[0]} and {marks[1]}, got one of them at most")
    path.write_text(f"{before}{begun}\n{text}{ended}{after}", encoding="utf-8")


def _milliseconds(rows: Rows) -> str:
    """Ours and theirs for each size and batch, a line for each pair."""
    cells = list(dict.fromkeys((*row["size"], row["batch"]) for row in rows))
    body = []
    for variant, peer in _pairs(rows):
        own = {(*row["size"], row["batch"]): row for row in _of(rows, variant, peer)}
        pairs = [f"{number(own[at]['ours_ms'])} / {number(own[at]['peer_ms'])}" for at in cells]
        body.append((variant, peer, *pairs))
    return table(("ms, ours / theirs", "peer", *(f"{i} x {o}, {b}" for i, o, b in cells)), body)


def _pairs(rows: Rows) -> list[tuple[str, str]]:
    return list(dict.fromkeys((row["variant"], row["peer"]) for row in rows))


def _of(rows: Rows, variant: str, peer: str) -> Rows:
    return [row for row in rows if (row["variant"], row["peer"]) == (variant, peer)]
