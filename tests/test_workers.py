"""Forked workers: the same numbers, and no death costs more than its own Record."""

import faulthandler
import os
import signal
import sys
import time

import psutil
import pytest
import torch
from torch import nn

from kansci import workers
from kansci.discover import get_task
from kansci.engine import execute
from kansci.models import Model, get_model
from kansci.recipe import Optimizer, Recipe
from kansci.suite import Cell

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="fork is relied on on Linux only")
RECIPE = Recipe(optimizers=(Optimizer(evaluations=5),), rates=(1e-2,), evaluation_seeds=(0, 1))
TASK = get_task("feynman27/I.12.11")
VOLATILE = {"seconds", "memory", "environment"}


class Doomed(nn.Linear):
    """A network that does something to its process."""

    def __init__(self, act):
        super().__init__(2, 1)
        self.act = act

    def forward(self, x):
        self.act()
        return super().forward(x)


def fault():
    faulthandler.disable()  # pytest's would print a trace
    os.kill(os.getpid(), signal.SIGSEGV)


def cell(model):
    return Cell(TASK, model, 250, RECIPE, "custom")


def doomed(name, act):
    return cell(Model(name, lambda dim_in, dim_out, parameters: Doomed(act)))


def found(cells, **limits):
    return {record.model: record for record in execute(cells, workers=2, **limits)}


def test_forked_cells_give_the_numbers_of_cells_in_turn():
    cells = [cell(get_model(name)) for name in ("mlp-silu", "kan", "fastkan")]
    inline = {record.model: record for record in execute(cells)}
    for name, record in found(cells).items():
        assert record.model_dump(exclude=VOLATILE) == inline[name].model_dump(exclude=VOLATILE)


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (lambda: os.kill(os.getpid(), signal.SIGKILL), "exit code -9"),
        (fault, "exit code -11"),
        (lambda: os._exit(3), "exit code 3"),
    ],
    ids=["killed", "segmentation fault", "exit"],
)
def test_a_process_that_dies_leaves_a_row_and_the_others_go_on(act, said):
    records = found([doomed("doomed", act), *(cell(get_model(n)) for n in ("mlp-silu", "kan"))])
    assert {name: record.status for name, record in records.items()} == {
        "doomed": "crashed",
        "mlp-silu": "ok",
        "kan": "ok",
    }
    assert said in records["doomed"].reason
    assert records["doomed"].members == ("crashed", "crashed")


def test_a_process_that_hangs_is_killed_and_called_a_timeout(monkeypatch):
    monkeypatch.setattr(workers, "GRACE", 0.5)
    records = found([doomed("hangs", lambda: time.sleep(600)), cell(get_model("kan"))], seconds=10)
    assert {name: record.status for name, record in records.items()} == {
        "kan": "ok",
        "hangs": "timeout",
    }
    assert "time limit" in records["hangs"].reason


def test_progress_of_children_is_heard():
    steps = []
    long = RECIPE.model_copy(update={"optimizers": (Optimizer(evaluations=100),)})
    cells = [cell(get_model(name))._replace(recipe=long) for name in ("mlp-silu", "mlp-tanh")]
    list(execute(cells, workers=2, progress=lambda cell, count: steps.append(count)))
    assert sum(steps) == 2 * 200


def test_children_end_with_the_parent_s_interest():
    running = execute(
        [doomed("sleeps", lambda: time.sleep(600)), cell(get_model("kan"))], workers=2
    )
    assert next(running).model == "kan"
    assert psutil.Process().children()
    running.close()
    assert not psutil.Process().children()


def test_one_worker_where_processes_cannot_be_forked(monkeypatch):
    assert workers.most_workers(torch.device("cuda")) == 1
    monkeypatch.setattr(sys, "platform", "darwin")
    assert workers.most_workers(torch.device("cpu")) == 1
