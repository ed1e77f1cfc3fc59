"""Records made up for pages: all that can be wrong with one, and a submission that means harm."""

import ledgers
import numpy as np
import torch
from ledgers import RECIPE

from kansci import weights
from kansci.api import frozen_reference, get_board, list_boards
from kansci.boards.board import rank
from kansci.discover import get_model, get_task
from kansci.figures.typical import final_error
from kansci.ledger import save
from kansci.lifting.stacked import named
from kansci.preparing import maker
from kansci.reading import Formula, Reading
from kansci.record import Curve
from kansci.site import ClaimText, build

EVIL = '<script>alert("1")</script>'
ENVIRONMENT = ledgers.environment("2026-01-01T00:00:00").model_copy(update={"commit": "c0ffee" * 4})
TASKS = (
    ("pde", "poisson", 250),
    ("feynman", "feynman27/I.12.11", 250),
    ("feynman", "feynman27/I.12.11", 1000),
    ("feynman", f"mine/{EVIL}", 250),
    ("continual", "bumps_1d", 250),
)
MODELS = {"kan": 2.0, "KAN": 1.7, "mlp-silu": 1.5, "linear-rbf": 1.0, EVIL: 1.8}
CLAIM = ClaimText(
    id="C1", title="Ten times", claim=f"Ten times {EVIL}", source="A 2024", setting="a desk",
    ours="", command="kansci claims --run C1", bibtex="@misc{a, title = {<b>}}",
    word="holds in part", sentence="3 [2, 4]", measured=(("ratio", "3 [2, 4]"),),
)  # fmt: skip


def record(model, place, level=1.0, **more):
    """Three members near so many decades, with the curves of their training."""
    family, task, budget = place
    rng = np.random.default_rng([len(model), len(task), budget])
    stages = 3 if family == "continual" else 1
    names = tuple(f"stage {i}" for i in range(stages))
    errors = 10 ** -(level + 0.2 * rng.standard_normal((stages, stages, 3)))
    fields = {
        "key": f"{model}/{place}",
        "stages": names,
        "probes": names,
        "curves": [
            Curve(stage=name, evaluations=(1, 3, 10), losses=((1, 2, 3), (0.5, 0.2, 0), (0, 1, 1)))
            for name in names
        ],
        "environment": ENVIRONMENT,
    }
    return ledgers.record(model, place, errors, **fields).updated(**more)


def trained(model, place, folder, **more):
    """A Record with networks beside it: as they start, one for each seed, with their errors."""
    _, name, budget = place
    task, make = get_task(name), maker(get_task(name), get_model(model), budget, RECIPE)
    with torch.random.fork_rng():
        torch.manual_seed(0)  # noqa: TID251 - untrained networks, the same every time
        networks = [make().eval() for _ in RECIPE.evaluation_seeds]
    parts = [named(network) for network in networks]
    state = {key: torch.stack([part[key].detach() for part in parts]) for key in parts[0]}
    found = record(model, place, **more)
    ends = [final_error(task, network) for network in networks]
    errors = [[ends for _ in found.probes] for _ in found.stages]
    kept = record(model, place, **{"errors": errors, **more})
    kept = kept.updated(weights=weights.write(state, kept, folder))
    save(kept, folder)  # takes its networks along
    return kept


def speed(model, ratio):
    times = {"network": "2-5-1", "low": 0.9 * ratio, "high": 1.1 * ratio, "cpu_ms": 1, "wall_ms": 1}
    works = ("forward", "forward + backward")
    timings = [ledgers.timing(ratio, work, **times) for work in works]
    found = ledgers.speed(model, *timings, budget=250)
    own = {"key": f"speed/{model}", "parameters": 240, "environment": ENVIRONMENT}
    return found.model_copy(update=own)


def reading(model):
    return Reading(
        key="reading", task=f"{TASKS[1][1]}@1", task_content="content", truth="1 + a*sin(theta)",
        model=model, model_source="source", budget=250, recipe=RECIPE, settings={"pruning": 0.1},
        status="ok", environment=ENVIRONMENT,
        formulas=(
            Formula(seed=0, status="ok", text="a*sin(theta) + 1", exact=True, distance=0, nrmse=0),
            Formula(seed=1, status="diverged", reason=EVIL),
        ),
    )  # fmt: skip


def records(folder):
    """Five models: one lacks a cell, one has failed, one does not apply, one has an old Record.

    Networks of some are in the folder; those of `linear-rbf` have another error than its Record.
    """
    found = {
        (model, place): record(model, place, level)
        for model, level in MODELS.items()
        for place in TASKS
    }
    del found["mlp-silu", TASKS[2]]
    gone = {"errors": (), "curves": (), "parameters": None}
    crashed = {**gone, "status": "crashed", "members": ("crashed",) * 3, "reason": EVIL}
    apart = {**gone, "status": "not_applicable", "members": (), "reason": "takes 2 derivatives"}
    found[EVIL, TASKS[0]] = record(EVIL, TASKS[0], **crashed)
    found["linear-rbf", TASKS[0]] = record("linear-rbf", TASKS[0], **apart)
    partly = {"members": ("ok", "diverged", "ok")}
    found["KAN", TASKS[1]] = record("KAN", TASKS[1], 1.7, **partly)
    for model, place in (("kan", TASKS[0]), ("mlp-silu", TASKS[0]), ("kan", TASKS[4])):
        found[model, place] = trained(model, place, folder)
    changed = {"errors": record("linear-rbf", TASKS[4]).errors}
    found["linear-rbf", TASKS[4]] = trained("linear-rbf", TASKS[4], folder, **changed)
    old = record("kan", TASKS[0], 3.0, task_content="another", key="old")
    return [*found.values(), old, reading("kan"), speed("kan", 4.0), speed("mlp-silu", 1.0)]


def site(out):
    """All boards, all pages; gives the Records back, whose networks are in `kept` beside it."""
    found = records(out.parent / "kept")
    write(found, out, out.parent / "kept")
    return found


def write(found, out, kept):
    """The site of some Records, with the networks of a folder."""
    boards = [get_board(name) for name in list_boards()]
    standings = [(board, rank(board, found)) for board in boards]
    build(standings, found, out, reference=frozen_reference(), claims=[CLAIM], kept=kept)
