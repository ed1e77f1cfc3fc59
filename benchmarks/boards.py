"""How long all boards of ten thousand Records take, from files to tables, and in how much memory.

    python benchmarks/boards.py

25 models on 100 tasks at 4 budgets with 5 members each, made up: who is how good is drawn, a
twentieth of the members fail. Processor seconds on one thread.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before numpy

import resource
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time

import numpy as np

from kansci.boards.board import rank
from kansci.boards.reference import Reference
from kansci.ledger import load_records, path_of
from kansci.recipe import Optimizer, Recipe
from kansci.record import Curve, Environment, Record

FAMILIES = {"continual": 20, "feynman": 50, "pde": 30}
BUDGETS = (250, 1_000, 4_000, 16_000)
MODELS = ("mlp-silu", "kan", *(f"model-{i:02}" for i in range(23)))
SEEDS = (0, 1, 2, 3, 4)
RECIPE = Recipe(
    optimizers=(Optimizer(evaluations=2_000),), rates=(1e-3, 1e-2), evaluation_seeds=SEEDS
)
ENVIRONMENT = Environment(
    kansci="0", python="3", torch="2", numpy="2", system="any", processor="any", cores=1,
    threads=1, device="cpu", started="2026-01-01",
)  # fmt: skip


def synthetic(models: tuple[str, ...] = MODELS) -> Iterator[Record]:
    """One Record after another, the same ones each time."""
    rng = np.random.default_rng(0)
    level = {model: rng.normal(2, 0.5) for model in models}
    for family, count in FAMILIES.items():
        for task in range(count):
            hard = rng.normal(0, 0.5)
            for model in models:
                for budget in BUDGETS:
                    reached = level[model] - hard + np.log10(budget / 250) / 2
                    yield record(model, family, f"{family}-{task}", budget, reached, rng)


def record(
    model: str, family: str, task: str, budget: int, reached: float, rng: np.random.Generator
) -> Record:
    stages = 5 if family == "continual" else 1
    errors = 10 ** -np.abs(reached + rng.normal(0, 0.3, (stages, stages, len(SEEDS))))
    bad = rng.random(len(SEEDS)) < 0.05
    bad[0] = False
    names = tuple(f"part {i}" for i in range(stages))
    steps = tuple(np.unique(np.geomspace(1, 2_000, 30).astype(int)).tolist())
    losses = tuple(map(tuple, rng.random((len(steps), len(SEEDS))).tolist()))
    return Record(
        key=f"{model} {task} {budget}",
        task=f"{task}@1",
        task_content=task,
        family=family,
        metric="nrmse",
        trivial=1.0,
        scale=1.0,
        model=model,
        model_source="made up",
        budget=budget,
        parameters=budget - 10,
        recipe=RECIPE,
        status="ok",
        members=tuple("diverged" if one else "ok" for one in bad),
        stages=names,
        probes=names,
        errors=np.where(bad, np.nan, errors).tolist(),
        curves=tuple(Curve(stage=name, evaluations=steps, losses=losses) for name in names),
        environment=ENVIRONMENT,
    )


def main() -> None:
    from kansci.api import get_board, list_boards

    with TemporaryDirectory() as name:
        folder, written = Path(name), 0
        for one in synthetic():
            path = path_of(one, folder)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(one.model_dump_json())
            written += 1
        start = process_time()
        found = load_records(folder)
        laps = {f"load {written} Records": process_time() - start}
        reference = Reference.from_records(found)
        for board in list_boards():
            start = process_time()
            rank(get_board(board), found, reference)
            laps[board] = process_time() - start
    for lap, seconds in laps.items():
        print(f"{lap:25} {seconds:6.2f} s")
    # What is counted in kilobytes on Linux is counted in bytes on macOS.
    unit = 2**20 if sys.platform == "darwin" else 2**10
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
    print(f"{'all':25} {sum(laps.values()):6.2f} s, {peak:.0f} MB at most")


if __name__ == "__main__":
    main()
