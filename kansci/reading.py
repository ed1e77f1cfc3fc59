"""A reading is a Record of formulas: what one model's networks say of a task, beside the truth."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Literal

from pydantic import Field

from kansci.recipe import Recipe
from kansci.record import PROTOCOL, SCHEMA, Environment, Frozen, Number, Status

METHOD = 2  # raised whenever the same settings would read other formulas, or score them otherwise

Setting = int | float | str | tuple[str, ...]
Settings = Mapping[str, Setting]


class Formula(Frozen, frozen=True):
    """What was found from one seed; without a text nothing was, and `status` says why."""

    seed: int
    status: Status
    reason: str = ""
    text: str = Field(default="", description="in the task's own units, eight digits a constant")
    exact: bool = Field(default=False, description="the truth, up to a constant or a factor")
    distance: Number = Field(default=1.0, description="of edits between trees, normalised")
    accurate: bool = Field(default=False, description="whether R^2 > 0.999 on the test probe")
    nrmse: Number = Field(default=float("nan"), description="of the formula, on the test probe")
    finished: bool = Field(default=True, description="whether time sufficed for the comparison")
    edges: int | None = Field(default=None, description="of the network that was read, after cuts")
    seconds: Number = Field(default=0.0, description="CPU seconds, training left out")


class Reading(Frozen, frozen=True):
    """The formulas of one model on one task at one budget, one for each seed.

    Genetic programming has neither a budget, which is 0 then, nor a recipe.
    """

    schema_version: Literal[1] = SCHEMA
    key: str
    suite: str = "recovery"
    task: str = Field(description="name@version")
    task_content: str
    cluster: str = ""
    family: Literal["recovery"] = "recovery"
    truth: str
    model: str
    model_source: str
    budget: int
    recipe: Recipe | None = None
    rate: float | None = None
    settings: dict[str, Setting]
    status: Status
    reason: str = ""
    formulas: tuple[Formula, ...] = ()
    seconds: Number = Field(default=0.0, description="CPU seconds, tuning and training included")
    environment: Environment
    verified: Literal["self", "ci", "maintainer"] = "self"

    @property
    def name(self) -> str:
        """The task's name without its version."""
        return self.task.rpartition("@")[0]

    @property
    def stem(self) -> str:
        """Of the file's name, `recovery-250`."""
        return f"recovery-{self.budget}"


def reading_key(
    *,
    task_content: str,
    model: str,
    model_source: str,
    budget: int,
    recipe: Recipe | None,
    seeds: tuple[int, ...],
    settings: Settings,
) -> str:
    """Hash of all that decides what is read but the machine; drives resume."""
    parts = (
        f"{PROTOCOL}",
        f"recovery {METHOD}",
        task_content,
        model,
        model_source,
        str(budget),
        recipe.content() if recipe else "",
        repr(seeds),
        repr(sorted(settings.items())),
    )
    return sha256("\0".join(parts).encode()).hexdigest()
