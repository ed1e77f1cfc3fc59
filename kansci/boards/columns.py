"""Which columns of a board a page or a terminal has room for."""

from __future__ import annotations

from collections.abc import Sequence

GAP = 2  # characters between columns
INTERVAL = "[95 %]"


def fitting(
    header: Sequence[str], body: Sequence[Sequence[str]], width: int
) -> tuple[list[int], list[str]]:
    """Places of the columns that are shown, and names of the others.

    Those of every board are always shown, so that a narrow terminal folds the names of models.
    """
    lasting = {0, 1, 2, len(header) - 2, len(header) - 1}
    room = width - sum(wide(header, body, i) + GAP for i in lasting)
    shown = sorted(lasting)
    for i in range(3, len(header) - 2):
        room -= wide(header, body, i) + GAP
        if room < 0:
            return sorted(shown), list(header[i:-2])
        shown.append(i)
    return sorted(shown), []


def wide(header: Sequence[str], body: Sequence[Sequence[str]], i: int) -> int:
    """Characters that a column takes."""
    return max(len(line) for line in (*folded(header[i]).split("\n"), *(row[i] for row in body)))


def folded(name: str) -> str:
    """A heading in as many lines as it has words."""
    return name if name.endswith(INTERVAL) else name.replace(" ", "\n").replace("+\n", "+ ")
