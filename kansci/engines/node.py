"""What a node of a cluster does: it runs an order in a worker of its own, and replies.

Both are JSON. An order names what is to be trained; of files of the user's own it carries the text,
which is written down where the node does not have the same file at the same place.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from functools import cache
from hashlib import sha256
from pathlib import Path

import torch
from pydantic import BaseModel

from kansci.discover import PACKAGE, Origin, digest_of, home, model_from, origin_of, task_from
from kansci.engines.engine import choose_device, isolated
from kansci.environment import environment
from kansci.errors import UserError
from kansci.gears.objective import Gear
from kansci.recipe import Recipe
from kansci.sandbox import Foreign, foreign
from kansci.suite import Cell
from kansci.together import Job


class Said(
    BaseModel,
    frozen=True,
    extra="forbid",
    ser_json_inf_nan="strings",
    ser_json_bytes="base64",
    val_json_bytes="base64",
):
    """What travels as JSON."""


class Order(Said, frozen=True):
    """A job, and what it may take.

    Attributes:
        apart: whether the model is never to be loaded outside a sandbox.
        files: the user's own that define its tasks and its model, by path.
        versions: of whoever gives the order; a node that has others refuses.
        seconds: time limit of a cell.
        memory: limit in MB of a worker.
    """

    tasks: tuple[Origin, ...]
    model: Origin
    apart: bool
    budget: int
    recipe: Recipe
    suite: str
    files: dict[str, bytes]
    versions: dict[str, str]
    device: str
    seconds: float
    memory: float
    gear: Gear | None


class Reply(Said, frozen=True):
    """What became of an order.

    Attributes:
        records: each as JSON, in the order of the cells.
        problem: why there are none, for a reason that lies in this order.
        refusal: why this node takes no orders at all.
    """

    records: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    problem: str = ""
    refusal: str = ""


def order(
    job: Job,
    *,
    device: torch.device | str,
    seconds: float,
    memory: float,
    gear: Gear | None,
) -> Order:
    """Of a job that can travel."""
    tasks, model = [origin_of(task) for task in job.tasks], origin_of(job.model)
    assert model is not None
    known = tuple(one for one in tasks if one is not None)
    own = {one.file for one in (model, *known) if one.file}
    return Order(
        tasks=known,
        model=model,
        apart=isinstance(job.model, Foreign),
        budget=job.budget,
        recipe=job.recipe,
        suite=job.cells[0].suite,
        files={file: Path(file).read_bytes() for file in own if Path(file).is_file()},
        versions=versions(),
        device=torch.device(device).type,
        seconds=seconds,
        memory=memory,
        gear=gear,
    )


def serve(text: str) -> str:
    """From the JSON of an order to that of a reply; never raises for what an order does."""
    try:
        reply = _refusal(text) or _obey(Order.model_validate_json(text))
    except (UserError, OSError) as problem:
        reply = Reply(problem=" ".join(str(problem).split()))
    return reply.model_dump_json()


def _refusal(text: str) -> Reply | None:
    """Before anything else of the order is looked at: another version may not understand it."""
    wanted = _Head.model_validate_json(text).versions
    got = versions()
    if wanted != got:
        differ = [name for name in sorted(wanted | got) if wanted.get(name) != got.get(name)]
        what = ", ".join(f"{one} {wanted.get(one)} here and {got.get(one)} there" for one in differ)
        return Reply(refusal=f"{what}; install the same on all nodes")
    if os.environ.get("RAY_AUTH_MODE") != "token":
        return Reply(refusal="it takes any client; start it with RAY_AUTH_MODE=token")
    return None


class _Head(BaseModel, extra="ignore"):
    versions: dict[str, str]


def _obey(given: Order) -> Reply:
    where = _here(given.model, given.files)
    model = foreign(where.file) if given.apart else model_from(where)
    tasks = [task_from(_here(origin, given.files)) for origin in given.tasks]
    what = (model, given.budget, given.recipe, given.suite)
    job = Job(tuple(Cell(task, *what) for task in tasks))
    notes: list[str] = []
    records = isolated(
        job,
        device=choose_device(given.device),
        seconds=given.seconds,
        memory=given.memory,
        gear=given.gear,
        note=notes.append,
    )
    return Reply(records=tuple(one.model_dump_json() for one in records), notes=tuple(notes))


def _here(origin: Origin, files: dict[str, bytes]) -> Origin:
    """Where this node has the file: at the same place, or in a folder that ends with the process.

    Raises:
        UserError: if it is neither here nor in the order.
    """
    if not origin.file or digest_of(Path(origin.file)) == origin.digest:
        return origin
    if origin.file not in files:
        raise UserError(f"{origin.file}: gone since it was read; run it again")
    path = _scratch() / origin.digest[:16] / Path(origin.file).name
    if digest_of(path) != origin.digest:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(files[origin.file])
    return origin._replace(file=str(path))


@cache
def _scratch() -> Path:
    folder = tempfile.mkdtemp(prefix="kansci-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder).resolve()


@cache
def versions() -> dict[str, str]:
    """Of what decides numbers; the code itself counts, as a checkout has no other version."""
    here = environment(torch.device("cpu"))
    digest = sha256()
    for path in sorted([*PACKAGE.rglob("*.py"), *home("tasks").rglob("*")]):
        if path.is_file() and "__pycache__" not in path.parts:
            digest.update(path.read_bytes())
    return {"kansci": here.kansci, "its code": digest.hexdigest()[:8], "torch": here.torch}
