"""How a network is trained: the same for every model, and part of every Record's key."""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from math import prod
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, Field, PositiveFloat, PositiveInt, model_validator

HISTORY = 50  # pairs of L-BFGS; with 20, losses of small networks end 2 to 5 times as high
STRENGTHS = {"ewc": 500.0, "lwf": 1.0}  # of the methods that have one
MEMORY = 20  # points of a stage that are replayed
SEARCHING = frozenset({"lbfgs", "lm"})  # they compare losses, and have no learning rate


class Optimizer(BaseModel, frozen=True, extra="forbid"):
    """One optimizer and the evaluations of loss and gradient that it may spend in a stage.

    The recipe's rates, and so a schedule, are of Adam and of gradient descent; L-BFGS starts at 1,
    and Levenberg-Marquardt has its damping.

    Attributes:
        schedule: how the rates change after the warm-up.
        warmup: evaluations in which the rates rise linearly, before the schedule begins.
        clip: the longest gradient of a member, in the Euclidean norm.
        decay: of the weights, by `adamw` alone.
        history: pairs that `lbfgs` remembers, and it alone; 50, if none is given.
        refine: into how many each grid cell is divided before it begins; models without a grid
            go on as they are. Later stages go on with the fine grid.
    """

    added: ClassVar[frozenset[str]] = frozenset({"warmup", "clip", "decay", "history", "refine"})

    name: Literal["adam", "adamw", "sgd", "lbfgs", "lm"] = "adam"
    evaluations: PositiveInt
    schedule: Literal["constant", "cosine"] = "cosine"
    warmup: int = Field(default=0, ge=0)
    clip: PositiveFloat | None = None
    decay: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    history: PositiveInt | None = None
    refine: PositiveInt = 1

    @model_validator(mode="before")
    @classmethod
    def _with_history(cls, given: Any) -> Any:
        """A number in every recipe of L-BFGS: another default must not change what it means."""
        if isinstance(given, dict) and given.get("name") == "lbfgs":
            stated = {name: value for name, value in given.items() if value is not None}
            return {"history": HISTORY, **stated}
        return given

    @model_validator(mode="after")
    def _sensible(self) -> Optimizer:
        if self.warmup >= self.evaluations:
            wanted = f"want warmup < evaluations = {self.evaluations}"
            raise ValueError(f"{wanted}, got {self.warmup}: warm up for less, or train for longer")
        if self.name in SEARCHING:
            for option in ("warmup", "clip"):
                if getattr(self, option):
                    raise ValueError(
                        f"{option} is of a learning rate, {self.name} has none: omit it"
                    )
        if self.name == "adamw" and not self.decay:
            raise ValueError("adamw wants decay > 0, got 0: give one, or use adam")
        if self.name != "adamw" and self.decay:
            raise ValueError(f"decay is of adamw, got {self.decay} for {self.name}: use adamw")
        if self.name != "lbfgs" and self.history is not None:
            raise ValueError(f"history is of lbfgs, got {self.history} for {self.name}: omit it")
        return self


class Sparse(BaseModel, frozen=True, extra="forbid"):
    r"""A price on the functions of edges, in every loss of a model that has any.

    It is $\lambda \sum_l (\mu_1 |\Phi_l|_1 + \mu_2 S(\Phi_l))$: sizes of activations, and the
    entropy of their shares, as `kansci.models.edges.penalty` has them.

    Source: Liu et al. 2024, arXiv:2404.19756, section 2.5.1, equation 2.20.

    Attributes:
        strength: $\lambda$.
        l1: $\mu_1$.
        entropy: $\mu_2$.
    """

    strength: float = Field(gt=0, allow_inf_nan=False)
    l1: float = Field(default=1.0, ge=0, allow_inf_nan=False)
    entropy: float = Field(default=2.0, ge=0, allow_inf_nan=False)

    @model_validator(mode="after")
    def _sensible(self) -> Sparse:
        if not self.l1 and not self.entropy:
            raise ValueError("want l1 or entropy > 0, got 0 for both: give one, or omit sparse")
        return self


class Recipe(BaseModel, frozen=True, extra="forbid"):
    """Everything that decides a training, but for the task, the model and the budget.

    The rates are tried on the tuning seeds, and the best of them trains the evaluation seeds. The
    optimizers run one after another in every stage and start anew in each.

    Attributes:
        name: what people call it; like the version, no part of key or digest.
        version: raised whenever a recipe of this name is changed.
        optimizers: run in this order, in every stage.
        rates: learning rates tried, each on every tuning seed.
        tuning_seeds: seeds of the trainings that choose the rate.
        evaluation_seeds: seeds of the trainings that are scored.
        dtype: of weights and points; truths and points are float64 and rounded to it.
        points: drawn for a stage; `None` leaves each task its own number.
        resample: draw new points every so many evaluations; 0 draws once a stage,
            as whatever compares losses wants it.
        method: against forgetting, see `kansci.methods`: `naive` trains on, stage by stage, and
            `joint` learns all stages at once, the bound of a model.
        strength: of what `ewc` and `lwf` add to the loss; by default 500 and 1.
        memory: points of a stage that `replay` keeps; 20, if none are given.
        sparse: a price on the functions of edges; models without any train as without it.
    """

    added: ClassVar[frozenset[str]] = frozenset({"collocation", "sparse", "strength", "memory"})

    name: str = "custom"
    version: PositiveInt = 1
    optimizers: tuple[Optimizer, ...] = Field(min_length=1)
    rates: tuple[PositiveFloat, ...] = Field(min_length=1)
    tuning_seeds: tuple[int, ...] = (0,)
    evaluation_seeds: tuple[int, ...] = Field(min_length=1)
    dtype: Literal["float32", "float64"] = "float32"
    points: PositiveInt | None = None
    resample: int = Field(default=0, ge=0)
    collocation: Literal["uniform", "sobol"] = "uniform"
    method: Literal["naive", "joint", "replay", "ewc", "lwf", "frozen"] = "naive"
    strength: PositiveFloat | None = None
    memory: PositiveInt | None = None
    sparse: Sparse | None = None

    @model_validator(mode="before")
    @classmethod
    def _with_numbers(cls, given: Any) -> Any:
        """Every recipe of a method says its number: another default must not change its meaning."""
        if not isinstance(given, dict):
            return given
        stated = {name: value for name, value in given.items() if value is not None}
        method = str(given.get("method"))  # of whatever a file has there: fields are checked later
        if method in STRENGTHS:
            return {"strength": STRENGTHS[method], **stated}
        return {"memory": MEMORY, **stated} if method == "replay" else given

    @model_validator(mode="after")
    def _of_its_method(self) -> Recipe:
        if self.method not in STRENGTHS and self.strength is not None:
            wanted = f"strength is of {' and '.join(STRENGTHS)}"
            raise ValueError(f"{wanted}, got {self.strength:g} for {self.method}: omit it")
        if self.method != "replay" and self.memory is not None:
            raise ValueError(f"memory is of replay, got {self.memory} for {self.method}: omit it")
        names = [optimizer.name for optimizer in self.optimizers]
        if self.method not in ("naive", "joint") and "lm" in names:
            wanted = "lm wants the squares of a stage alone, for all weights"
            raise ValueError(f"{wanted}, got method = {self.method}: use lbfgs")
        if self.method == "frozen" and "adamw" in names:
            raise ValueError("frozen wants weights that stay, adamw shrinks them all: use adam")
        return self

    @model_validator(mode="after")
    def _steady(self) -> Recipe:
        searching = [one.name for one in self.optimizers if one.name in SEARCHING]
        if self.resample and searching:
            wanted = f"{searching[0]} wants a loss that stays as it is"
            raise ValueError(f"{wanted}, got resample = {self.resample}: resample 0")
        return self

    @model_validator(mode="after")
    def _coarse_first(self) -> Recipe:
        first = self.optimizers[0]
        if first.refine > 1:
            wanted = "want a coarse grid to be trained before it is refined"
            raise ValueError(
                f"{wanted}, got refine = {first.refine} for the first optimizer: omit it there"
            )
        return self

    @model_validator(mode="after")
    def _squares_alone(self) -> Recipe:
        if self.sparse is not None and any(one.name == "lm" for one in self.optimizers):
            got = f"sparse with strength = {self.sparse.strength:g}"
            raise ValueError(
                f"lm wants a loss that is a sum of squares, got {got}: use lbfgs, or omit sparse"
            )
        return self

    @property
    def digest(self) -> str:
        """Names all but the seeds that are scored: Records of one digest may be compared."""
        return _digest(self)

    @property
    def evaluations(self) -> int:
        """Evaluations of loss and gradient in one stage."""
        return sum(optimizer.evaluations for optimizer in self.optimizers)

    @property
    def refine(self) -> int:
        """Into how many cells each of the first grid is divided in the end."""
        return prod(optimizer.refine for optimizer in self.optimizers)

    def content(self, *, scored: bool = True) -> str:
        """All that decides numbers, as JSON: what keys and digests hash.

        A field of the first recipes is always there, lest another default change what an old key
        means. One that was `added` later is left out where it has its default, which has to mean
        "as before": so recipes that do not use it keep their keys.

        Args:
            scored: whether the evaluation seeds are among it.
        """
        omitted: dict[str, Any] = dict.fromkeys({"name", "version", *_neutral(self)}, True)
        if not scored:
            omitted["evaluation_seeds"] = True
        omitted["optimizers"] = {
            index: _neutral(optimizer) for index, optimizer in enumerate(self.optimizers)
        }
        return self.model_dump_json(exclude=omitted)


def _neutral(part: Optimizer | Recipe) -> set[str]:
    """Fields that were added since the first recipes and have their default."""
    fields = type(part).model_fields
    return {name for name in part.added if getattr(part, name) == fields[name].default}


@cache  # boards ask at every turn; copies of a recipe with other fields would take along its own
def _digest(recipe: Recipe) -> str:
    return sha256(recipe.content(scored=False).encode()).hexdigest()[:12]
