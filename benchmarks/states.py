"""The rows of one case: cold as a run would choose, cached, and eager."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from cells import BUDGET, Case, measure
from rows import Row

from kansci.gears.objective import COMPILED_FROM, Objective
from kansci.lifting.ensemble import Member
from kansci.preparing import draw, prepare
from kansci.record import Gear
from kansci.sampling import stream
from kansci.training import work


def usual_gear(case: Case) -> Gear:
    """The gear that a run chooses by the work ahead, found without compiling."""
    recipe = case.recipe
    members = [
        Member(seed, 1.0, place)
        for place in range(len(case.tasks))
        for seed in recipe.evaluation_seeds
    ]
    ensemble = prepare(case.tasks, case.model, BUDGET, recipe, members)
    stages = [task.stages[0] for task in case.tasks]
    batch = draw(ensemble, stages, recipe, [stream("points", one.seed) for one in members])
    ahead = sum(work(task, recipe) for task in case.tasks)
    known = Objective(ensemble, stages[0].loss, batch, gear="eager")
    return "compiled" if ahead * known.weight >= COMPILED_FROM else "eager"


@contextmanager
def programs_in(folder: Path) -> Iterator[None]:
    """Compiled programs lie there, and not among those of the user."""
    before = os.environ.get("KANSCI_CACHE")
    os.environ["KANSCI_CACHE"] = str(folder)
    try:
        yield
    finally:
        if before is None:
            del os.environ["KANSCI_CACHE"]
        else:
            os.environ["KANSCI_CACHE"] = before


class Shares(NamedTuple):
    """How much of a cell's evaluations is trained, of each kind of row."""

    whole: float = 1.0
    cached: float = 0.2
    eager: float = 0.06


def rows_of(case: Case, gears: Sequence[Gear], shares: Shares) -> Iterator[Row]:
    """Of one case: from cold as a run would choose, then cached, then eager."""
    usual = usual_gear(case)
    with tempfile.TemporaryDirectory() as folder, programs_in(Path(folder)):
        if usual in gears:
            yield measure(case, usual, "cold", shares.whole)
        every: tuple[tuple[Gear, str, float], ...] = (
            ("compiled", "cold", shares.cached),
            ("compiled", "cached", shares.cached),
            ("eager", "cold", shares.eager),
        )
        for gear, state, share in every:
            if gear in gears and (gear, state) != (usual, "cold"):
                yield measure(case, gear, state, share)
