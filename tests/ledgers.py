"""Records made up for boards: what was trained is chosen, error by error."""

import numpy as np

from kansci.api import get_board
from kansci.boards.board import rank
from kansci.boards.reference import Reference
from kansci.recipe import Optimizer, Recipe
from kansci.record import Environment, Record, Speed, Timing

RECIPE = Recipe(optimizers=(Optimizer(evaluations=10),), rates=(0.01,), evaluation_seeds=(0, 1, 2))
PLACES = (
    ("feynman", "I.6.20", 250),
    ("feynman", "I.6.20", 1000),
    ("feynman", "I.12.11", 250),
    ("feynman", "I.12.11", 1000),
    ("pde", "poisson", 250),
    ("pde", "poisson", 1000),
)


def environment(started="2025-01-01"):
    return Environment(
        kansci="0", python="3", torch="2", numpy="2", system="any", processor="any",
        cores=1, threads=1, device="cpu", started=started,
    )  # fmt: skip


def record(model, place=("pde", "poisson", 250), errors=(0.1, 0.1, 0.1), **more):
    """One Record; `errors` are a member's on the only probe, or `[stage][probe][member]`."""
    family, task, budget = place
    errors = np.array(errors, dtype=float)
    errors = errors.reshape(1, 1, -1) if errors.ndim == 1 else errors
    names = tuple(f"part {i}" for i in range(errors.shape[1]))
    started = more.pop("started", "2025-01-01")
    fields = {
        "key": f"{model}/{place}/{started}",
        "task": f"{task}@1",
        "task_content": "content",
        "family": family,
        "metric": "nrmse",
        "trivial": 1.0,
        "scale": 1.0,
        "model": model,
        "model_source": "source",
        "budget": budget,
        "parameters": budget - 10,
        "recipe": RECIPE,
        "status": "ok",
        "members": ("ok",) * errors.shape[2],
        "stages": names[: errors.shape[0]],
        "probes": names,
        "errors": errors.tolist(),
        "environment": environment(started),
    }
    return Record(**{**fields, **more})


def failed(model, place, status="crashed"):
    gone = {"errors": (), "parameters": None, "status": status}
    members = (status,) * 3 if status == "crashed" else ()
    return record(model, place).model_copy(update={**gone, "members": members})


def grid(model, seed, level=1.5):
    rng = np.random.default_rng(seed)
    return [record(model, place, 10 ** -(level + rng.normal(0, 0.3, 3))) for place in PLACES]


def pool():
    return [one for i in range(4) for one in grid(f"model-{i}", i, 1 + i / 2)]


def ladder(model="mlp-silu", decades=(0.5, 1.0, 2.0)):
    budgets = (60, 250, 1000)
    return Reference.from_records(
        record(model, (family, task, budget), [10**-reached] * 3)
        for family, task in dict.fromkeys(place[:2] for place in PLACES)
        for budget, reached in zip(budgets, decades, strict=True)
    )


def continual(model, just_after, end, **more):
    """Three stages; before its stage a probe stands at zero decades."""
    decades = np.zeros((3, 3, 3))
    for stage in range(3):
        decades[stage, :stage] = end
        decades[stage, stage] = just_after
    place = ("continual", "bumps", 250)
    return record(model, place, 10**-decades, **more)


def timing(ratio, work="forward", **more):
    fields = {
        "shape": "equal parameters", "network": "2-8-1", "work": work, "batch": 256,
        "ratio": ratio, "low": ratio / 1.1, "high": ratio * 1.1, "cpu_ms": ratio, "wall_ms": ratio,
        "reference_cpu_ms": 1, "reference_wall_ms": 1, "spread": 0.1, "blocks": 9,
    }  # fmt: skip
    return Timing(**{**fields, **more})


def speed(model, *timings, status="ok", reason="", budget=1000):
    return Speed(
        key=model, model=model, model_source="", reference="mlp-silu", budget=budget,
        parameters=budget, status=status, reason=reason, timings=timings, environment=environment(),
    )  # fmt: skip


def laned(model, *timings, gear="eager", dtype="float32", widths=(), device="cpu", started="2026"):
    """A Record of the speed lane."""
    place = environment().model_copy(update={"device": device, "started": started})
    lane = f"{'-'.join(map(str, widths)) or 1000}-{dtype}-{gear}-{device}"
    return speed(model, *timings, budget=0 if widths else 1000).model_copy(
        update={"lane": lane, "gear": gear, "dtype": dtype, "widths": widths, "environment": place}
    )


def rows(name, records, reference=None):
    """Of a board, by model."""
    return {row.model: row for row in rank(get_board(name), records, reference)}
