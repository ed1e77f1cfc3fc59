"""A suite is a named choice of tasks, models, budgets and recipes, written in suites.toml."""

from __future__ import annotations

import tomllib
from functools import cache
from typing import Any, NamedTuple

from pydantic import BaseModel, Field, NonNegativeInt, PositiveInt, ValidationError

from kansci.discover import find_tasks, get_model, get_task, home
from kansci.errors import UnknownName, UserError
from kansci.models import Model
from kansci.recipe import Recipe
from kansci.task import Task

Table = dict[str, dict[str, Any]]

MEMORY = 4_096  # MB of a worker


class Group(BaseModel, frozen=True, extra="forbid"):
    """Tasks, by name or by pattern, that run at the same budgets."""

    tasks: tuple[str, ...]
    budgets: tuple[PositiveInt, ...]


class Suite(BaseModel, frozen=True, extra="forbid"):
    """What `kansci run --suite NAME` runs.

    Attributes:
        recipes: the recipe of each family.
        seconds: time limit of a cell; generous, and the same for all.
        memory: limit in MB of what a worker holds, some 350 for Python and torch included.
        speed_budget: at which the models are timed; 0 leaves speed out.
    """

    name: str
    about: str
    models: tuple[str, ...]
    groups: tuple[Group, ...]
    recipes: dict[str, Recipe]
    seconds: PositiveInt = 600
    memory: PositiveInt = MEMORY
    speed_budget: NonNegativeInt = 0

    def recipe(self, family: str) -> Recipe:
        if family not in self.recipes:
            raise UserError(
                f"suite {self.name!r} has no recipe for the family {family!r}: "
                f"it has {', '.join(self.recipes)}; choose another suite or family"
            )
        return self.recipes[family]

    def by(self, recipe: Recipe) -> Suite:
        """The same cells, all trained by one recipe; another suite, as its Records are others."""
        return self.model_copy(
            update={
                "name": f"{self.name}-{recipe.name}",
                "about": f"{self.about}; by the recipe {recipe.name}",
                "recipes": dict.fromkeys(self.recipes, recipe),
                "speed_budget": 0,
            }
        )


class Cell(NamedTuple):
    """One model on one task at one budget: what becomes one Record."""

    task: Task
    model: Model
    budget: int
    recipe: Recipe
    suite: str


class _File(BaseModel, extra="forbid"):
    recipe: Table
    suite: Table = Field(min_length=1)


@cache
def _suites() -> tuple[dict[str, Suite], dict[str, Recipe]]:
    """Suites and recipes, by their names."""
    path = home("tasks") / "suites.toml"
    try:
        file = _File.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
        recipes = {name: _recipe(name, file.recipe) for name in file.recipe}
        suites = {name: _suite(name, file.suite, recipes) for name in file.suite}
        return suites, recipes
    except (OSError, tomllib.TOMLDecodeError, ValidationError, KeyError) as error:
        raise UserError(f"{path}: no list of suites: {error}") from error


def _recipe(name: str, every: Table) -> Recipe:
    return Recipe(name=name, **_body(name, every))


def _suite(name: str, every: Table, recipes: dict[str, Recipe]) -> Suite:
    body = _body(name, every)
    chosen = {family: recipes[recipe] for family, recipe in body["recipes"].items()}
    return Suite.model_validate({**body, "name": name, "recipes": chosen})


def _body(name: str, every: Table) -> dict[str, Any]:
    """An entry of the file; one that is `like` another says only what it changes."""
    body = dict(every[name])
    while "like" in body:
        body = {**every[body.pop("like")], **body}
    return body


def list_suites() -> list[str]:
    """Names of all suites, the quickest first."""
    return list(_suites()[0])


def get_suite(name: str) -> Suite:
    """The suite of that name.

    Raises:
        UnknownName: says which names come close.
    """
    suites, _ = _suites()
    if name not in suites:
        raise UnknownName("suite", name, suites)
    return suites[name]


def limits_of(name: str) -> Suite:
    """The suite whose limits hold for Records of that name: it, or quick where there is none."""
    return get_suite(name if name in list_suites() else "quick")


def get_recipe(name: str) -> Recipe:
    """The recipe of that name.

    Raises:
        UnknownName: says which names come close.
    """
    _, recipes = _suites()
    if name not in recipes:
        raise UnknownName("recipe", name, recipes)
    return recipes[name]


def cells(
    suite: Suite,
    *,
    models: list[Model] | None = None,
    tasks: list[Task] | None = None,
    parameters: list[int] | None = None,
) -> list[Cell]:
    """The cells of a suite, task by task; each choice replaces the suite's own where given.

    Tasks that are not in the suite run at the budgets of its first group.
    """
    chosen = models if models is not None else [get_model(name) for name in suite.models]
    budgets = {
        task.name: group.budgets
        for group in suite.groups
        for pattern in group.tasks
        for task in find_tasks(pattern)
    }
    fallback = suite.groups[0].budgets
    wanted = tasks if tasks is not None else [get_task(name) for name in budgets]
    return [
        Cell(task, model, budget, suite.recipe(task.family), suite.name)
        for task in wanted
        for budget in (parameters or budgets.get(task.name, fallback))
        for model in chosen
    ]
