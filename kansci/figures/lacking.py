"""Who is left out of a figure of all models, and which slice of the grid would show them."""

from __future__ import annotations

from collections.abc import Container, Sequence
from itertools import product
from textwrap import fill

from kansci.boards.board import Row
from kansci.errors import UserError
from kansci.statistics.standing import Place, Standing

WIDE = 100  # letters in a line below a figure


def lacking(rows: Sequence[Row], shown: Container[str], otherwise: str = "nothing to score") -> str:
    """`not drawn: a, b (cells missing), c (nothing to score)`; nothing where all are shown.

    Args:
        otherwise: why a model is not shown that has all cells.
    """
    left: dict[str, list[str]] = {}
    for row in rows:
        if row.model not in shown:
            why = "cells missing" if row.missing else otherwise
            left.setdefault(why, []).append(row.model)
    said = [f"{', '.join(names)} ({why})" for why, names in left.items()]
    return f"not drawn: {', '.join(said)}" if said else ""


def below(text: str, left_out: str) -> str:
    """What stands below a figure, with the models that it does not show."""
    return f"{text}\n{fill(left_out, WIDE, break_on_hyphens=False)}" if left_out else text


def whole(found: Sequence[Standing]) -> list[Standing]:
    """Models without a missing cell."""
    return [one for one in found if one.records and not one.missing]


def too_few(found: Sequence[Standing], wanted: str) -> UserError:
    """For a figure of models that have all cells."""
    count = len(whole(found))
    hint = advice(found) or "`kansci run` goes on where it stopped"
    return UserError(f"want {wanted} without a missing cell, got {count} of {len(found)}: {hint}")


def hinted(left_out: str, found: Sequence[Standing]) -> str:
    """What is left out, for a line, with what can be done about it."""
    return "; ".join(filter(None, (left_out, advice(found)))) if left_out else ""


def advice(found: Sequence[Standing]) -> str:
    """The slice of the grid that most models have whole, if more of them do than of all of it.

    Of equal ones the largest, which says the most.
    """
    own = [{Place(r.family, r.task, r.budget) for r in one.records} for one in found]
    grid = set().union(*own, *(one.missing for one in found))
    families = [None, *sorted({place.family for place in grid})]
    budgets = [None, *sorted({place.budget for place in grid})]
    slices = []
    for family, budget in product(families, budgets):
        cells = {p for p in grid if family in (None, p.family) and budget in (None, p.budget)}
        if cells:
            models = sum(places >= cells for places in own)
            words = [f"--family {family}"] * bool(family) + [f"--budget {budget}"] * bool(budget)
            slices.append((models, len(cells), " ".join(words)))
    models, _, words = max(slices, default=(0, 0, ""))
    return f"try {words}, which {models} of {len(found)} have" if words and models else ""
