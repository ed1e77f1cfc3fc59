"""A task in a process that must not know its truth: points are asked for, and answers nobody's.

What is handed out is in `sandbox.handout`; `tutor` answers.
"""

from __future__ import annotations

import socket
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import MappingProxyType

from pydantic import BaseModel
from torch import Generator, Tensor

from kansci.beside import Beside
from kansci.children.messages import SIZES, Inputs, Points, send
from kansci.children.parcels import read_all
from kansci.recipe import Recipe
from kansci.sampling import stream
from kansci.sandbox.handout import Asked, Handed, Taught, loss_of, unknown
from kansci.task import Batch, Probe, Sample, Scale, Stage, Task
from kansci.training import draws

AHEAD = 1 << 20  # bytes that are sent at once, if a batch is not larger


class Line:
    """The way to whoever holds the tasks: a question, then its answer, and nothing between.

    Args:
        before: called before each question, to say what is still to be said.
        draws: how often the same points are asked for, by the seed of their stream, where that is
            known and nothing else is drawn from it meanwhile: batches are then sent in advance.
    """

    def __init__(
        self,
        talk: socket.socket,
        before: Callable[[], object] = lambda: None,
        draws: Mapping[int, int] = MappingProxyType({}),
    ) -> None:
        self._talk, self._before, self._draws = talk, before, draws
        self._sources: dict[tuple[int, int], list[Generator]] = {}
        self._waiting: dict[Points, deque[Batch]] = defaultdict(deque)
        self._drawn: Counter[Points] = Counter()
        self._bytes: dict[Points, int] = {}  # of one batch

    def ask(self, question: BaseModel) -> tuple[Tensor, ...]:
        """Arrays, as they were sent."""
        self._before()
        send(self._talk, question)
        _, size = SIZES.unpack(self._exactly(SIZES.size))
        return read_all(self._exactly(size))

    def batch(self, question: Points) -> Batch:
        """The next batch of points, which may have been sent already."""
        waiting = self._waiting[question]
        if not waiting:
            times = self._times(question)
            arrays = self.ask(question.model_copy(update={"times": times}))
            self._drawn[question] += times
            self._bytes[question] = sum(array.nbytes for array in arrays) // times
            waiting.extend(zip(*(array.unbind() for array in arrays), strict=True))
        return waiting.popleft()

    def _times(self, question: Points) -> int:
        """One at first, whose size is that of the others; then as many as are left."""
        left = self._draws.get(question.seed, 1) - self._drawn[question]
        room = AHEAD // self._bytes[question] if question in self._bytes else 1
        return max(min(left, room), 1)

    def begin(self) -> None:
        """Another training begins, with sources of its own."""
        for held in (self._sources, self._waiting, self._drawn, self._bytes):
            held.clear()

    def source(self, place: int, generator: Generator) -> int:
        """Which of a task's generators with its seed it is, in the order of their first use.

        What it would draw itself is drawn elsewhere: here it is only a name.
        """
        known = self._sources.setdefault((place, generator.initial_seed()), [])
        for number, one in enumerate(known):
            if one is generator:
                return number
        known.append(generator)
        return len(known) - 1

    def _exactly(self, size: int) -> bytes:
        said = bytearray()
        while len(said) < size:
            piece = self._talk.recv(size - len(said))
            if not piece:
                raise EOFError("nobody answers any more")
            said += piece
        return bytes(said)


def repeated(given: Sequence[Handed], recipe: Recipe) -> dict[int, int]:
    """How often members draw the points of a stage, by the seed of their stream.

    A joint training of several stages draws from all of them in turn: there is nothing to repeat.
    """
    if recipe.method == "joint" and any(len(task.stages) > 1 for task in given):
        return {}
    seeds = (*recipe.tuning_seeds, *recipe.evaluation_seeds)
    return {stream("points", seed).initial_seed(): draws(recipe) for seed in seeds}


def blind(given: Handed, line: Line, place: int) -> Task:
    """A task without its truth, at its place in the job."""
    coefficients = unknown(given)
    return Task(
        name=given.name,
        version=given.version,
        family=given.family,
        domain=given.domain,
        dim_out=given.dim_out,
        stages=tuple(
            _stage(given, one, line, place, number) for number, one in enumerate(given.stages)
        ),
        probes=tuple(_probes(given.probes, line, place)),
        source="",
        metric=given.metric,
        scale=Scale(given.mean, given.std),
        order=given.order,
        smallest=given.smallest,
        tuning=given.tuning and blind(given.tuning, line, place),
        coefficients=coefficients,
        ansatz=given.lift and given.lift.ansatz(),
        beside=tuple(
            Beside(asks, partial(_inputs, line, place, "beside", number), _nobody, ())
            for number, asks in enumerate(given.beside)
        ),
    )


def _stage(given: Handed, taught: Taught, line: Line, place: int, stage: int) -> Stage:
    def sampler(even: bool) -> Sample:
        def sample(generator: Generator, points: int) -> Batch:
            seed, source = generator.initial_seed(), line.source(place, generator)
            return line.batch(
                Points(place=place, stage=stage, seed=seed, source=source, points=points, even=even)
            )

        return sample

    loss = loss_of(given, taught)
    return Stage(
        taught.name, sampler(False), loss, taught.points, sampler(True) if taught.even else None
    )


def _probes(asked: Sequence[Asked], line: Line, place: int) -> list[Probe]:
    counts = {"validation": 0, "test": 0}
    found = []
    for one in asked:
        number = counts[one.split]
        counts[one.split] += 1
        questions = partial(_inputs, line, place, one.split, number)
        found.append(Probe(one.name, questions, _nobody, one.split))
    return found


def _inputs(line: Line, place: int, of: str, number: int) -> Tensor:
    question = Inputs.model_validate({"place": place, "of": of, "number": number})
    return line.ask(question)[0]


def _nobody(x: Tensor) -> Tensor:
    raise PermissionError("true answers are not in the process that trains")
