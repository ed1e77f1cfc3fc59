"""Tasks and models are files, found by path, and an error in one is a line that says where."""

import sys
from pathlib import Path

import pytest

from kansci import discover
from kansci.discover import checkout, find_model, find_tasks, get_task, home, list_tasks, load
from kansci.errors import UnknownName, UserError
from kansci.models import get_model
from kansci.task import Task

MINE = """
from kansci.equations import on
from kansci.pde import pde

task = pde(
    name="{name}", version=1, variables={{"x": (0, 1)}}, unknowns=("u",), equations=("u_x - 1",),
    conditions=(on("x = 0", "u"),), truth="x", source="nowhere", points={points}, grid=(9,),
)
"""


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    path = tmp_path / "mine.py"
    path.write_text(MINE.format(name="mine", points=8), encoding="utf-8")
    return path


def test_definitions_lie_in_the_checkout_or_in_the_wheel(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    project = checkout()
    assert project is not None
    assert home("tasks") == project / "tasks"
    monkeypatch.setattr(discover, "PACKAGE", tmp_path / "kansci")
    assert checkout() is None
    assert home("tasks") == tmp_path / "kansci" / "_shipped" / "tasks"


def test_tasks_are_listed_by_family_and_found_by_name():
    names = list_tasks()
    families = [get_task(name).family for name in names]
    assert families == sorted(families)
    assert all(get_task(name).name == name for name in names)
    assert get_task("poisson") is get_task("poisson")
    assert not any(name.endswith("tuning") for name in names)


@pytest.mark.parametrize(
    ("pattern", "count"), [("feynman27/*", 6), ("*", 10), ("bumps_?d", 2), ("poisson", 1)]
)
def test_patterns_find_tasks(pattern: str, count: int):
    found = find_tasks(pattern)
    assert len(found) == count
    assert all(isinstance(task, Task) for task in found)


@pytest.mark.parametrize("name", ["poison", "bumps_3d", "feynman/I.16.6"])
def test_an_unknown_task_says_what_comes_close(name: str):
    with pytest.raises(UnknownName, match=f"unknown task '{name}': did you mean .*FILE.py"):
        get_task(name)


def test_a_pattern_that_finds_nothing_says_what_there_is():
    with pytest.raises(UnknownName, match=r"unknown task 'zzz\*': there are: .*poisson"):
        find_tasks("zzz*")


def test_a_task_of_ones_own_is_a_file_and_read_again_when_it_changes(mine: Path):
    (task,) = find_tasks(str(mine))
    assert (task.name, task.stages[0].points) == ("mine", 8)
    mine.write_text(MINE.format(name="mine", points=1_000), encoding="utf-8")
    assert find_tasks(str(mine))[0].stages[0].points == 1_000


def test_a_file_may_define_several_tasks(mine: Path):
    text = mine.read_text(encoding="utf-8")
    mine.write_text(f"{text}\ntasks = (task, task)\n", encoding="utf-8")
    assert [task.name for task in find_tasks(str(mine))] == ["mine", "mine"]


@pytest.mark.parametrize("text", ["", "task = 1", "tasks = ()", "tasks = (1,)", "tasks = 7"])
def test_a_file_without_a_task_says_what_was_wanted(mine: Path, text: str):
    mine.write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=r"mine.py: want `task = Task\(...\)`"):
        find_tasks(str(mine))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("x = 1\n\ny = 1/0\n", r"mine.py, line 3: ZeroDivisionError: division by zero"),
        ("x = 1\ny = (\n", r"mine.py, line 2: SyntaxError"),
        ("import nowhere_at_all\n", r"mine.py, line 1: ModuleNotFoundError"),
    ],
)
def test_an_error_in_a_file_is_one_line_that_says_where(mine: Path, text: str, says: str):
    before = set(sys.modules)
    mine.write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=says) as caught:
        load(mine)
    assert "\n" not in str(caught.value)
    assert set(sys.modules) == before


def test_a_file_that_is_not_there_or_no_python_says_so(tmp_path: Path):
    with pytest.raises(UserError, match=r"no file .*none.py': want a Python file"):
        load(tmp_path / "none.py")
    with pytest.raises(UserError, match="no file"):
        find_model(str(tmp_path / "none.py"))
    text = tmp_path / "words.txt"
    text.write_text("x = 1")
    with pytest.raises(UserError, match=r"ends in \.py"):
        load(text)


def test_files_of_one_name_do_not_replace_each_other(tmp_path: Path):
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "same.py").write_text(f"which = {folder!r}")
    one, two = (load(tmp_path / folder / "same.py") for folder in ("one", "two"))
    assert (one.which, two.which) == ("one", "two")
    assert sys.modules[one.__name__] is one


def test_a_model_is_found_by_name():
    assert find_model("kan[grid=3]").name == get_model("kan", grid=3).name


def test_two_tasks_of_one_name_are_refused(
    mine: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    (tmp_path / "other.py").write_text(mine.read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.setattr(discover, "home", lambda name: tmp_path)
    discover._shipped.cache_clear()
    try:
        with pytest.raises(UserError, match="there is a task 'mine' already"):
            list_tasks()
    finally:
        discover._shipped.cache_clear()
