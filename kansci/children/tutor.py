"""Answers a child that trains without knowing its tasks: points to learn from, questions of probes.

It gives what a training by the job's recipe takes, when it takes it, and no more: points of the
stage that is learned now, of the members' own streams, as many as the recipe draws; once every
evaluation is reported, the points on which losses are compared; then the questions of probes, after
which there is nothing more to learn from. Otherwise a child could have any point's target, that of
a test probe's from the stream that drew it; learn all stages at once, as if it forgot none; or
learn for the questions.
"""

from __future__ import annotations

from collections import defaultdict

import torch
from torch import Generator, Tensor

from kansci.children.messages import Inputs, Nonsense, Points
from kansci.methods import ewc, lasting, taught
from kansci.recipe import Recipe
from kansci.sampling import stream
from kansci.task import Split, Stage, Task
from kansci.together import Job
from kansci.training import draws

LEARNED, COMPARED = "points", "fresh"  # what training calls its streams of points


class Tutor:
    """Holds the tasks of a job for the child that trains on them.

    Attributes:
        split: `validation` until the rates are chosen, then `test`.
    """

    def __init__(self, job: Job) -> None:
        self.split: Split = "validation"
        self._job = job
        self._sources: dict[tuple[int, int, int], Generator] = {}
        self._given: dict[tuple[int, int, int, int], int] = defaultdict(int)
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
        purpose = self._purposes().get(question.seed)
        if purpose is None or question.stage >= len(task.stages):
            raise Nonsense("asked for points that no training takes")
        if not self._due(task, question.stage, purpose):
            which = f"{purpose} of stage {question.stage + 1} of {len(task.stages)}"
            raise Nonsense(f"asked for {which} {self._done} evaluations on, when none takes them")
        stage, joint = task.stages[question.stage], _joint(task, self._job.recipe)
        even = self._job.recipe.collocation == "sobol" and (purpose == COMPARED or not joint)
        sample = stage.sobol if question.even else stage.sample
        if sample is None or question.even != (even and stage.sobol is not None):
            raise Nonsense("asked for points that lie otherwise than the recipe wants them")
        generator, given = self._source(question, purpose, joint=joint)
        most = rows_of(task, stage, self._job.recipe, purpose)
        if given > most or (purpose == COMPARED and question.points != most):
            raise Nonsense(f"asked for other than the {most} points that a training takes")
        batches = [sample(generator, question.points) for _ in range(question.times)]
        return tuple(torch.stack(parts) for parts in zip(*batches, strict=True))

    def _purposes(self) -> dict[int, str]:
        """What seeds are for that members' streams begin with."""
        recipe = self._job.recipe
        seeds = recipe.tuning_seeds if self.split == "validation" else recipe.evaluation_seeds
        drawn = [LEARNED, ewc.STREAM] if recipe.method == "ewc" else [LEARNED]
        known = {stream(one, seed).initial_seed(): one for one in drawn for seed in seeds}
        return {**known, stream(COMPARED).initial_seed(): COMPARED}

    @property
    def _done(self) -> int:
        return self._evaluations() - self._left

    def _due(self, task: Task, stage: int, purpose: str) -> bool:
        """Whether a training takes points of a stage now."""
        now, begun = divmod(self._done, self._job.recipe.evaluations)
        if purpose == COMPARED:
            return not self._left
        if purpose == ewc.STREAM:  # of what has just been learned, if more is to come
            return stage == now - 1 and not begun and bool(self._left)
        return bool(self._left) if _joint(task, self._job.recipe) else stage == now

    def _source(
        self, question: Points, purpose: str, *, joint: bool
    ) -> tuple[torch.Generator, int]:
        """What the points are drawn with, and how many it has given then, of a stage if stages
        follow one another."""
        asked = question.points * question.times
        if purpose == COMPARED:  # alike for all, and whenever they are asked for
            return stream(COMPARED), asked
        if question.source >= (len(self._job.recipe.rates) if self.split == "validation" else 1):
            raise Nonsense("asked for points of more members than there are")
        place = (question.place, question.seed, question.source)
        self._given[*place, -1 if joint else question.stage] += asked
        generator = self._sources.setdefault(place, Generator().manual_seed(question.seed))
        return generator, self._given[*place, -1 if joint else question.stage]


def _joint(task: Task, recipe: Recipe) -> bool:
    """Whether stages are learned as one."""
    return len(taught(task, recipe)) < len(task.stages)


def rows_of(task: Task, stage: Stage, recipe: Recipe, purpose: str = LEARNED) -> int:
    """Points of a stage that one member takes for a purpose; of all stages, if they are one."""
    if purpose == ewc.STREAM:
        return ewc.POINTS
    if purpose == COMPARED:
        return recipe.points or stage.points
    how = lasting(recipe, task)
    (whole,) = taught(task, recipe) if _joint(task, recipe) else (stage,)
    return (how.points or whole.points) * draws(how)
