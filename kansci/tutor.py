"""Answers a child that trains without knowing its tasks: points to learn from, questions of probes.

It gives what a training by the job's recipe takes, and no more: points of the members' own streams,
as many as the recipe draws, and the questions of test probes once the rates are chosen. Otherwise
a child could have any point's target: that of a test probe's, from the stream that drew it.
"""

from __future__ import annotations

from collections import defaultdict

import torch
from torch import Generator, Tensor

from kansci.messages import Inputs, Nonsense, Points
from kansci.methods import lasting, taught
from kansci.recipe import Recipe
from kansci.sampling import stream
from kansci.task import Split, Task
from kansci.together import Job

PURPOSES = ("points", "fisher")  # of streams from which members draw points of a stage
FRESH = stream("fresh").initial_seed()  # of the points on which losses are compared, always alike
FISHER = 200  # rows a stage that a continual method draws beside those that are learned


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

    def begin(self, split: Split) -> None:
        """Another training begins: its members draw from the beginning of their streams."""
        self.split = split
        self._sources.clear()
        self._given.clear()

    def answer(self, question: Points | Inputs) -> tuple[Tensor, ...]:
        """Arrays for the child.

        Raises:
            Nonsense: for what a training does not take.
        """
        if question.place >= len(self._job.tasks):
            raise Nonsense(f"asked about task {question.place}")
        whole = self._job.tasks[question.place]
        task = whole.tuning or whole if self.split == "validation" else whole
        if isinstance(question, Points):
            return self._points(task, question)
        return (self._inputs(task, question),)

    def _inputs(self, task: Task, question: Inputs) -> Tensor:
        if question.of != self.split and (question.of, self.split) != ("beside", "test"):
            raise Nonsense(f"asked for {question.of} questions in the training for {self.split}")
        every = task.beside if question.of == "beside" else task.judged_by(question.of)
        if question.number >= len(every):
            raise Nonsense(f"asked for {question.of} questions {question.number}")
        return every[question.number].x

    def _points(self, task: Task, question: Points) -> tuple[Tensor, ...]:
        recipe = self._job.recipe
        seeds = recipe.tuning_seeds if self.split == "validation" else recipe.evaluation_seeds
        known = {stream(purpose, seed).initial_seed() for purpose in PURPOSES for seed in seeds}
        if question.stage >= len(task.stages) or question.seed not in {*known, FRESH}:
            raise Nonsense("asked for points that no training takes")
        stage = task.stages[question.stage]
        sample = stage.sobol if question.even else stage.sample
        most = rows_of(task, recipe)
        if question.seed == FRESH:  # the same whenever they are asked for
            generator, given = stream("fresh"), 0
        else:
            place = (question.place, question.seed, question.source)
            if question.source >= (len(recipe.rates) if self.split == "validation" else 1):
                raise Nonsense("asked for points of more members than there are")
            generator = self._sources.setdefault(place, _fresh(question.seed))
            given = self._given[place] = self._given[place] + question.points
        if sample is None or max(given, question.points) > most:
            raise Nonsense(f"asked for more than the {most} points that a training takes")
        return sample(generator, question.points)


def rows_of(task: Task, recipe: Recipe) -> int:
    """Points to learn from that one member of a training draws at most, all its stages together."""
    how = lasting(recipe, task)
    draws = 1 + (how.evaluations - 1) // how.resample if how.resample else 1
    learned = sum((how.points or one.points) * draws for one in taught(task, recipe))
    return learned + FISHER * len(task.stages)


def _fresh(seed: int) -> Generator:
    return torch.Generator().manual_seed(seed)
