"""`kansci new`: a file that passes `kansci check` and learns, before anything is changed."""

import ast
import json
from pathlib import Path

import pytest
import torch
from calling import call

import kansci
from kansci.discover import find_model
from kansci.models import trainable
from kansci.recipe import Optimizer, Recipe
from kansci.submission.template import write_template

RECIPE = Recipe(optimizers=(Optimizer(evaluations=100),), rates=(0.1,), evaluation_seeds=(0,))


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("new") / "my-kan_2.py"
    write_template(path)
    return path


def test_the_template_keeps_every_law(file: Path) -> None:
    said = call("check", file, "--json")
    (report,) = json.loads(said.stdout)
    assert said.code == 0
    assert {law["status"] for law in report["laws"]} == {"holds"}


def test_the_template_learns(file: Path) -> None:
    network = kansci.fit("feynman27/I.12.11", find_model(str(file)), recipe=RECIPE)
    assert 225 <= trainable(network) <= 250
    task = kansci.get_task("feynman27/I.12.11")
    probe = task.probes[-1]
    with torch.no_grad():
        miss = network(probe.x.float()) - probe.y
    assert miss.square().mean().sqrt() < 0.1 * task.scale.std


def test_the_template_is_short_and_fits_a_screen(file: Path) -> None:
    lines = file.read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 40
    assert max(map(len, lines)) <= 100
    ast.parse("\n".join(lines))


def test_the_model_is_named_after_the_file(tmp_path: Path) -> None:
    said = call("new", tmp_path / "other.py", "--json")
    assert json.loads(said.stdout) == {"file": str(tmp_path / "other.py"), "model": "other"}
    assert find_model(str(tmp_path / "other.py")).name == "other"


def test_a_file_that_is_there_stays(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text("mine", encoding="utf-8")
    said = call("new", path)
    assert (said.code, said.stdout) == (2, "")
    assert "is there already" in said.stderr
    assert path.read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("name", ["kan.py", "my kan.py", "mykan", "2kan.py", "con.py", ".py"])
def test_a_name_that_no_model_may_have_is_refused(name: str, tmp_path: Path) -> None:
    said = call("new", tmp_path / name)
    assert said.code == 2
    assert said.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
