"""Cells of a suite: what is done, what is left, how long, and where."""

import os

import pytest
import torch
from torch import nn

from kansci.discover import find_model, get_task
from kansci.engine import attempt, choose_device, estimate, execute, plan, steps_of
from kansci.errors import UserError
from kansci.ledger import load_records, save
from kansci.models import Model, get_model
from kansci.recipe import Optimizer, Recipe
from kansci.suite import Cell, cells, get_suite, list_suites

TASK = get_task("feynman27/I.12.11")
RECIPE = Recipe(
    optimizers=(Optimizer(evaluations=2),), rates=(1e-2,), evaluation_seeds=(0,), points=8
)
MODEL_FILE = """
from torch import nn
from kansci.models import Model

def build(dim_in, dim_out, parameters):
    return nn.Sequential(nn.Linear(dim_in, 4), nn.Tanh(), nn.Linear(4, dim_out))

model = Model("mine", build)
"""


def cell(task=TASK, model="mlp-silu", budget=250, recipe=RECIPE):
    model = get_model(model) if isinstance(model, str) else model
    return Cell(task, model, budget, recipe, "custom")


def broken(status):
    def build(dim_in, dim_out, parameters):
        if status == "crashed":
            raise ValueError("broken")
        if status == "out_of_memory":
            raise MemoryError
        return nn.Linear(dim_in, dim_out + 1)

    return Model(f"broken {status}", build)


def test_the_second_plan_is_all_done():
    work = [cell(model="mlp-silu"), cell(model="kan"), cell(budget=100)]
    assert plan(work, []) == ([], work)
    records = list(execute(work))
    done, todo = plan(work, records)
    assert [record.key for record in done] == [record.key for record in records]
    assert todo == []
    assert plan(work, records, fresh=True) == ([], work)


def test_a_failure_is_done_as_well():
    work = [cell(model=broken("crashed"))]
    assert plan(work, execute(work)).todo == []


def test_records_of_a_folder_resume_a_suite(tmp_path):
    work = [cell(model="mlp-silu"), cell(model="kan")]
    save(next(execute(work[:1])), tmp_path)
    assert plan(work, load_records(tmp_path)).todo == work[1:]


def test_only_what_was_changed_is_left_to_do():
    work = [cell(), cell(model="kan")]
    records = list(execute(work))
    longer = RECIPE.model_copy(update={"optimizers": (Optimizer(evaluations=3),)})
    renamed = RECIPE.model_copy(update={"name": "another name"})
    again = cell(recipe=longer)
    assert plan([again, work[1]], records).todo == [again]
    assert plan([cell(recipe=renamed), work[1]], records).todo == []
    assert len(plan([cell(budget=251)], records).todo) == 1
    assert len(plan([cell(task=get_task("feynman27/I.16.6"))], records).todo) == 1


def test_a_changed_source_is_run_again_and_a_changed_comment_is_not(tmp_path):
    path = tmp_path / "mine.py"

    def left(text):
        path.write_text(text)
        os.utime(path, ns=(0, 0))
        return plan([cell(model=find_model(str(path)))], records).todo

    path.write_text(MODEL_FILE)
    records = list(execute([cell(model=find_model(str(path)))]))
    assert records[0].status == "ok"
    assert left(MODEL_FILE + "# a remark\n") == []
    assert len(left(MODEL_FILE.replace("nn.Linear(4, dim_out)", "nn.Linear(4, dim_out, False)")))


def test_the_suite_goes_on_after_every_failure():
    fates = ("crashed", "out_of_memory", "invalid_output")
    work = [cell(model=broken(fate)) for fate in fates]
    work += [cell(get_task("poisson"), "linearkan"), cell(budget=1), cell()]
    found = [record.status for record in execute(work)]
    assert found == [*fates, "not_applicable", "does_not_fit", "ok"]


def test_a_cell_ends_when_its_time_is_over():
    record = attempt(cell(), seconds=0)
    assert record.status == "timeout"
    assert record.reason == "wanted at most 0 seconds for a cell"


def test_seconds_and_memory_are_recorded():
    record = attempt(cell())
    assert record.seconds > 0
    assert 50 < record.memory < 100_000
    assert record.environment.device == "cpu"
    assert record.environment.threads == torch.get_num_threads()


def test_progress_counts_the_steps_of_a_cell():
    seen = []
    work = cell()
    attempt(work, progress=lambda one, steps: seen.append((one, steps)))
    assert all(one is work for one, _ in seen)
    assert sum(steps for _, steps in seen) == steps_of(work) == 4
    assert steps_of(cell(get_task("poisson"), "linearkan")) == 0


def test_an_estimate_grows_with_the_work():
    once = estimate([cell()])
    more = [
        [cell(), cell()],
        [cell(budget=1_000)],
        [cell(recipe=RECIPE.model_copy(update={"points": 10_000}))],
        [cell(recipe=RECIPE.model_copy(update={"evaluation_seeds": (0, 1, 2)}))],
        [cell(recipe=RECIPE.model_copy(update={"optimizers": (Optimizer(evaluations=9),)}))],
        [cell(get_task("poisson"))],
    ]
    assert once > 0
    assert all(estimate(work) > once for work in more)
    assert estimate([]) == 0


@pytest.mark.parametrize("name", list_suites())
def test_every_cell_of_a_suite_has_a_key_of_its_own_to_resume_by(name):
    work = cells(get_suite(name))[:12]
    records = plan(work, []).todo
    assert len(records) == len(work)


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
