"""Answers a child that trains without knowing its tasks: points to learn from, questions of probes.

It gives what a training by the job's recipe takes, when it takes it, and no more: points of the
members' own streams, as many as the recipe draws; then, once every evaluation is reported, the
questions of probes, after which there is nothing more to learn from. Otherwise a child could have
any point's target, that of a test probe's from the stream that drew it; or learn for the questions.
"""

from __future__ import annotations

from collections import defaultdict

import torch
from torch import Generator, Tensor

from kansci.children.messages import Inputs, Nonsense, Points
from kansci.methods import ewc, lasting, taught
from kansci.recipe import Recipe
from kansci.sampling import stream
from kansci.task import Split, Task
from kansci.together import Job
from kansci.training import draws

PURPOSES = ("points", ewc.STREAM)  # of streams from which members draw points of a stage
FRESH = stream("fresh").initial_seed()  # of the points on which losses are compared, always alike


class Tutor:
    """Holds the tasks of a job for the child that trains on them.

    Attributes:
        split: `validation` until the rates are chosen, then `test`.
    """

    def __init__(self, job: Job) -> None:
        self.split: Split = "validation"
        self._job = job
        self._sources: dict[tuple[int, int, int], Generator] = {}
        self._given: dict[tuple[int, int, int], int] = defaultdict(int)
        self._left = self._evaluations()
        self._asked = False

    def begin(self, split: Split) -> None:
        """Another training begins: its members draw from the beginning of their streams."""
        self.split = split
        self._sources.clear()
        self._given.clear()
        self._left, self._asked = self._evaluations(), False

    def steps(self, count: int) -> None:
        """So many evaluations are done, says the child.

        Raises:
            Nonsense: for more than the recipe has.
        """
        self._left -= count
        if self._left < 0:
            raise Nonsense(f"did more evaluations than the recipe has, by {-self._left}")

    def answer(self, question: Points | Inputs) -> tuple[Tensor, ...]:
        """Arrays for the child.

        Raises:
            Nonsense: for what a training does not take.
        """
        if question.place >= len(self._job.tasks):
            raise Nonsense(f"asked about task {question.place}")
        task = self._learned(self._job.tasks[question.place])
        if isinstance(question, Points):
            return self._points(task, question)
        return (self._inputs(task, question),)

    def _learned(self, task: Task) -> Task:
        return task.tuning or task if self.split == "validation" else task

    def _evaluations(self) -> int:
        """Of the training that begins; tasks that train together have as many stages."""
        return self._job.recipe.evaluations * len(self._learned(self._job.tasks[0]).stages)

    def _inputs(self, task: Task, question: Inputs) -> Tensor:
        if question.of != self.split and (question.of, self.split) != ("beside", "test"):
            raise Nonsense(f"asked for {question.of} questions in the training for {self.split}")
        every = task.beside if question.of == "beside" else task.judged_by(question.of)
        if question.number >= len(every):
            raise Nonsense(f"asked for {question.of} questions {question.number}")
        if self._left:
            raise Nonsense(f"asked for {question.of} questions {self._left} evaluations too early")
        self._asked = True
        return every[question.number].x

    def _points(self, task: Task, question: Points) -> tuple[Tensor, ...]:
        if self._asked:
            raise Nonsense("asked for points after the questions of probes")
        recipe = self._job.recipe
        seeds = recipe.tuning_seeds if self.split == "validation" else recipe.evaluation_seeds
        known = {stream(purpose, seed).initial_seed() for purpose in PURPOSES for seed in seeds}
        if question.stage >= len(task.stages) or question.seed not in {*known, FRESH}:
            raise Nonsense("asked for points that no training takes")
        stage = task.stages[question.stage]
        sample = stage.sobol if question.even else stage.sample
        asked, most = question.points * question.times, rows_of(task, recipe)
        if question.seed == FRESH:  # the same whenever they are asked for
            generator, given = stream("fresh"), 0
        else:
            place = (question.place, question.seed, question.source)
            if question.source >= (len(recipe.rates) if self.split == "validation" else 1):
                raise Nonsense("asked for points of more members than there are")
            generator = self._sources.setdefault(place, _fresh(question.seed))
            given = self._given[place] = self._given[place] + asked
        if sample is None or max(given, asked) > most:
            raise Nonsense(f"asked for more than the {most} points that a training takes")
        batches = [sample(generator, question.points) for _ in range(question.times)]
        return tuple(torch.stack(parts) for parts in zip(*batches, strict=True))


def rows_of(task: Task, recipe: Recipe) -> int:
    """Points to learn from that one member of a training draws at most, all its stages together."""
    how = lasting(recipe, task)
    learned = sum((how.points or one.points) * draws(how) for one in taught(task, recipe))
    return learned + ewc.POINTS * len(task.stages)  # the most that a method draws beside


def _fresh(seed: int) -> Generator:
    return torch.Generator().manual_seed(seed)
