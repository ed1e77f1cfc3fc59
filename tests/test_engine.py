"""Jobs become Records, here or in a child, within limits; and where."""

import pytest
import torch
from torch import nn

from kansci.discover import find_tasks, get_model, get_task
from kansci.engines.engine import attempt, choose_device, execute, isolated
from kansci.errors import UserError
from kansci.models import Model
from kansci.plan import steps_of
from kansci.recipe import Optimizer, Recipe
from kansci.suite import Cell
from kansci.together import Job

TASK = get_task("feynman27/I.12.11")
ALIKE = [task for task in find_tasks("feynman27/*") if task.dim_in == TASK.dim_in][:3]
RECIPE = Recipe(
    optimizers=(Optimizer(evaluations=2),), rates=(1e-2,), evaluation_seeds=(0,), points=8
)
THREE = RECIPE.model_copy(update={"evaluation_seeds": (0, 1, 2)})


def job(*tasks, model="mlp-silu", budget=250, recipe=RECIPE):
    model = get_model(model) if isinstance(model, str) else model
    cells = (Cell(task, model, budget, recipe, "custom") for task in tasks or (TASK,))
    return Job(tuple(cells))


def broken(status):
    def build(dim_in, dim_out, parameters):
        if status == "crashed":
            raise ValueError("broken")
        if status == "out_of_memory":
            raise MemoryError
        return nn.Linear(dim_in, dim_out + 1)

    return Model(f"broken {status}", build)


FATES = ("crashed", "out_of_memory", "invalid_output")


@pytest.mark.parametrize("workers", [0, 1])
def test_the_suite_goes_on_after_every_failure(workers):
    work = [job(model=broken(fate)) for fate in FATES]
    work += [job(get_task("poisson"), model="linearkan"), job(budget=1), job()]
    found = {
        (record.model, record.budget): record.status for record in execute(work, workers=workers)
    }
    assert found == {
        **{(f"broken {fate}", 250): fate for fate in FATES},
        ("linearkan", 250): "not_applicable",
        ("mlp-silu", 1): "does_not_fit",
        ("mlp-silu", 250): "ok",
    }


def test_a_job_here_ends_when_its_time_is_over():
    (record,) = attempt(job(), seconds=0)
    assert record.status == "timeout"
    assert record.reason == "want at most 0 seconds for a cell"


def test_seconds_and_memory_are_recorded():
    (record,) = attempt(job())
    assert record.seconds > 0
    assert 50 < record.memory < 100_000
    assert record.environment.device == "cpu"
    assert record.environment.threads == torch.get_num_threads()


@pytest.mark.parametrize("workers", [0, 1])
def test_progress_counts_the_steps_of_every_cell(workers):
    seen = []
    work = job(*ALIKE)
    list(execute([work], workers=workers, progress=lambda one, steps: seen.append((one, steps))))
    for cell in work.cells:
        counted = sum(steps for one, steps in seen if one is cell)
        assert counted == steps_of(cell) == 4


def test_cells_that_are_lost_together_are_tried_each_alone():
    built = []

    def build(dim_in, dim_out, parameters):
        if torch.empty(()).device.type != "meta":  # not where sources are hashed
            built.append(1)
        if len(built) == 8:  # in the training of three, not in the tuning
            raise RuntimeError("not this one")
        return nn.Linear(dim_in, dim_out)

    steps = []
    work = job(*ALIKE, model=Model("lost once", build), recipe=THREE)
    records = attempt(work, progress=lambda cell, count: steps.append((cell, count)))
    assert [record.task for record in records] == [task.key for task in ALIKE]
    assert [record.status for record in records] == ["ok"] * 3
    for cell in work.cells:
        assert sum(count for one, count in steps if one is cell) == 4
    assert min(count for _, count in steps) < 0


def test_one_job_in_a_child_gives_its_records_in_order():
    assert [record.task for record in isolated(job(*ALIKE))] == [task.key for task in ALIKE]


def test_devices_that_are_not_there_are_refused_in_one_line(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert choose_device("auto") == choose_device("cpu") == torch.device("cpu")
    with pytest.raises(UserError, match=r"sees no GPU; install .* or use --device cpu"):
        choose_device("cuda")
    with pytest.raises(UserError, match="unknown device 'tpu': want auto, cpu or cuda"):
        choose_device("tpu")


def test_auto_takes_the_gpu_where_there_is_one(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert choose_device("auto") == choose_device("cuda") == torch.device("cuda")
