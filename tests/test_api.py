"""What Python users call."""

import os
import subprocess
import sys

import pytest
import torch
from torch import nn

import kansci
from kansci.errors import UnknownName, UserError
from kansci.ledger import save

NAMES = {
    "Model", "Optimizer", "Recipe", "Record", "Sparse", "Task", "fit", "get_board", "get_model",
    "get_recipe", "get_suite", "get_task", "list_boards", "list_models", "list_suites",
    "list_tasks", "load_records", "networks", "rank", "run",
}  # fmt: skip
TASK = "feynman27/I.12.11"
RECIPE = kansci.Recipe(
    optimizers=(kansci.Optimizer(evaluations=3),),
    rates=(1e-2, 3e-2),
    evaluation_seeds=(0, 1),
    points=16,
)
MODEL_FILE = """
from torch import nn
from kansci.models import Model

def build(dim_in, dim_out, parameters):
    return nn.Sequential(nn.Linear(dim_in, 8), nn.Tanh(), nn.Linear(8, dim_out))

model = Model("mine", build)
"""


def test_the_package_says_what_it_has():
    assert set(dir(kansci)) == NAMES
    assert all(getattr(kansci, name) is not None for name in NAMES)


def test_an_attribute_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'kansci' has no attribute 'train'"):
        _ = kansci.train
    assert not hasattr(kansci, "nothing")


def test_importing_the_package_does_not_import_torch():
    code = "import sys, kansci; assert not {'torch', 'mlflow'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_lists_hold_what_can_be_got():
    assert all(kansci.get_task(name).name == name for name in kansci.list_tasks())
    assert all(kansci.get_model(name).name == name for name in kansci.list_models())
    assert all(kansci.get_suite(name).name == name for name in kansci.list_suites())
    assert all(kansci.get_board(name).name == name for name in kansci.list_boards())
    boards = ["accuracy", "efficiency", "forgetting", "overall", "recovery", "reliability", "speed"]
    assert kansci.list_boards() == boards


@pytest.mark.parametrize(
    ("call", "advice"),
    [
        (lambda: kansci.get_task("poison"), "did you mean 'poisson'"),
        (lambda: kansci.get_model("kann"), "did you mean 'kan'"),
        (lambda: kansci.get_model("kan", gird=3), "did you mean 'grid'"),
        (lambda: kansci.get_suite("quik"), "did you mean 'quick'"),
        (lambda: kansci.get_board("acuracy"), "did you mean 'accuracy'"),
        (lambda: kansci.run("poison", "kan"), "did you mean 'poisson'"),
        (lambda: kansci.run("poisson", "kann"), "did you mean 'kan'"),
        (lambda: kansci.run("poisson", "kan", suite="quik"), "did you mean 'quick'"),
        (lambda: kansci.fit("poisson", "kann"), "did you mean 'kan'"),
    ],
)
def test_a_name_that_nothing_has_says_which_come_close(call, advice):
    with pytest.raises(UnknownName) as caught:
        call()
    assert advice in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_device_that_is_none_is_refused():
    with pytest.raises(UserError, match="want auto, cpu or cuda"):
        kansci.run(TASK, "kan", recipe=RECIPE, device="tpu")


def test_names_and_objects_give_the_same_record():
    by_name = kansci.run(TASK, "kan", recipe=RECIPE, device="cpu")
    task, model = kansci.get_task(TASK), kansci.get_model("kan")
    by_object = kansci.run(task, model, recipe=RECIPE, device="cpu")
    assert by_name.key == by_object.key
    assert by_name.errors == by_object.errors
    assert (by_name.suite, by_name.budget, by_name.status) == ("custom", 250, "ok")
    assert by_name.seconds > 0


def test_what_has_a_name_is_trained_in_a_process_of_its_own(tmp_path, monkeypatch):
    monkeypatch.setenv("KANSCI_SANDBOX", "off")  # in one, nothing can be written here
    path = tmp_path / "mine.py"
    act = "import os, pathlib; pathlib.Path('trainer').write_text(str(os.getpid()))"
    path.write_text(MODEL_FILE.replace("    return", f"    {act}\n    return"))
    record = kansci.run(TASK, str(path), parameters=50, recipe=RECIPE, device="cpu")
    assert record.status == "ok"
    assert int((tmp_path / "trainer").read_text()) != os.getpid()


def test_what_was_made_by_hand_is_trained_here():
    seen = []

    def build(dim_in, dim_out, parameters):
        seen.append(os.getpid())
        return nn.Linear(dim_in, dim_out)

    record = kansci.run(TASK, kansci.Model("by hand", build), recipe=RECIPE, device="cpu")
    assert record.status == "ok"
    assert set(seen) == {os.getpid()}


def test_a_model_may_be_a_file_of_ones_own(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(MODEL_FILE)
    record = kansci.run(TASK, str(path), parameters=50, recipe=RECIPE, device="cpu")
    assert (record.model, record.status, record.parameters) == ("mine", "ok", 33)


def test_a_suite_has_the_recipe_of_each_family():
    quick = kansci.get_suite("quick")
    assert quick.recipe("pde") != quick.recipe("feynman")
    with pytest.raises(UserError, match="no recipe for the family 'vision'"):
        quick.recipe("vision")


def test_fit_gives_a_network_in_the_units_of_the_task():
    task = kansci.get_task(TASK)
    recipe = kansci.Recipe(
        optimizers=(kansci.Optimizer(evaluations=200),),
        rates=(3e-2, 1e-1),
        evaluation_seeds=(0,),
        points=256,
    )
    network = kansci.fit(task, "kan", recipe=recipe, device="cpu")
    assert isinstance(network, nn.Module)
    assert not network.training
    probe = task.judged_by("test")[0]
    with torch.no_grad():
        answer = network(probe.x.float())
    error = (answer - probe.y).square().mean().sqrt() / task.scale.std
    assert error < 0.05
    record = kansci.run(task, "kan", recipe=recipe, device="cpu")
    assert record.errors[0][0][0] == pytest.approx(error.item(), rel=1e-3)


def test_fit_raises_what_the_model_raises():
    def build(dim_in, dim_out, parameters):
        raise RuntimeError("no such network")

    with pytest.raises(RuntimeError, match="no such network"):
        kansci.fit(TASK, kansci.Model("broken", build), recipe=RECIPE, device="cpu")


def test_rank_takes_records_or_their_folder(tmp_path):
    records = [kansci.run(TASK, name, recipe=RECIPE, device="cpu") for name in ("kan", "mlp-silu")]
    for record in records:
        save(record, tmp_path)
    rows = kansci.rank("accuracy", records)
    assert {row.model for row in rows} == {"kan", "mlp-silu"}
    assert kansci.rank("accuracy", tmp_path) == rows
    assert kansci.rank(kansci.get_board("accuracy"), str(tmp_path)) == rows
    assert len(kansci.load_records(tmp_path)) == 2
