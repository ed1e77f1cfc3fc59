"""What a cell costs beside its training steps: everything from `import` to MLflow's last word.

    python benchmarks/harness.py EVALUATIONS GEAR CELLS

is one command that runs cells, in a worker, and logs their Records to a store of its own. Its
processor time is `command + cells * (own + step * evaluations)`; three runs give the three numbers.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

FEW, MANY = 20, 220
CELLS = 5  # budgets a number apart: the same networks, and another key


def share(gear: str, evaluations: int, *, few: int = FEW, many: int = MANY) -> dict[str, Any]:
    """Seconds of a command, and of a cell outside of its steps, with its share of that cell."""
    _command(few, gear, 1)  # its programs are there from now on
    one, long = _command(few, gear, 1), _command(many, gear, 1)
    several = _command(few, gear, CELLS)
    step = (long - one) / (many - few)
    own = max((several - one) / (CELLS - 1) - few * step, 0.0)
    return {
        "gear": gear,
        "command": max(one - own - few * step, 0.0),
        "outside": own,
        "steps": step * evaluations,
        "share": own / (own + step * evaluations),
    }


def _command(evaluations: int, gear: str, count: int) -> float:
    """Processor seconds of a process and of all that it starts."""
    import resource

    def children() -> float:
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime

    before = children()
    words = [sys.executable, __file__, str(evaluations), gear, str(count)]
    with tempfile.TemporaryDirectory() as folder:
        store = f"sqlite:///{Path(folder, 'mlflow.db').as_posix()}"
        variables = {**os.environ, "OMP_NUM_THREADS": "1", "MLFLOW_TRACKING_URI": store}
        subprocess.run(words, check=True, cwd=folder, env=variables)
    return children() - before


def some_cells(evaluations: int, gear: str, count: int) -> None:
    """The command itself."""
    import cells

    from kansci.discover import get_model, get_task
    from kansci.engines.engine import execute
    from kansci.store import open_store
    from kansci.suite import Cell, get_suite
    from kansci.together import Job

    store = open_store()
    recipe = get_suite(cells.SUITE).recipe("pde")
    recipe = cells.shared(recipe, evaluations / recipe.evaluations)
    task, model = get_task("poisson"), get_model("kan")
    jobs = [
        Job((Cell(task, model, cells.BUDGET - number, recipe, cells.SUITE),))
        for number in range(count)
    ]
    for record in execute(jobs, gear=gear):  # type: ignore[arg-type]
        if record.status != "ok":
            raise SystemExit(f"{record.status}: {record.reason}")
        store.log(record)


if __name__ == "__main__":
    some_cells(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
