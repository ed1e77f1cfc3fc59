"""What a cell costs beside its training steps: everything from `import` to MLflow's last word.

    python benchmarks/harness.py EVALUATIONS GEAR

is one command that runs one cell, in a worker, and logs its Record to a store of its own. Its
processor time is `h + c * evaluations`; two runs give both numbers.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

FEW, MANY = 20, 220


def share(gear: str, evaluations: int, *, few: int = FEW, many: int = MANY) -> dict[str, Any]:
    """Seconds outside of training steps, and their share of a cell of so many evaluations."""
    _command(few, gear)  # its programs are there from now on
    least, most = (_command(count, gear) for count in (few, many))
    step = (most - least) / (many - few)
    outside = max(least - few * step, 0.0)
    return {
        "gear": gear,
        "outside": outside,
        "steps": step * evaluations,
        "share": outside / (outside + step * evaluations),
    }


def _command(evaluations: int, gear: str) -> float:
    """Processor seconds of a process and of all that it starts."""
    import resource

    def children() -> float:
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime

    before = children()
    words = [sys.executable, __file__, str(evaluations), gear]
    with tempfile.TemporaryDirectory() as folder:
        store = f"sqlite:///{Path(folder, 'mlflow.db').as_posix()}"
        variables = {**os.environ, "OMP_NUM_THREADS": "1", "MLFLOW_TRACKING_URI": store}
        subprocess.run(words, check=True, cwd=folder, env=variables)
    return children() - before


def one_cell(evaluations: int, gear: str) -> None:
    """The command itself."""
    import cells

    from kansci.discover import get_model, get_task
    from kansci.engine import execute
    from kansci.store import open_store
    from kansci.suite import Cell, get_suite
    from kansci.together import Job

    store = open_store()
    recipe = get_suite(cells.SUITE).recipe("pde")
    recipe = cells.shared(recipe, evaluations / recipe.evaluations)
    cell = Cell(get_task("poisson"), get_model("kan"), cells.BUDGET, recipe, cells.SUITE)
    for record in execute([Job((cell,))], gear=gear):  # type: ignore[arg-type]
        if record.status != "ok":
            raise SystemExit(f"{record.status}: {record.reason}")
        store.log(record)


if __name__ == "__main__":
    one_cell(int(sys.argv[1]), sys.argv[2])
