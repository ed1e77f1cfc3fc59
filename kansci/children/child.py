"""What a child does: finds its task and model by name, trains, and sends back what was learned.

It is told names, numbers and the recipe, in JSON, and asks its parent for the rates once; see
`messages` for what it says. In the sandbox of a submitted file it has no tasks: it is handed them
without their truth, and asks for points as it goes.
"""

from __future__ import annotations

import gc
import os
import resource
import signal
import socket
import sys
import warnings
from importlib import import_module
from pathlib import Path
from typing import Annotated

import torch
from pydantic import Field, TypeAdapter

from kansci.children.allocation import keep_freed_memory
from kansci.children.assignment import Assignment, Here
from kansci.children.blind import Line, blind, repeated
from kansci.children.messages import Answer, Failure, Note, Partial, Steps, send
from kansci.children.parcels import facts_of, packed
from kansci.diagnosis import diagnosis
from kansci.discover import get_model, model_from, task_from
from kansci.errors import RAISED
from kansci.forkserver import megabytes, serve
from kansci.gears.tracing import traced
from kansci.judging import check_shapes
from kansci.pde import pde
from kansci.recipe import Optimizer, Recipe
from kansci.record import Curve
from kansci.sandbox import guard
from kansci.sandbox.errands import LONGEST, Errand, run
from kansci.suite import Cell
from kansci.together import Job
from kansci.training import Learned, train
from kansci.way import Watch

STEPS = 25  # evaluations between two words of a child
MOST = 1 << 26  # bytes of what a parent says
ASKED: TypeAdapter[Assignment | Errand] = TypeAdapter(
    Annotated[Assignment | Errand, Field(discriminator="kind")]
)
RATES: TypeAdapter[list[float]] = TypeAdapter(list[float])


def serve_forever(handle: int) -> None:
    """The forkserver's process: loads what children need, then forks them."""
    torch.set_num_threads(1)
    keep_freed_memory()
    warnings.simplefilter("ignore")
    rehearse()
    gc.collect()
    gc.freeze()  # or the first collection of every child copies all that there is
    apart = guard.inside()
    with socket.socket(fileno=handle) as control:
        if apart:
            serve(control, work, guard.Guard(), guard.EVERY)
        else:
            serve(control, work)


def rehearse() -> None:
    """Loads what a training loads only when it runs, so that no child has to."""
    import_module("torch._dynamo")
    traced(lambda one: (one.sin(),), [torch.ones(2, 2)])
    names = {"variables": {"x": (0.0, 1.0)}, "unknowns": ("u",), "equations": ("u_xx",)}
    task = pde(name="rehearsal", version=1, conditions=(), truth="x", source="", grid=(5,), **names)
    if torch.version.cuda is None:  # gradients would open the GPU, which does not survive a fork
        recipe = Recipe(
            optimizers=(Optimizer(evaluations=1),), rates=(1e-3,), evaluation_seeds=(0,), points=2
        )
        train([task], get_model("kan"), 100, recipe, lambda _: [1e-3])


def work(talk: socket.socket) -> None:
    """One child, from what it is asked for to its answer."""
    given = ASKED.validate_json(_line(talk))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    warnings.simplefilter("ignore")  # nobody would see them
    _silence()
    if isinstance(given, Errand):
        _limit(given.memory, torch.device("cpu"))
        run(given, talk)
    else:
        _stand(given.here)
        _limit(given.memory, torch.device(given.device))
        _answered(given, talk)


def _stand(here: Here | None) -> None:
    if here is not None:
        os.chdir(here.folder)
        sys.path[:] = here.path
        os.environ.clear()
        os.environ.update(here.variables)


def _answered(given: Assignment, talk: socket.socket) -> None:
    try:
        learned = _train(given, talk)
        answer, arrays = _answer("learned", learned), packed(learned)
    except RAISED as problem:
        status, reason = diagnosis(problem)
        send(talk, Failure(status=status, reason=reason[:LONGEST]))  # type: ignore[arg-type]
    else:
        send(talk, answer, arrays)


def _train(given: Assignment, talk: socket.socket) -> list[Learned]:
    watch = _Telling(talk)
    line = Line(talk, watch.flush, repeated(given.handed, given.recipe))
    tasks = [task_from(origin) for origin in given.tasks]
    tasks += [blind(one, line, place) for place, one in enumerate(given.handed)]
    model = model_from(given.model)
    job = Job(tuple(Cell(task, model, given.budget, given.recipe, "") for task in tasks))

    def choose(tuned: list[Learned]) -> list[float]:
        check_shapes(job, "validation", tuned)
        watch.flush()
        send(talk, _answer("tuned", tuned), packed(tuned))
        rates = RATES.validate_json(_line(talk))
        line.begin()
        return rates

    what = (tasks, model, given.budget, given.recipe, choose)
    learned = train(*what, device=given.device, gear=given.gear, watch=watch, keep=given.keep)
    check_shapes(job, "test", learned)
    watch.flush()
    return learned


def _answer(kind: str, learned: list[Learned]) -> Answer:
    facts = tuple(facts_of(one, curves=kind == "learned") for one in learned)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return Answer(kind=kind, facts=facts, memory=megabytes(peak))  # type: ignore[arg-type]


class _Telling(Watch):
    """Tells the parent how the training goes on."""

    def __init__(self, talk: socket.socket) -> None:
        self._talk, self._pending = talk, 0

    def steps(self, count: int) -> None:
        self._pending += count
        if self._pending >= STEPS:
            self.flush()

    def flush(self) -> None:
        if self._pending:
            send(self._talk, Steps(count=self._pending))
            self._pending = 0

    def curve(self, place: int, curve: Curve) -> None:
        send(self._talk, Partial(place=place, curve=curve))

    def note(self, text: str) -> None:
        send(self._talk, Note(text=text[:LONGEST]))


def _line(talk: socket.socket) -> bytes:
    """What the parent says, up to the end of a line; without a parent this process ends."""
    said = bytearray()
    while not said.endswith(b"\n"):
        piece = talk.recv(1 << 16)
        if not piece or len(said) > MOST:
            os._exit(1)
        said += piece
    return bytes(said)


def _silence() -> None:
    """What a model prints would tear the parent's progress bar."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    for handle in (1, 2):
        os.dup2(nothing, handle)
    os.close(nothing)


def _limit(memory: float, device: torch.device) -> None:
    """No core dumps; and on Linux, where it is not a GPU's driver that maps it, little memory.

    What is limited is private memory that can be written (`RLIMIT_DATA`), so that an allocation
    beyond it fails; the address space, by contrast, is mostly reserved and never used. What torch's
    libraries take beside it is left free.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if guard.alone():
        guard.limit()
    if sys.platform != "linux" or device.type != "cpu":
        return
    Path("/proc/self/oom_score_adj").write_text("500")  # rather this one than its parent
    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    wanted = max(int(memory * 1e6) - _libraries(), 0)
    least = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (least, least))


def _libraries() -> int:
    """Bytes of files that the forkserver holds in memory."""
    lines = Path(f"/proc/{os.getppid()}/status").read_text(encoding="ascii").splitlines()
    found = [line.split()[1] for line in lines if line.startswith("RssFile:")]
    return 1_024 * int(found[0]) if found else 0
