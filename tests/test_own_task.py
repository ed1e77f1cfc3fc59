"""The page on tasks of one's own is true: its files are sound, and models train on them."""

import re
import sys
from pathlib import Path

import pytest

from kansci.cli import main
from kansci.discover import find_tasks
from kansci.models import get_model
from kansci.recipe import Optimizer, Recipe
from kansci.runner import run
from kansci.testing import TASK_LAWS, check_task

PAGE = (Path(__file__).parents[1] / "docs/own_task.md").read_text(encoding="utf-8")
FILES = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
RECIPE = Recipe(
    optimizers=(Optimizer(evaluations=60),),
    rates=(3e-2,),
    tuning_seeds=(7,),
    evaluation_seeds=(0,),
    points=200,
)
every_file = pytest.mark.parametrize("text", FILES, ids=range(len(FILES)))


def written(folder: Path, text: str) -> Path:
    file = folder / "mine.py"
    file.write_text(text, encoding="utf-8")
    return file


@every_file
def test_a_file_of_the_page_keeps_every_law_and_is_learned(tmp_path, text):
    (task,) = find_tasks(str(written(tmp_path, text)))
    report = check_task(task)
    assert {verdict.name: verdict.sentence for verdict in report.broken} == {}
    record = run(task, get_model("mlp-tanh"), 250, RECIPE)
    assert record.status == "ok", record.reason
    first, *_, last = record.curves[0].losses
    assert last[0] < first[0] / 2


def test_the_page_names_every_law():
    rows = re.findall(r"^\| ([a-z ]+) \|", PAGE, flags=re.MULTILINE)
    assert [row for row in rows if row != "law"] == list(TASK_LAWS)


def test_a_truth_that_does_not_solve_is_shown_as_the_page_says(tmp_path, monkeypatch, capsys):
    wrong = FILES[2].replace("u - 1", "u - 2")
    monkeypatch.setattr(sys, "argv", ["kansci", "check", str(written(tmp_path, wrong))])
    with pytest.raises(SystemExit) as ended:
        main()
    said = " ".join(capsys.readouterr().out.split())
    assert ended.value.code == 1
    assert "want a truth that solves u - 2 on x = 1: leaves -1" in said
