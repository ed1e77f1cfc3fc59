"""Stores for tests, and Records to log.

MLflow takes seconds to make a database; a copy of an empty one takes none.
"""

import contextlib
import io
import math
import shutil
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from kansci.recipe import Optimizer, Recipe
from kansci.record import Curve, Environment, Record, Speed, Timing
from kansci.store import Store, open_store
from kansci.store.place import sqlite_place

MEMORY = Path("/dev/shm")  # a hundred migrations of a database wait for a disk that many times
NAN = math.nan
HERE = Environment(
    kansci="0.1.0",
    python="3.11",
    torch="2.6",
    numpy="2.0",
    system="Linux",
    processor="a processor",
    cores=2,
    threads=1,
    device="cpu",
    started="2026-01-02T03:04:05+00:00",
)


class Made(NamedTuple):
    """An empty database, and what was printed as it was made."""

    folder: TemporaryDirectory[str]  # lasts as long as the process
    file: Path
    said: str


@cache
def empty_store() -> Made:
    """Made once in a process."""
    folder = TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None)
    said = io.StringIO()
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
        open_store((), sqlite_place(Path(folder.name)))
    return Made(folder, Path(folder.name, "mlflow.db"), said.getvalue())


def fresh_store(folder: Path) -> Store:
    """An open store without a run, in a folder that is made where it is missing."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(empty_store().file, folder / "mlflow.db")
    return open_store(place=sqlite_place(folder))


def a_record(**changed: Any) -> Record:
    """One stage, two members, 1 and 3 decades."""
    fields: dict[str, Any] = {
        "key": "k",
        "suite": "quick",
        "task": "poisson@1",
        "task_content": "c",
        "family": "pde",
        "metric": "relative_l2",
        "trivial": 1.0,
        "scale": 1.0,
        "model": "fastkan",
        "model_source": "m",
        "budget": 250,
        "parameters": 246,
        "recipe": Recipe(
            optimizers=(Optimizer(evaluations=100),), rates=(0.01,), evaluation_seeds=(0, 1)
        ),
        "status": "ok",
        "members": ("ok", "ok"),
        "stages": ("all",),
        "probes": ("all",),
        "errors": (((0.1, 0.001),),),
        "curves": (Curve(stage="all", evaluations=(1, 100), losses=((2.0, 1.0), (0.2, 0.1))),),
        "environment": HERE,
    }
    return Record(**{**fields, **changed})


def two_stages(**changed: Any) -> Record:
    """Two members learn 2 decades of each and keep 1 of the first; the third member fails."""
    first, second = ((0.01, 0.01, 5.0), (1.0, 1.0, 5.0)), ((0.1, 0.1, NAN), (0.01, 0.01, NAN))
    fields: dict[str, Any] = {
        "task": "bumps_1d@1",
        "family": "continual",
        "stages": ("left", "right"),
        "probes": ("left", "right"),
        "errors": (first, second),
        "members": ("ok", "ok", "diverged"),
        "curves": tuple(
            Curve(stage=name, evaluations=(1, 100), losses=((2.0, 1.0, 1.0), (0.2, 0.1, NAN)))
            for name in ("left", "right")
        ),
    }
    return a_record(**{**fields, **changed})


def a_speed() -> Speed:
    def timing(work: Any, ratio: float) -> Timing:
        milliseconds = ("cpu_ms", "wall_ms", "reference_cpu_ms", "reference_wall_ms", "spread")
        return Timing(
            shape="equal width",
            network="[784, 256, 10]",
            work=work,
            batch=64,
            ratio=ratio,
            low=1,
            high=9,
            blocks=9,
            **dict.fromkeys(milliseconds, 1.0),
        )

    return Speed(
        key="s",
        model="fastkan",
        model_source="m",
        reference="mlp-silu",
        budget=250,
        parameters=246,
        status="ok",
        timings=(timing("forward", 2.0), timing("forward + backward", 4.0)),
        environment=HERE,
    )


def monster() -> Record:
    """More stages, members and text than any real Record has."""
    names = tuple(f"stage {number}" for number in range(400))
    evaluations = tuple(range(1, 31))
    return two_stages(
        model="🂡" * 9000,
        reason="🂡" * 9000,
        recipe=Recipe(
            optimizers=(Optimizer(evaluations=30),) * 900,
            rates=(0.01,) * 9000,
            evaluation_seeds=tuple(range(9000)),
        ),
        stages=names,
        probes=("all",),
        errors=(((0.1, 0.2, 0.3),),) * 400,
        curves=tuple(
            Curve(stage=name, evaluations=evaluations, losses=((1.0,) * 3,) * 30) for name in names
        ),
    )
