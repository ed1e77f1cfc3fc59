"""Cells whose networks train together: of one model, budget and recipe, on tasks that are alike.

Tasks are alike if their networks have equal dimensions and their losses are one program, so that
an ensemble may hold members of all of them: the equations of equal dimension train together.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import NamedTuple

from kansci.losses import program_of
from kansci.models import Model
from kansci.recipe import Recipe
from kansci.suite import Cell
from kansci.task import Task

MEMBERS = 64  # of one job at most; more bring no speed, and a job is lost or won as a whole


class Job(NamedTuple):
    """Cells that one process trains at once."""

    cells: tuple[Cell, ...]

    @property
    def model(self) -> Model:
        return self.cells[0].model

    @property
    def budget(self) -> int:
        return self.cells[0].budget

    @property
    def recipe(self) -> Recipe:
        return self.cells[0].recipe

    @property
    def tasks(self) -> tuple[Task, ...]:
        return tuple(cell.task for cell in self.cells)


def together(cells: Iterable[Cell]) -> list[Job]:
    """Jobs in the order of their first cells.

    Who trains with whom follows from the cells alone, as last digits may depend on it: a caller
    that resumes forms the jobs of all cells first and then leaves out those that are done.
    """
    alike: dict[Hashable, list[list[Cell]]] = {}
    jobs: list[list[Cell]] = []
    for cell in cells:
        groups = alike.setdefault(_kind(cell), [])
        if not groups or len(groups[-1]) >= _most(cell.recipe):
            groups.append([])
            jobs.append(groups[-1])
        groups[-1].append(cell)
    return [Job(tuple(job)) for job in jobs]


def _most(recipe: Recipe) -> int:
    tuning = len(recipe.rates) * len(recipe.tuning_seeds)
    return max(MEMBERS // max(tuning, len(recipe.evaluation_seeds)), 1)


def _kind(cell: Cell) -> Hashable:
    task = cell.task
    tuner = task.tuning or task
    return (
        *(cell.model.name, id(cell.model), cell.budget, cell.recipe, cell.suite),
        *(task.dim_in, task.dim_out, task.order, task.judged_by("validation") == ()),
        *(_shape(task), _shape(tuner), tuner is task),
    )


def _shape(task: Task) -> Hashable:
    return tuple((id(program_of(stage.loss)), stage.points) for stage in task.stages)
