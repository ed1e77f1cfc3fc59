"""The laws of lifting and of runs hold on a GPU; and no layer names a device."""

import ast
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from representatives import MODELS
from torch import nn

import kansci
from kansci.discover import get_task
from kansci.engines.engine import attempt
from kansci.gears.capture import captured
from kansci.lifting.ensemble import Member
from kansci.models import Model, get_model
from kansci.preparing import prepare
from kansci.recipe import Optimizer, Recipe
from kansci.speed.ratio import measure
from kansci.suite import Cell
from kansci.together import Job
from kansci.training import learn
from kansci.way import Way

cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no GPU here")
RECIPE = Recipe(
    optimizers=(Optimizer(evaluations=20),),
    rates=(1e-2,),
    evaluation_seeds=(0, 1),
    dtype="float64",
    points=32,
)
MEMBERS = [Member(3, 1e-2), Member(4, 1e-3), Member(5, float("nan"))]
TASKS = [get_task(name) for name in ("feynman27/I.12.11", "bumps_1d", "poisson")]
PAIRS = [(task, model) for task in TASKS for model in MODELS if model.applies(task.order)]


class Dropping(nn.Module):
    def __init__(self, dim_in, dim_out):
        super().__init__()
        self.first, self.last = nn.Linear(dim_in, 8), nn.Linear(8, dim_out)

    def forward(self, x):
        return self.last(F.dropout(torch.tanh(self.first(x)), 0.3, self.training))


def build(dim_in, dim_out, parameters):
    return Dropping(dim_in, dim_out)


def trained(task, model, device, members=MEMBERS):
    ensemble = prepare([task], model, 250, RECIPE, members, device=device)
    (learned,) = learn(ensemble, [task], RECIPE, "test")
    return ensemble, learned


@cuda
@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: f"{pair[0].name}-{pair[1].name}")
def test_training_on_a_gpu_is_training_on_the_cpu(pair):
    here, learned_here = trained(*pair, "cpu")
    there, learned_there = trained(*pair, "cuda")
    assert there.lifted
    assert there.flat.device.type == "cuda"
    close = {"rtol": 1e-5, "atol": 1e-5}
    torch.testing.assert_close(there.flat[:2].cpu(), here.flat[:2], **close)
    assert there.flat[2].isnan().all()
    for ours, theirs in zip(learned_here.predictions, learned_there.predictions, strict=True):
        assert theirs[0].device.type == "cpu"
        torch.testing.assert_close(theirs[0][:2], ours[0][:2], **close)


@cuda
def test_draws_on_a_gpu_are_those_of_the_member_alone():
    model = Model("dropping", build)
    before = torch.cuda.get_rng_state()
    both, _ = trained(TASKS[0], model, "cuda", MEMBERS[:2])
    alone, _ = trained(TASKS[0], model, "cuda", MEMBERS[1:2])
    assert not both.lifted
    torch.testing.assert_close(both.flat[1], alone.flat[0], rtol=1e-9, atol=1e-9)
    assert torch.equal(torch.cuda.get_rng_state(), before)


@cuda
@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_a_record_of_a_gpu_has_the_numbers_of_the_cpu_and_names_the_gpu(task):
    cell = Cell(task, get_model("kan"), 250, RECIPE, "custom")
    job = Job((cell,))
    here, there = (attempt(job, device=torch.device(name))[0] for name in ("cpu", "cuda"))
    assert (there.status, there.reason) == ("ok", "")
    assert there.key == here.key
    assert there.environment.device == torch.cuda.get_device_name()
    assert np.array(there.errors) == pytest.approx(np.array(here.errors), rel=1e-4)


@cuda
def test_a_network_fitted_on_a_gpu_comes_back():
    network = kansci.fit(TASKS[0], "kan", recipe=RECIPE, device="cuda")
    assert {tensor.device.type for tensor in network.state_dict().values()} == {"cpu"}


@cuda
def test_a_function_that_is_recorded_gives_its_numbers_for_other_arguments():
    def function(a, b):
        return a @ b, torch.tanh(a).sum(1)

    recorded = captured(function)
    for seed in range(3):
        a, b = torch.randn(2, 4, 5, 5, generator=torch.Generator().manual_seed(seed)).cuda()
        for found, wanted in zip(recorded(a, b), function(a, b), strict=True):
            torch.testing.assert_close(found, wanted)


@cuda
@pytest.mark.parametrize("task", TASKS[::2], ids=lambda task: task.name)
def test_the_gears_agree_on_a_gpu(task, tmp_path, monkeypatch):
    monkeypatch.setenv("KANSCI_CACHE", str(tmp_path))
    flat = {}
    for gear in ("eager", "compiled"):
        ensemble = prepare([task], get_model("mlp-tanh"), 250, RECIPE, MEMBERS[:2], device="cuda")
        (learned,) = learn(ensemble, [task], RECIPE, None, Way(gear))
        assert learned.gear == gear
        flat[gear] = ensemble.flat
    torch.testing.assert_close(flat["compiled"], flat["eager"], rtol=1e-6, atol=1e-6)


@cuda
def test_speed_is_measured_on_a_gpu():
    speed = measure(get_model("kan"), 250, device="cuda")
    assert (speed.status, speed.reason) == ("ok", "")
    assert speed.environment.device == torch.cuda.get_device_name()


def test_no_layer_names_a_device():
    """A layer is where its inputs are; meta alone, where only shapes are built, is a place."""
    home = Path(kansci.__file__).parent
    folders = ("bases", "models", "models/forms", "models/published")
    for path in [path for folder in folders for path in (home / folder).glob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                assert node.value.partition(":")[0] not in {"cpu", "cuda", "mps"}, path
            if isinstance(node, ast.Attribute):
                assert node.attr not in {"cuda", "cpu"}, path
