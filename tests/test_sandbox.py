"""A task without its truth is the same task to whoever trains on it, and a submission trains so."""

import os
import subprocess
import sys

import pytest
import torch

from kansci.children.assignment import assignment, withheld
from kansci.children.blind import Line, blind, repeated
from kansci.children.messages import Inputs, Nonsense, Points
from kansci.children.tutor import Tutor
from kansci.discover import Origin, digest_of, find_model, find_tasks, get_task, origin_of
from kansci.engines.engine import execute, isolated
from kansci.errors import UserError
from kansci.forkserver import Around
from kansci.recipe import Optimizer, Recipe
from kansci.sampling import stream
from kansci.sandbox import Kind, available, describe, errand, foreign, walls
from kansci.sandbox.foreign import SAYS
from kansci.sandbox.handout import Handed, handed, loss_of
from kansci.speed import timing
from kansci.suite import Cell
from kansci.together import Job

RECIPE = Recipe(
    optimizers=(Optimizer(evaluations=4),), rates=(1e-2, 1e-3), evaluation_seeds=(0, 1), points=16
)
NAME = "feynman27/I.12.11"
TASKS = (
    *(NAME, "bumps_1d", "poisson1d_multiscale[boundary=hard]", "inverse_poisson"),
    *("advection", "kovasznay", "l_shape"),
)
VOLATILE = {"seconds", "memory", "environment"}
MINE = """
import torch
from torch import nn
from kansci.models import Model

def build(dim_in, dim_out, parameters):
    return nn.Sequential(nn.Linear(dim_in, 9), nn.Tanh(), nn.Linear(9, dim_out))

model = Model("mine", build, source="https://example.org", derivatives=7)
"""
OWN = """
import torch
from kansci.task import Probe, Stage, Task

def sample(generator, points):
    return (torch.rand(points, 1, generator=generator, dtype=torch.double),)

x = torch.zeros(2, 1, dtype=torch.double)
task = Task(
    name="own",
    version=1,
    family="custom",
    domain=((0, 1),),
    dim_out=1,
    stages=(Stage("own", sample, lambda predict, x: predict(x).abs().mean(), 2),),
    probes=(Probe("own", x, x),),
    source="",
)
"""
LEAVES = """
import tempfile
from pathlib import Path
from torch import nn
from kansci.models import Model

left = Path(tempfile.gettempdir(), "left")
model = Model("leaves", nn.Linear, about="seen" if left.exists() else "unseen")
left.touch()
"""
isolating = pytest.mark.skipif(
    not available().isolated, reason="this machine has no bubblewrap, or does not permit it"
)


@pytest.fixture(scope="module")
def mine(tmp_path_factory):
    path = tmp_path_factory.mktemp("mine") / "mine.py"
    path.write_text(MINE)
    return path


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    path = tmp_path_factory.mktemp("own") / "own.py"
    path.write_text(OWN)
    return find_tasks(str(path))[0]


def job(model, *tasks, recipe=RECIPE):
    return Job(tuple(Cell(task, model, 250, recipe, "custom") for task in tasks))


def smooth(task):
    def predict(x):
        phase = (x * torch.arange(1, task.dim_in + 1, dtype=x.dtype)).sum(-1, keepdim=True)
        return torch.sin(phase * torch.arange(1, task.dim_out + 1, dtype=x.dtype) / 3 + 0.5)

    return predict


class Direct(Line):
    """To a tutor in this process."""

    def __init__(self, tutor, *draws):
        super().__init__(None, None, *draws)
        self._tutor, self.times = tutor, []

    def ask(self, question):
        self.times.append(getattr(question, "times", 1))
        return self._tutor.answer(question)


@pytest.mark.parametrize("name", TASKS)
def test_what_is_handed_out_is_the_task_without_its_truth(name):
    task = get_task(name)
    text = handed(task).model_dump_json()
    given = Handed.model_validate_json(text)
    tutor = Tutor(job(find_model("mlp-silu"), task))
    tutor.begin("test")
    known = blind(given, Direct(tutor), 0)
    source, name = stream("points", 0), stream("points", 0)
    for stage, own in zip(task.stages, known.stages, strict=True):
        batch = stage.sample(source, 16)
        for one, other in zip(batch, own.sample(name, 16), strict=True):
            assert torch.equal(one, other)
        tutor.steps(RECIPE.evaluations)
        if not task.coefficients:  # which nobody knows there
            assert torch.equal(
                stage.loss(smooth(task), *batch),
                loss_of(given, given.stages[0])(smooth(task), *batch),
            )
    for probe, own in zip(task.judged_by("test"), known.judged_by("test"), strict=True):
        assert torch.equal(probe.x, own.x)
        with pytest.raises(PermissionError):
            own.y.sum()
    assert known.statement is None
    assert known.vary is None


def test_all_pde_and_continual_tasks_of_kansci_can_be_handed_out():
    for task in find_tasks("*"):
        if task.family != "feynman":  # one is written like another
            assert handed(task).name == task.name


def test_a_loss_of_a_file_s_own_costs_its_own_record_a_reason(mine, own):
    with pytest.raises(UserError, match="no sandbox can be handed without the file"):
        handed(own)
    cells = job(foreign(mine), own, get_task(NAME)).cells
    refused, trained = execute([Job((cell,)) for cell in cells])
    assert (refused.status, trained.status) == ("not_applicable", "ok")
    assert "got a function of its own" in refused.reason
    assert "set KANSCI_SANDBOX=off" in refused.reason


def test_where_nothing_is_isolated_a_loss_of_a_file_s_own_is_found_there(mine, own, monkeypatch):
    model = foreign(mine)
    monkeypatch.setenv("KANSCI_SANDBOX", "off")
    one = job(model, own)
    given = assignment(one, device=torch.device("cpu"), gear=None, memory=1.0)
    assert withheld(one) == ""
    assert (given.tasks, given.handed) == ((origin_of(own),), ())


def points(**changed):
    seed = stream("points", 0).initial_seed()
    given = {"place": 0, "stage": 0, "seed": seed, "source": 0, "points": 16, "even": False}
    return Points(**given | changed)


BEYOND = [
    points(place=1),
    points(stage=1),
    points(seed=stream(f"{NAME}/test").initial_seed()),
    points(seed=stream("points", 77).initial_seed()),
    points(source=9),
    points(points=10**6),
    points(even=True),
    Inputs(place=0, of="validation", number=0),
    Inputs(place=0, of="test", number=1),
    Inputs(place=0, of="beside", number=0),
]


@pytest.mark.parametrize("question", BEYOND, ids=lambda one: repr(one)[:60])
def test_a_tutor_gives_no_more_than_a_training_takes(question):
    tutor = Tutor(job(find_model("mlp-silu"), get_task(NAME)))
    tutor.begin("test")
    assert len(tutor.answer(points())) == 2
    with pytest.raises(Nonsense):
        tutor.answer(question)


def test_questions_come_when_all_is_learned_and_nothing_more_to_learn_from_does():
    tutor = Tutor(job(find_model("mlp-silu"), get_task("bumps_1d")))
    tutor.begin("test")
    test = Inputs(place=0, of="test", number=0)
    for left in range(20, 0, -1):  # 5 stages of 4
        with pytest.raises(Nonsense, match=f"test questions {left} evaluations too early"):
            tutor.answer(test)
        tutor.answer(points(stage=(20 - left) // 4, points=1))
        tutor.steps(1)
    assert torch.equal(tutor.answer(test)[0], get_task("bumps_1d").judged_by("test")[0].x)
    with pytest.raises(Nonsense, match="asked for points after the questions of probes"):
        tutor.answer(points(points=1))
    with pytest.raises(Nonsense, match="more evaluations than the recipe has, by 2"):
        tutor.steps(2)


def test_points_are_given_as_often_as_the_recipe_draws_them():
    often = RECIPE.model_copy(update={"resample": 1})  # 4 batches
    tutor = Tutor(job(find_model("mlp-silu"), get_task(NAME), recipe=often))
    tutor.begin("test")
    drawn = [tutor.answer(points())[0] for _ in range(4)]
    assert not torch.equal(drawn[0], drawn[1])
    with pytest.raises(Nonsense, match="other than the 64 points"):
        tutor.answer(points())


def fresh(**changed):
    return points(**{"seed": stream("fresh").initial_seed()} | changed)


def fisher(**changed):
    return points(**{"seed": stream("fisher", 0).initial_seed(), "points": 200} | changed)


@pytest.mark.parametrize("method", ["naive", "replay", "ewc", "lwf", "frozen"])
@pytest.mark.parametrize("split", ["validation", "test"])
def test_no_stage_is_taught_before_those_ahead_of_it_are_learned(method, split):
    """Nor again after it, as points that a method wants then are those that it has kept."""
    seed = stream("points", 0).initial_seed()
    recipe = RECIPE.model_copy(update={"method": method})
    tutor = Tutor(job(find_model("mlp-silu"), get_task("bumps_1d"), recipe=recipe))
    tutor.begin(split)
    for done in range(20):
        for stage in set(range(5)) - {done // 4}:
            with pytest.raises(Nonsense, match=f"points of stage {stage + 1} of 5 {done} evalua"):
                tutor.answer(points(stage=stage, seed=seed, points=1))
        assert tutor.answer(points(stage=done // 4, seed=seed, points=1))
        tutor.steps(1)
    with pytest.raises(Nonsense, match="when none takes them"):
        tutor.answer(points(stage=4, seed=seed, points=1))


def test_stages_that_are_learned_as_one_are_taught_together():
    recipe = RECIPE.model_copy(update={"method": "joint"})
    tutor = Tutor(job(find_model("mlp-silu"), get_task("bumps_1d"), recipe=recipe))
    tutor.begin("test")
    for stage in range(5):
        tutor.answer(points(stage=stage))
    with pytest.raises(Nonsense, match="other than the 80 points"):
        tutor.answer(points())


def test_one_stage_has_no_more_points_than_another():
    """Not those of all stages at once, though it may leave out the others."""
    tutor = Tutor(job(find_model("mlp-silu"), get_task("bumps_1d")))
    tutor.begin("test")
    tutor.answer(points())
    with pytest.raises(Nonsense, match="other than the 16 points"):
        tutor.answer(points(points=1))


def test_points_on_which_losses_are_compared_come_when_all_is_learned_and_always_the_same():
    tutor = Tutor(job(find_model("mlp-silu"), get_task("bumps_1d")))
    tutor.begin("test")
    for done in range(20):
        with pytest.raises(Nonsense, match=f"fresh of stage 1 of 5 {done} evaluations on"):
            tutor.answer(fresh())
        tutor.steps(1)
    first = [tutor.answer(fresh(stage=stage))[0] for stage in range(5)]
    again = [tutor.answer(fresh(stage=stage, source=9))[0] for stage in range(5)]
    assert all(map(torch.equal, first, again))
    for more in ({"points": 1080}, {"points": 15}, {"times": 2}):
        with pytest.raises(Nonsense, match="other than the 16 points"):
            tutor.answer(fresh(**more))
    with pytest.raises(Nonsense, match="lie otherwise"):
        tutor.answer(fresh(even=True))


def test_a_method_s_own_points_are_of_the_stage_before():
    naive, holding = (RECIPE.model_copy(update={"method": one}) for one in ("naive", "ewc"))
    other, tutor = (
        Tutor(job(find_model("mlp-silu"), get_task("bumps_1d"), recipe=one))
        for one in (naive, holding)
    )
    for one in (other, tutor):
        one.begin("test")
        with pytest.raises(Nonsense):
            one.answer(fisher())
        one.steps(4)
    with pytest.raises(Nonsense, match="no training takes"):
        other.answer(fisher())
    with pytest.raises(Nonsense, match="fisher of stage 2 of 5 4 evaluations on"):
        tutor.answer(fisher(stage=1))
    assert tutor.answer(fisher())
    with pytest.raises(Nonsense, match="other than the 200 points"):
        tutor.answer(fisher(points=1))


def test_questions_of_test_probes_are_given_once_rates_are_chosen():
    tutor = Tutor(job(find_model("mlp-silu"), get_task(NAME)))
    test = Inputs(place=0, of="test", number=0)
    with pytest.raises(Nonsense, match="asked for test questions in the training for validation"):
        tutor.answer(test)
    tutor.begin("test")
    tutor.steps(RECIPE.evaluations)
    assert torch.equal(tutor.answer(test)[0], get_task(NAME).judged_by("test")[0].x)


def test_batches_that_are_drawn_again_and_again_are_sent_in_advance():
    task, often = get_task(NAME), RECIPE.model_copy(update={"resample": 1})
    tutor = Tutor(job(find_model("mlp-silu"), task, recipe=often))
    tutor.begin("test")
    given = handed(task)
    line = Direct(tutor, repeated([given], often))
    stage, source, name = task.stages[0], stream("points", 0), stream("points", 0)
    for _ in range(often.evaluations):
        for one, other in zip(
            stage.sample(source, 16), blind(given, line, 0).stages[0].sample(name, 16), strict=True
        ):
            assert torch.equal(one, other)
    assert line.times == [1, 3]


@isolating
def test_a_sandbox_gives_the_numbers_of_a_plain_child(mine):
    for what, recipe in (
        ((get_task(NAME), get_task("feynman27/I.30.5")), RECIPE),
        ((get_task("bumps_1d"),), RECIPE.model_copy(update={"resample": 3, "method": "joint"})),
        ((get_task("bumps_1d"),), RECIPE.model_copy(update={"resample": 1, "method": "ewc"})),
        ((get_task("inverse_poisson[noise=0.01]"),), RECIPE.model_copy(update={"resample": 1})),
    ):
        here = isolated(job(find_model(str(mine)), *what, recipe=recipe))
        there = isolated(job(foreign(mine), *what, recipe=recipe))
        assert [record.status for record in there] == ["ok"] * len(what)
        assert [record.model_dump(exclude=VOLATILE) for record in here] == [
            record.model_dump(exclude=VOLATILE) for record in there
        ]


@isolating
def test_a_model_is_described_and_hashed_without_being_loaded(mine):
    found = describe(mine)
    assert (found.name, found.source, found.derivatives) == ("mine", "https://example.org", 7)
    own, theirs = find_model(str(mine)), foreign(mine)
    assert theirs.source_hash(2, 1, 250) == own.source_hash(2, 1, 250)
    assert not theirs.applies(8)


@isolating
def test_what_a_training_leaves_in_files_no_sandbox_of_another_purpose_has(tmp_path):
    path = tmp_path / "leaves.py"
    path.write_text(LEAVES)
    origin = Origin("", str(path), digest_of(path))
    said = [errand(origin, SAYS, purpose=purpose)["about"] for purpose in ("", "", "reload")]
    assert said == ["unseen", "seen", "unseen"]


@isolating
@pytest.mark.slow
@pytest.mark.skipif(sys.prefix == sys.base_prefix, reason="no environment that a link could name")
def test_an_environment_that_is_reached_by_a_link_shows_its_answers_at_neither_place(tmp_path):
    (tmp_path / "link").symlink_to(sys.prefix)
    places = [str(tmp_path / "link"), os.path.realpath(sys.prefix)]
    inside = f"""
import glob
for place in {places}:
    folder = glob.glob(place + "/lib/python*/site-packages/sklearn/datasets")
    print(len(folder), glob.glob(folder[0] + "/data/*"))
"""
    outside = f"""
import subprocess, sys
from kansci.sandbox import walls
assert sys.prefix == {places[0]!r}, sys.prefix
wall = walls.around()
subprocess.run([*wall.command, sys.executable, "-c", {inside!r}], env=wall.variables, check=True)
"""
    done = subprocess.run(
        [tmp_path / "link" / "bin" / "python", "-c", outside],
        env={**os.environ, "PYTHONPATH": str(walls.PACKAGE.parent)},
        capture_output=True,
        text=True,
    )
    assert done.stdout.splitlines() == ["1 []", "1 []"], done.stderr


@isolating
def test_a_submitted_model_is_timed_in_its_sandbox(mine, monkeypatch):
    monkeypatch.setattr(timing, "SECONDS", 1e-3)
    record = timing.measure(foreign(mine), 250)
    assert record.status == "crashed"
    assert "want an answer within 0.001 s" in record.reason


def test_an_assignment_for_a_sandbox_says_nothing_of_its_parent(mine, monkeypatch):
    monkeypatch.setenv("KANSCI_TOKEN", "secret")
    model = foreign(mine)
    monkeypatch.delenv("KANSCI_SANDBOX", raising=False)
    said = assignment(
        job(model, get_task(NAME)), device=torch.device("cpu"), gear=None, memory=1.0
    ).model_dump_json()
    assert "secret" not in said
    assert "tasks/feynman" not in said


def test_what_is_not_isolated_is_said(monkeypatch):
    monkeypatch.setenv("KANSCI_SANDBOX", "off")
    assert available() is Kind.OFF
    assert "NOT isolated (as asked)" in available().sentence
    assert walls.around() == Around()
    monkeypatch.setenv("KANSCI_SANDBOX", "no")
    with pytest.raises(UserError, match="KANSCI_SANDBOX=no: want off, or nothing"):
        available()
    monkeypatch.delenv("KANSCI_SANDBOX")
    monkeypatch.setattr(walls, "_tried", lambda: Kind.LIMITS)
    assert "absent or not permitted" in available().sentence
    monkeypatch.setenv("KANSCI_TOKEN", "secret")
    plain = walls.around()
    assert plain.command == ()
    assert "secret" not in (plain.variables or {}).values()
    assert plain.folder != "/"
