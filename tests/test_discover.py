"""Tasks and models are files, found by path, and an error in one is a line that says where."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from kansci import discover
from kansci.discover import (
    Origin,
    checkout,
    find_model,
    find_tasks,
    get_task,
    home,
    list_tasks,
    load,
    origin_of,
    task_from,
)
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
    ("pattern", "count"),
    [
        ("feynman27/*", 27), ("feynman/test_[12]", 2), ("bumps_?d", 2), ("poisson", 1),
        ("toy/*", 5), ("feynman/I.1[02].*[noise=0.5]", 6), ("feynman27/I.16.6[noise=0]", 1),
    ],
)  # fmt: skip
def test_patterns_find_tasks(pattern: str, count: int):
    found = find_tasks(pattern)
    assert len(found) == count
    assert all(isinstance(task, Task) for task in found)


def test_all_tasks_are_what_the_widest_pattern_finds():
    assert [task.name for task in find_tasks("*")] == list_tasks()


def test_one_task_is_found_without_loading_the_others(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    for name in ("drift", "drifting"):
        text = MINE.format(name=f"{name}_window", points=8)
        (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
    (tmp_path / "waves.py").write_text("1/0", encoding="utf-8")
    with shipped(monkeypatch, tmp_path):
        assert get_task("drift_window").name == "drift_window"
        assert [task.name for task in find_tasks("drifting*")] == ["drifting_window"]
        for everything in (list_tasks, lambda: get_task("waves"), lambda: find_tasks("*")):
            with pytest.raises(UserError, match=r"waves.py, line 1"):
                everything()


@pytest.mark.parametrize("text", ["noise=0.25", "noise=25e-2", " noise = 0.25 "])
def test_options_in_a_name_are_those_of_a_call(text: str):
    task = get_task(f"feynman27/I.16.6[{text}]")
    assert task is get_task("feynman27/I.16.6", noise=0.25)
    assert task is find_tasks("feynman27/I.16.6[noise=0.25]")[0]
    assert task.name == "feynman27/I.16.6[noise=0.25]"
    assert task.options == {"noise": 0.0}
    assert task.name not in list_tasks()


def test_another_process_finds_a_task_with_options():
    origin = origin_of(get_task("feynman27/I.16.6", noise=1))
    assert origin == Origin("feynman27/I.16.6[noise=1.0]")
    assert task_from(origin) is get_task(origin.name)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("feynman27/I.16.6[nois=1]", "option of feynman27/I.16.6 'nois': did you mean 'noise'"),
        ("feynman27/I.16.6[noise=-1]", r"I.16.6\[noise=-1.0\]: want noise >= 0, got noise=-1.0"),
        ("feynman27/I.16.6[noise=loud]", "want noise to be a number, got 'loud'"),
        ("feynman27/I.16.6[noise=True]", "want noise to be a number, got True"),
        ("feynman27/I.16.6[noise=]", "want noise to be a number, got ''"),
        ("feynman27/I.16.6[noise]", r"unknown task 'feynman27/I.16.6\[noise\]'"),
        ("bumps_1d[noise=1]", "unknown option of bumps_1d 'noise'"),
        ("feynman27/*[loud=1]", "unknown option of .* 'loud'"),
    ],
)
def test_an_option_that_a_task_does_not_have_is_refused_in_a_line(name: str, says: str):
    with pytest.raises(UserError, match=says):
        find_tasks(name)


@pytest.mark.parametrize("name", ["poison", "bumps_3d", "feynman2/I.16.6"])
def test_an_unknown_task_says_what_comes_close(name: str):
    with pytest.raises(UnknownName, match=f"unknown task '{name}': did you mean .*FILE.py"):
        get_task(name)


def test_a_pattern_that_finds_nothing_says_what_there_is():
    with pytest.raises(UnknownName, match=r"'zzz\*': the pattern matches nothing; `kansci tasks`"):
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


@contextmanager
def shipped(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Iterator[None]:
    """Tasks are those of a folder."""
    monkeypatch.setattr(discover, "home", lambda name: folder)
    discover._shipped.cache_clear()
    try:
        yield
    finally:
        discover._shipped.cache_clear()


def test_two_tasks_of_one_name_are_refused(
    mine: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    (tmp_path / "mi.py").write_text(mine.read_text(encoding="utf-8"), encoding="utf-8")
    with (
        shipped(monkeypatch, tmp_path),
        pytest.raises(UserError, match="there is a task 'mine' already"),
    ):
        list_tasks()


def test_a_name_that_does_not_begin_as_its_file_is_refused(
    mine: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    mine.rename(tmp_path / "yours.py")
    with (
        shipped(monkeypatch, tmp_path),
        pytest.raises(UserError, match="want names that begin with 'yours', got 'mine'"),
    ):
        list_tasks()
