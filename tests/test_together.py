"""Tasks that are alike train together, and each as it would alone."""

import math
from collections import Counter

import pytest
import torch

import kansci.gears.objective
import kansci.together
from kansci.discover import get_task, list_tasks
from kansci.gears.programs import Program
from kansci.models import get_model
from kansci.recipe import Optimizer, Recipe
from kansci.suite import Cell, cells, get_suite
from kansci.together import together
from kansci.training import train

EQUATIONS = [get_task(name) for name in ("feynman27/I.12.11", "feynman27/I.16.6")]
RECIPE = Recipe(
    optimizers=(Optimizer(evaluations=30),),
    rates=(1e-2, 3e-2),
    evaluation_seeds=(0, 1),
    dtype="float64",
    points=40,
)


def cell(name, model=None, budget=250, recipe=RECIPE):
    return Cell(get_task(name), model or get_model("kan"), budget, recipe, "custom")


def names(jobs):
    return [[cell.task.name for cell in job.cells] for job in jobs]


def test_equations_of_equal_dimension_train_together_and_nothing_else_does():
    model = get_model("kan")
    jobs = together(cell(name, model) for name in list_tasks())
    for job in jobs:
        assert len({(task.dim_in, len(task.stages), task.family) for task in job.tasks}) == 1
    assert sorted(
        (one for one in names(jobs) if one[0] in ("poisson", "helmholtz")), reverse=True
    ) == [["poisson"], ["helmholtz"]]
    equations = [job for job in jobs if job.tasks[0].family == "feynman"]
    tasks = [task for task in map(get_task, list_tasks()) if task.family == "feynman"]
    alike = Counter(task.dim_in for task in tasks)
    most = kansci.together.MEMBERS // len(RECIPE.rates)
    assert len(equations) == sum(math.ceil(count / most) for count in alike.values())
    assert max(len(job.cells) for job in equations) == most


def test_every_cell_is_in_one_job():
    wanted = cells(get_suite("standard"))
    jobs = together(wanted)
    found = [one for job in jobs for one in job.cells]
    assert len(found) == len(wanted)
    assert {id(one.task) for one in found} == {id(one.task) for one in wanted}


@pytest.mark.parametrize("other", ["model", "budget", "recipe"])
def test_cells_that_differ_in_more_than_the_task_train_apart(other):
    model = get_model("kan")
    more = {
        "model": {"model": get_model("fastkan")},
        "budget": {"model": model, "budget": 500},
        "recipe": {"model": model, "recipe": RECIPE.model_copy(update={"points": 41})},
    }[other]
    jobs = together([cell("feynman27/I.12.11", model), cell("feynman27/I.16.6", **more)])
    assert [len(job.cells) for job in jobs] == [1, 1]


def test_a_job_has_no_more_members_than_its_limit(monkeypatch):
    monkeypatch.setattr(kansci.together, "MEMBERS", 4)
    model = get_model("kan")
    equations = [name for name in list_tasks() if get_task(name).dim_in == 2 and "feyn" in name]
    jobs = together(cell(name, model) for name in equations)
    assert len(equations) > 2
    assert max(len(job.cells) for job in jobs) == 2


@pytest.mark.parametrize("name", ["kan", "mlp-tanh"])
def test_a_task_learns_among_others_what_it_learns_alone(name):
    def choose(tuned):
        return [RECIPE.rates[int(one.own.view(2, -1).mean(1).argmin())] for one in tuned]

    model = get_model(name)
    both = train(EQUATIONS, model, 250, RECIPE, choose)
    for task, found in zip(EQUATIONS, both, strict=True):
        (alone,) = train([task], model, 250, RECIPE, choose)
        torch.testing.assert_close(found.own, alone.own, rtol=1e-6, atol=1e-9)
        ours, theirs = found.predictions[0][0], alone.predictions[0][0]
        torch.testing.assert_close(ours, theirs, rtol=1e-6, atol=1e-6 * task.scale.std)
        assert (found.adapted, found.parameters) == (alone.adapted, alone.parameters)
        assert found.adapted == 0


def test_tuning_and_scoring_share_a_program(monkeypatch):
    asked = []

    def count(function, example):
        asked.append(len(example[0]))
        return Program(None, "counted")

    monkeypatch.setattr(kansci.gears.objective, "program", count)
    train(EQUATIONS, get_model("kan"), 250, RECIPE, lambda tuned: [1e-2, 1e-2], gear="compiled")
    assert len(asked) == 1
