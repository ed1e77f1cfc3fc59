"""A compiled program gives the network's numbers for any number of members, or is not used."""

import sys

import pytest
import torch
from representatives import MODELS
from torch._inductor.runtime.cache_dir_utils import cache_dir

import kansci.gears.programs
from kansci.discover import get_task
from kansci.gears.objective import Objective
from kansci.gears.programs import _key, program, without_compiler
from kansci.gears.tracing import traced
from kansci.lifting.ensemble import Member
from kansci.models import get_model
from kansci.preparing import draw, prepare
from kansci.recipe import Optimizer, Recipe
from kansci.sampling import stream
from kansci.training import learn
from kansci.way import Way

REGRESSION = get_task("feynman27/I.12.11")
PDE = get_task("poisson")
KAN = get_model("kan")
LAYER = get_model("kan[widths=2-1]")  # a second layer takes a compiler as long again
PAIRS = [
    (task, model) for task in (REGRESSION, PDE) for model in MODELS if model.applies(task.order)
]
compiler = pytest.mark.skipif(
    without_compiler(torch.device("cpu")) is not None, reason="no C++ compiler here"
)


def recipe(evaluations=100, points=16):
    adam = Optimizer(evaluations=evaluations)
    given = {"rates": (1e-2,), "evaluation_seeds": (0,), "dtype": "float64", "points": points}
    return Recipe(optimizers=(adam,), **given)


def given(task, model, seeds=(3, 4, 5), budget=250):
    """An ensemble, its gradients and what they are taken of: points differ between members."""
    members = [Member(seed, 1e-2) for seed in seeds]
    ensemble = prepare([task], model, budget, recipe(), members)
    batch = draw(ensemble, task.stages, recipe(), [stream("points", seed) for seed in seeds])
    objective = Objective(ensemble, task.stages[0].loss, batch)
    return objective._function, (ensemble.flat, *ensemble.fixed.values(), *batch)


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    """A folder of programs that the tests of this file share; what a compiler can do is known."""
    folder = tmp_path_factory.mktemp("programs")
    (folder / "inductor").symlink_to(cache_dir(), target_is_directory=True)
    return folder


@pytest.fixture(autouse=True)
def own_folder(programs, monkeypatch):
    monkeypatch.setenv("KANSCI_CACHE", str(programs))


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: f"{pair[0].name}-{pair[1].name}")
def test_a_trace_gives_the_numbers_of_the_network_for_any_number_of_members(pair):
    function, arguments = given(*pair)
    graph = traced(function, arguments)
    for seeds in ((7,), (3, 4, 5, 6)):
        function, arguments = given(*pair, seeds)
        for found, wanted in zip(graph(*arguments), function(*arguments), strict=True):
            torch.testing.assert_close(found, wanted, rtol=1e-12, atol=1e-12)


def test_tasks_of_one_shape_share_a_program_and_others_do_not():
    def key(task, model=KAN, seeds=(3, 4, 5), budget=250):
        function, arguments = given(task, model, seeds, budget)
        return _key(traced(function, arguments), arguments)

    first = key(REGRESSION)
    assert key(get_task("feynman27/I.16.6")) == first
    assert key(REGRESSION, seeds=(9,)) == first
    others = [key(PDE), key(REGRESSION, get_model("fastkan")), key(REGRESSION, budget=1_000)]
    assert len({first, *others}) == 4


@compiler
def test_the_gears_agree_after_a_hundred_steps_of_points_that_differ():
    """Of a residual, whose program has the second derivatives of a layer of splines."""
    members = [Member(3, 1e-2), Member(4, 3e-2), Member(5, float("nan"))]

    def trained(gear):
        ensemble = prepare([PDE], LAYER, 100, recipe(), members)
        (learned,) = learn(ensemble, [PDE], recipe(), None, Way(gear))
        assert learned.gear == gear
        return ensemble.flat

    eager, compiled = trained("eager"), trained("compiled")
    assert compiled[2].isnan().all()
    torch.testing.assert_close(compiled[:2], eager[:2], rtol=1e-6, atol=1e-6)


@compiler
def test_a_program_that_is_there_is_not_compiled_again(monkeypatch):
    first = program(*given(PDE, LAYER, budget=100))
    assert first.reason == ""

    def refuse(*_):
        raise AssertionError("compiled again")

    monkeypatch.setattr(kansci.gears.programs, "_compile", refuse)
    function, arguments = given(PDE, LAYER, (3, 4, 5, 6, 7), budget=100)
    again = program(function, arguments)
    for found, wanted in zip(again.run(*arguments), function(*arguments), strict=True):
        torch.testing.assert_close(found, wanted)


@compiler
def test_a_compiler_that_fails_leaves_the_eager_gear_and_says_so_once(monkeypatch, tmp_path):
    monkeypatch.setenv("KANSCI_CACHE", str(tmp_path))
    monkeypatch.setenv("CXX", "/bin/false")
    _, arguments = given(REGRESSION, get_model("mlp-tanh"))
    ensemble = prepare([REGRESSION], get_model("mlp-tanh"), 250, recipe(5), [Member(3, 1e-2)])
    (learned,) = learn(ensemble, [REGRESSION], recipe(5), None, Way("compiled"))
    assert learned.gear == "eager"
    assert learned.finite.all()
    (reason,) = tmp_path.glob("*.failed")
    assert "exit code" in reason.read_text()
    monkeypatch.setattr(kansci.gears.programs.subprocess, "run", None)  # nor is it tried again
    objective = Objective(ensemble, REGRESSION.stages[0].loss, arguments[-3:], gear="compiled")
    assert objective.gear == "eager"
    assert objective.note.startswith("not compiled: RuntimeError: the compiler's process ended")
    monkeypatch.setenv("CXX", "/bin/true")  # but another compiler is
    objective = Objective(ensemble, REGRESSION.stages[0].loss, arguments[-3:], gear="compiled")
    assert objective.note.startswith("not compiled: TypeError")


def test_a_compiler_that_is_killed_or_late_is_told_apart(monkeypatch):
    """What was killed from outside may go well the next time; what hangs would hang again."""
    command = [sys.executable, "-c", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"]
    with pytest.raises(RuntimeError, match="killed from outside"):
        kansci.gears.programs._tried(command, {})
    monkeypatch.setattr(kansci.gears.programs, "SECONDS", 0.1)
    hanging = [sys.executable, "-c", "import time; time.sleep(60)"]
    assert "took more than 0.1 s" in kansci.gears.programs._tried(hanging, {})
    monkeypatch.setattr(kansci.gears.programs, "SECONDS", 60.0)
    assert "exit code 3" in kansci.gears.programs._tried([sys.executable, "-c", "exit(3)"], {})
    assert kansci.gears.programs._tried([sys.executable, "-c", ""], {}) == ""


def test_no_compiler_means_eager_with_a_word(monkeypatch):
    monkeypatch.setattr(kansci.gears.programs.shutil, "which", lambda name: None)
    without_compiler.cache_clear()
    found = program(lambda x: (x,), [torch.ones(2, 3)])
    without_compiler.cache_clear()
    assert found.run is None
    assert "install g++" in found.reason


def test_what_cannot_be_traced_is_not_compiled():
    def branching(x):
        return (x if x.sum() > 0 else -x,)

    found = program(branching, [torch.ones(2, 3)])
    assert found.run is None
    assert found.reason.startswith("not compiled: ")
