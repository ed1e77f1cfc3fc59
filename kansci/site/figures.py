"""The figures of boards, as files beside the page that shows them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from kansci.board import Row
from kansci.errors import UserError
from kansci.figures import critical_differences, performance_profiles, profiles_of
from kansci.ledger import AnyRecord
from kansci.look import save
from kansci.plots import heat_map, plane, scaling
from kansci.record import Record
from kansci.reference import Reference
from kansci.significance import levels
from kansci.standing import standings

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Material(NamedTuple):
    """What a figure is drawn from: a board's rows, all Records, and the frozen reference."""

    rows: Sequence[Row]
    records: Sequence[AnyRecord]
    reference: Reference | None


class Illustration(NamedTuple):
    """A figure of a board.

    Attributes:
        image: from the root of the site.
        summary: what opens it.
        text: in place of it, for those who do not see it.
        exact: its colours are numbers, and stay as they are in the dark.
    """

    image: str
    summary: str
    text: str
    exact: bool = False


class Kind(NamedTuple):
    """A figure that a board has."""

    name: str
    draw: Callable[[Material], Figure | None]
    summary: str
    text: str
    exact: bool = False


def _critical(of: Material) -> Figure:
    return critical_differences(levels(standings(_trained(of))))


def _profiles(of: Material) -> Figure | None:
    found = profiles_of(standings(_trained(of)), of.reference) if of.reference else {}
    return performance_profiles(of.rows, found) if found else None


def _heat_map(of: Material) -> Figure:
    return heat_map(of.rows, of.records)


def _pareto(of: Material) -> Figure | None:
    figure = scaling(of.rows, of.records)
    return figure if figure.axes[0].lines else None


def _plane(of: Material) -> Figure | None:
    return plane(of.rows) if any(row.score is not None for row in of.rows) else None


def _trained(of: Material) -> list[Record]:
    return [record for record in of.records if isinstance(record, Record)]


KINDS: dict[str, tuple[Kind, ...]] = {
    "overall": (
        Kind(
            "critical",
            _critical,
            "Which models cannot be told apart: the critical-difference diagram",
            "Mean ranks of all models that ran everywhere, on a line with 1 the best; bars join "
            "models that Wilcoxon's test with Holm's correction does not tell apart",
        ),
        Kind(
            "profiles",
            _profiles,
            "On how much of the work is a model as good as the reference: performance profiles",
            "For each model the share of the work on which it is as good as the reference MLP, "
            "against the decades that it is granted",
        ),
    ),
    "accuracy": (
        Kind(
            "accuracy-tasks",
            _heat_map,
            "Who is accurate where: decades on every task",
            "Decades of every model, in rows, on every task, in columns, as colours; the pages "
            "of the tasks have the numbers",
            exact=True,
        ),
    ),
    "efficiency": (
        Kind(
            "pareto",
            _pareto,
            "What more parameters buy: the Pareto front",
            "Decades of each model against its trainable numbers, with the Pareto front; the "
            "table has the exponents",
        ),
    ),
    "forgetting": (
        Kind(
            "forgetting-plane",
            _plane,
            "Who learned, and what was lost of it: the plane of forgetting",
            "Decades lost by each model against decades learned, with the line on which all is "
            "lost; the table has both numbers",
        ),
    ),
}


def illustrations(folder: Path, board: str, of: Material) -> list[Illustration]:
    """Draws the figures of a board that there is anything to draw of."""
    found = []
    for kind in KINDS.get(board, ()) if of.rows else ():
        try:
            figure = kind.draw(of)
        except UserError:  # too few models or tasks, or no library for it
            continue
        if figure is not None:
            image = f"figures/{kind.name}.svg"
            (folder / "figures").mkdir(exist_ok=True)
            save(figure, folder / image)
            found.append(Illustration(image, kind.summary, kind.text, kind.exact))
    return found
