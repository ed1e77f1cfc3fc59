"""Figures of boards: the one registry of those that show all models, and what a board has of them.

`kansci plot`, `kansci board --out` and the site draw from it, so a figure is the same in all three.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from kansci.boards.board import AnyRecord, Board, Row
from kansci.boards.reference import Reference
from kansci.errors import UserError
from kansci.figures import critical_differences, pareto, performance_profiles, plane, profiles_of
from kansci.figures.heat import heat_map
from kansci.figures.lacking import advice, hinted, lacking, too_few, whole
from kansci.figures.look import save as save
from kansci.figures.pareto import shared
from kansci.figures.plane import spot
from kansci.figures.profiles import UNKNOWN
from kansci.figures.scores import intervals, speed
from kansci.record import Record
from kansci.statistics.scaling import ladders
from kansci.statistics.significance import levels
from kansci.statistics.standing import standings

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Material(NamedTuple):
    """What a figure is drawn from: a board's rows, all Records, and the frozen reference."""

    rows: Sequence[Row]
    records: Sequence[AnyRecord]
    reference: Reference | None

    @property
    def trained(self) -> list[Record]:
        return [record for record in self.records if isinstance(record, Record)]


class Drawn(NamedTuple):
    """A figure, and in a line who is not in it and what would show them, if anybody is not."""

    figure: Figure
    left_out: str = ""


class Kind(NamedTuple):
    """A figure of all models.

    Attributes:
        board: whose rows it shows, in their order.
        draw: raises a UserError where nothing can be drawn.
        about: what it answers.
        text: in place of it, for those who do not see it.
        beside: its file beside the board's tables; none: it is not written there.
    """

    board: str
    draw: Callable[[Material], Drawn]
    about: str
    text: str
    beside: str = ""


def _critical(of: Material) -> Drawn:
    found = standings(of.trained)
    table = levels(found)
    if table.shape[1] < 3:
        raise too_few(found, "three models")
    left_out = lacking(of.rows, table.columns)
    return Drawn(critical_differences(table, left_out), hinted(left_out, found))


def _profiles(of: Material) -> Drawn:
    if of.reference is None:
        raise UserError(
            "want a frozen reference, got none: `kansci board --freeze FILE` writes one"
        )
    found = standings(of.trained)
    if not whole(found):
        raise too_few(found, "a model")
    shown = profiles_of(found, of.reference)
    if not shown:
        cells = whole(found)[0].records
        known = sum(of.reference.rung(record) is not None for record in cells)
        raise UserError(
            f"want a frozen reference on all {len(cells)} cells, by their recipes, got it on "
            f"{known}: `kansci board --freeze FILE` writes one"
        )
    figure = performance_profiles(of.rows, shown)
    return Drawn(figure, hinted(lacking(of.rows, shown, UNKNOWN), found))


def _pareto(of: Material) -> Drawn:
    found = standings(of.trained)
    if not whole(found):
        raise too_few(found, "a model")
    shown = {model: ladder for model, ladder in ladders(found).items() if ladder}
    if not shown:
        hint = advice(found) or "choose budgets by --budget"
        raise UserError(f"want a task that ran at every budget, got none: {hint}")
    budgets = {budget for ladder in shown.values() for budget in ladder}
    if len(budgets) < 2:
        raise UserError(
            f"want two budgets for a front, got {', '.join(map(str, budgets))} alone: `kansci run "
            "--parameters BUDGET` trains at another"
        )
    figure = pareto(of.rows, shown, tasks=shared(whole(found)))
    return Drawn(figure, hinted(lacking(of.rows, shown), found))


def _forgetting(of: Material) -> Drawn:
    staged = [record for record in of.trained if len(record.stages) > 1]
    if not staged:
        raise UserError("want Records of tasks in stages, got none: `kansci run` makes some")
    shown = {row.model for row in of.rows if spot(row)}
    if not shown:
        raise too_few(standings(staged), "a model")
    return Drawn(plane(of.rows), hinted(lacking(of.rows, shown), standings(staged)))


def _tasks(of: Material) -> Drawn:
    if not any(record.scored for record in standings(of.trained)):
        raise UserError("want a Record with something to score, got none")
    return Drawn(heat_map(of.rows, of.records))


KINDS: dict[str, Kind] = {
    "critical": Kind(
        "overall",
        _critical,
        "which models cannot be told apart: the critical-difference diagram",
        "Mean ranks of all models that ran everywhere, on a line with 1 the best; the "
        "dots of a bar are models that Wilcoxon's test with Holm's correction does not tell apart",
    ),
    "profiles": Kind(
        "overall",
        _profiles,
        "on how much of the work a model is as good as the reference: performance profiles",
        "For each model the share of the work on which it is as good as the reference MLP, "
        "against the decades that it is granted",
    ),
    "tasks": Kind(
        "accuracy",
        _tasks,
        "who is accurate where: every model beside the reference on every task",
        "Decades of every model, in rows, beyond the reference MLP on every task, in columns, as "
        "colours; the pages of the tasks have the numbers",
        beside="accuracy-tasks",
    ),
    "pareto": Kind(
        "efficiency",
        _pareto,
        "what more parameters buy: the Pareto front",
        "Decades of each model against its trainable numbers, with the Pareto front; the "
        "table has the exponents",
        beside="efficiency-parameters",
    ),
    "forgetting": Kind(
        "forgetting",
        _forgetting,
        "who learned, and what was lost of it: the plane of forgetting",
        "Decades lost by each model against decades learned, with the line on which all is "
        "lost and, at 0, what each learns of all stages at once; the table has the numbers",
        beside="forgetting-plane",
    ),
}


def figures(
    board: Board, rows: Sequence[Row], records: Sequence[AnyRecord]
) -> tuple[dict[str, Figure], dict[str, str]]:
    """What stands beside a board's tables, by file name; and why others cannot be drawn."""
    found = {board.name: speed(rows) if board.name == "speed" else intervals(board, rows)}
    refused: dict[str, str] = {}
    for kind in KINDS.values():
        if rows and kind.beside and kind.board == board.name:
            try:
                found[kind.beside] = kind.draw(Material(rows, records, None)).figure
            except UserError as problem:
                refused[kind.beside] = str(problem)
    return found, refused
