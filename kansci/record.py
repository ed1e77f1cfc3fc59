"""A run is a Record: one model on one task at one budget, with all its seeds."""

from __future__ import annotations

from hashlib import sha256
from typing import Literal

from pydantic import Field, ValidationInfo, field_validator

from kansci.frozen import Frozen as Frozen
from kansci.frozen import Number as Number
from kansci.recipe import Recipe

SCHEMA = 1
PROTOCOL = 1  # raised whenever the same recipe would give other numbers

Status = Literal[
    "ok",
    "diverged",
    "invalid_output",
    "crashed",
    "timeout",
    "out_of_memory",
    "not_applicable",
    "does_not_fit",
]
Submitted = Literal["", "self-reported", "verified", "flagged"]  # "": no submission
FAILED: frozenset[Status] = frozenset(
    {"diverged", "invalid_output", "crashed", "timeout", "out_of_memory"}
)


class Trial(Frozen, frozen=True):
    """One training of the tuning: the rate that ends lowest is chosen."""

    rate: float
    seed: int
    score: Number = Field(description="lower is better; what is scored is the Record's `tuned_by`")


class Curve(Frozen, frozen=True):
    """Training losses of one stage, thinned to log-spaced evaluations."""

    stage: str
    evaluations: tuple[int, ...]
    losses: tuple[tuple[Number, ...], ...] = Field(description="[evaluation][member]")


class Environment(Frozen, frozen=True):
    """Where a Record comes from; no part of its key."""

    kansci: str
    python: str
    torch: str
    numpy: str
    system: str
    processor: str
    cores: int
    threads: int
    device: str
    commit: str | None = None
    dirty: bool | None = None
    started: str = Field(description="UTC, ISO 8601")


class Record(Frozen, frozen=True):
    """Everything that is known of one model on one task at one budget.

    `errors[stage][probe][member]` are the errors on the test probes after each stage, in the
    task's metric; NaN for a member that failed. `trivial` is the error of the trivial predictor.
    """

    schema_version: Literal[1] = SCHEMA
    key: str
    suite: str = "custom"
    task: str = Field(description="name@version")
    task_content: str
    cluster: str = Field(default="", description="of equal tasks, which boards count once")
    family: str
    metric: str
    trivial: float
    scale: Number = Field(description="standard deviation of the target: NRMSE times it is RMSE")
    model: str
    model_source: str = Field(description="hash of the source that builds the network")
    budget: int
    parameters: int | None = Field(description="trainable numbers of one network")
    adapted: int = Field(default=0, description="untrained numbers that differ or change")
    recipe: Recipe
    rate: float | None = None
    tuned_by: str = ""
    tuning: tuple[Trial, ...] = ()
    status: Status
    members: tuple[Status, ...] = ()
    reason: str = ""
    stages: tuple[str, ...] = ()
    probes: tuple[str, ...] = ()
    points: tuple[int, ...] = Field(default=(), description="of each probe")
    spreads: tuple[Number, ...] = Field(
        default=(), description="standard deviation of each probe's truth about its own mean"
    )
    errors: tuple[tuple[tuple[Number, ...], ...], ...] = ()
    untrained: tuple[tuple[Number, ...], ...] = Field(
        default=(), description="[probe][member]: errors before the first of several stages"
    )
    beside: dict[str, tuple[Number, ...]] = Field(
        default_factory=dict, description="further errors at the end, by name: one for each member"
    )
    coefficients: dict[str, tuple[Number, ...]] = Field(
        default_factory=dict, description="found by inverse problems, by name: one for each member"
    )
    curves: tuple[Curve, ...] = ()
    weights: str = Field(
        default="", description="SHA-256 of the safetensors beside it; empty: not kept"
    )
    seconds: Number = Field(
        default=0.0,
        description="CPU seconds, tuning and compiling included; an equal share of those of all "
        "cells that trained together",
    )
    memory: Number = Field(default=0.0, description="peak resident MB of the process")
    lifted: bool | None = None
    gear: Literal["eager", "compiled"] = "eager"
    rough: bool = False
    environment: Environment
    verified: Literal["self", "ci", "maintainer"] = "self"
    submitted: Submitted = Field(
        default="", exclude=True, description="status of the bundle it was read from; in no file"
    )

    @field_validator("submitted")
    @classmethod
    def _in_no_file(cls, value: Submitted, info: ValidationInfo) -> Submitted:
        if info.mode == "json":
            raise ValueError("what came of a submission is not for its Records to say")
        return value

    @property
    def name(self) -> str:
        """The task's name without its version."""
        return self.task.rpartition("@")[0]

    @property
    def numbers(self) -> int:
        """What counts: trainable and adapted numbers; the budget where nothing was built."""
        return self.budget if self.parameters is None else self.parameters + self.adapted

    def updated(self, **changes: object) -> Record:
        """A copy with other values, checked as the first ones were."""
        return Record.model_validate({**dict(self), **changes})

    @property
    def failed(self) -> int:
        """Members that count as the trivial predictor."""
        return sum(status in FAILED for status in self.members)


def record_key(
    *, task_content: str, model: str, model_source: str, budget: int, recipe: Recipe
) -> str:
    """Hash of all that decides the numbers of a Record but the machine; drives resume."""
    parts = (str(PROTOCOL), task_content, model, model_source, str(budget), recipe.content())
    return sha256("\0".join(parts).encode()).hexdigest()


Work = Literal["forward", "forward + backward", "training step", "inference"]
Gear = Literal["eager", "compiled"]


class Timing(Frozen, frozen=True):
    """One network timed against the reference, both interleaved in one process, or in several."""

    shape: Literal["equal parameters", "equal width"]
    network: str = Field(description="widths or numbers of both networks, for people")
    work: Work
    batch: int
    dtype: str = "float32"
    gear: Gear = "eager"
    ratio: Number = Field(
        description="of the time against the reference's: median over blocks, or over processes"
    )
    low: Number = Field(
        description="2.5 % of the bootstrapped median of blocks; of processes, see `median`"
    )
    high: Number
    cpu_ms: Number
    wall_ms: Number
    reference_cpu_ms: Number
    reference_wall_ms: Number
    spread: Number = Field(description="interquartile range of the ratios")
    blocks: int
    processes: int = Field(default=1, description="six or more: the interval is over them")
    settled: bool | None = Field(
        default=None, description="whether the interval became as narrow as asked; None: not asked"
    )
    device_ms: Number | None = Field(default=None, description="by events of a GPU: the ratio's")
    reference_device_ms: Number | None = None
    kept: int | None = Field(default=None, description="bytes kept for the backward pass")
    reference_kept: int | None = None
    first_call: Number | None = Field(default=None, description="seconds, compiling included")
    reference_first_call: Number | None = None


class Speed(Frozen, frozen=True):
    """How fast one plain network of a model is beside the reference MLP on the same machine.

    A suite times a model in passing, at its budget. The speed lane measures alone on the machine,
    one Record for each model, budget or widths, dtype, gear and device: `lane` names the part.
    """

    schema_version: Literal[1] = SCHEMA
    key: str
    suite: str = "custom"
    task: Literal["speed@1"] = "speed@1"
    family: Literal["speed"] = "speed"
    model: str
    model_source: str
    package: str = Field(
        default="", description="that was timed and its version, `inkan 0.5.2`; empty: none"
    )
    reference: str
    budget: int = Field(description="0: none, as both networks have the same widths")
    parameters: int | None
    lane: str = Field(default="", description="`250-float32-eager-cpu`; empty: timed by a suite")
    widths: tuple[int, ...] = ()
    dtype: str = "float32"
    gear: Gear = "eager"
    precision: Number | None = Field(default=None, description="relative width of intervals asked")
    limit: Number | None = Field(default=None, description="seconds that a timing was given")
    status: Status
    reason: str = ""
    timings: tuple[Timing, ...] = ()
    left_out: tuple[str, ...] = Field(default=(), description="timings that are not, and why")
    load: Number = Field(default=0.0, description="load average of the machine while measuring")
    environment: Environment
    verified: Literal["self", "ci", "maintainer"] = "self"

    @property
    def name(self) -> str:
        return "speed"

    @property
    def stem(self) -> str:
        """Of the file's name, `speed-250` or `speed-784-256-10-float32-eager-cpu`."""
        return f"speed-{self.lane or self.budget}"
