"""How a network is trained: the same for every model, and part of every Record's key."""

from hashlib import sha256
from typing import Literal

from pydantic import BaseModel, Field, PositiveFloat, PositiveInt


class Optimizer(BaseModel, frozen=True, extra="forbid"):
    """One optimizer and the evaluations of loss and gradient that it may spend in a stage."""

    name: Literal["adam", "sgd"] = "adam"
    evaluations: PositiveInt
    schedule: Literal["constant", "cosine"] = "cosine"


class Recipe(BaseModel, frozen=True, extra="forbid"):
    """Everything that decides a training, but for the task, the model and the budget.

    The rates are tried on the tuning seeds, and the best of them trains the evaluation seeds. The
    optimizers run one after another in every stage and start anew in each.

    Attributes:
        optimizers: run in this order, in every stage.
        rates: learning rates tried, each on every tuning seed.
        tuning_seeds: seeds of the trainings that choose the rate.
        evaluation_seeds: seeds of the trainings that are scored.
        dtype: of weights and points; truths and points are float64 and rounded to it.
        points: drawn for a stage; `None` leaves each task its own number.
        resample: draw new points every so many evaluations; 0 draws once a stage.
        method: continual method; `naive` trains on, stage by stage.
    """

    name: str = "custom"
    optimizers: tuple[Optimizer, ...] = Field(min_length=1)
    rates: tuple[PositiveFloat, ...] = Field(min_length=1)
    tuning_seeds: tuple[int, ...] = (0,)
    evaluation_seeds: tuple[int, ...] = Field(min_length=1)
    dtype: Literal["float32", "float64"] = "float32"
    points: PositiveInt | None = None
    resample: int = Field(default=0, ge=0)
    method: Literal["naive"] = "naive"

    @property
    def digest(self) -> str:
        """Names all but the seeds that are scored: Records of one digest may be compared."""
        content = self.model_dump_json(exclude={"name", "evaluation_seeds"})
        return sha256(content.encode()).hexdigest()[:12]

    @property
    def evaluations(self) -> int:
        """Evaluations of loss and gradient in one stage."""
        return sum(optimizer.evaluations for optimizer in self.optimizers)
