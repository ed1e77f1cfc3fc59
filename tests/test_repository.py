"""Laws of shape: what may lie where, what may import what, what a wheel holds, what README says."""

import ast
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from zipfile import ZipFile

import pytest

from kansci.discover import get_task, list_tasks

ROOT = Path(__file__).resolve().parent.parent
BOARDS = ("accuracy", "efficiency", "forgetting", "overall", "reliability", "speed")
NUMERIC = {"numpy", "pandas", "scipy", "sklearn", "sympy", "torch"}
STANDARD = {"__future__", "collections", "csv", "dataclasses", "functools", "itertools", "math"}
STANDARD |= {"pathlib", "statistics", "typing"}
PROMISED = {  # what of kansci a definition may rely on
    "tasks": {
        "calculus",
        "continual",
        "digits",
        "equations",
        "formulas",
        "losses",
        "pde",
        "regression",
        "sampling",
        "solvers",
        "task",
    },
    "leaderboards": {
        "boards.board",
        "boards.ranking",
        "boards.reference",
        "ledger",
        "models.zoo",
        "reading",
        "record",
        "speed.timed",
        "statistics.comparable",
        "statistics.forgetting",
        "statistics.reaching",
        "statistics.scaling",
        "statistics.standing",
        "statistics.stats",
        "statistics.transfer",
    },
}


def python_files(*folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from sorted((ROOT / folder).rglob("*.py"))


def definitions() -> list[Path]:
    """Tasks and boards; what others submit under leaderboards/ is their own."""
    return [*python_files("tasks"), *sorted((ROOT / "leaderboards").glob("*.py"))]


def imports(path: Path) -> set[str]:
    """Modules that a file imports anywhere; relative ones with their dots."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add("." * node.level + (node.module or ""))
    return found


def test_the_folder_of_the_store_holds_no_python():
    assert not list((ROOT / "mlflow").rglob("*.py"))


def test_nobody_imports_the_folders_of_definitions():
    """An editable install makes them importable, as empty namespaces; a wheel does not."""
    for path in python_files("kansci", "tasks", "leaderboards", "tests"):
        tops = {module.partition(".")[0] for module in imports(path)}
        assert not tops & {"tasks", "leaderboards"}, path


def test_definitions_import_nothing_beyond_what_they_are_promised():
    for path in definitions():
        place = path.relative_to(ROOT)
        promised = {f"kansci.{name}" for name in PROMISED[place.parts[0]]} | NUMERIC | STANDARD
        for module in imports(path):
            assert {module, module.partition(".")[0]} & promised, f"{place} imports {module}"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "-o", str(folder)]
    # From another folder: the checkout must not be on the path of what builds it.
    done = subprocess.run([*build, str(ROOT)], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def shipped(wheel: Path) -> list[str]:
    with ZipFile(wheel) as archive:
        return archive.namelist()


@pytest.mark.slow
def test_a_wheel_holds_the_package_and_nothing_beside_it(shipped: list[str]):
    tops = {name.partition("/")[0] for name in shipped}
    assert "kansci" in tops
    assert [top for top in tops - {"kansci"} if not top.endswith(".dist-info")] == []
    assert len(tops) == 2


@pytest.mark.slow
def test_a_wheel_ships_every_definition_and_the_frozen_reference(shipped: list[str]):
    wanted = {
        "kansci/_shipped/tasks/suites.toml",
        "kansci/_shipped/leaderboards/reference.json",
        *(f"kansci/_shipped/leaderboards/{board}.py" for board in BOARDS),
        *(f"kansci/_shipped/{path.relative_to(ROOT).as_posix()}" for path in definitions()),
    }
    assert wanted - set(shipped) == set()


@pytest.mark.slow
def test_a_wheel_ships_no_ledger_no_store_and_no_bytecode(shipped: list[str]):
    for name in shipped:
        assert "/records/" not in name
        assert "mlflow" not in Path(name).parts
        assert not name.endswith((".pyc", ".db"))


@pytest.mark.slow
def test_a_wheel_finds_the_same_tasks_as_the_checkout(wheel: Path, tmp_path: Path):
    """Without vector instructions: other machines have other ones, and Records are compared."""
    with ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    other = {"ATEN_CPU_CAPABILITY": "default", "PYTHONHASHSEED": "5"}
    environment = {**os.environ, **other, "PYTHONPATH": str(tmp_path)}

    def python(*words: str) -> str:
        command = [sys.executable, *words]
        done = subprocess.run(command, cwd="/", env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    where = "import importlib.util; print(importlib.util.find_spec('kansci').origin)"
    assert Path(python("-c", where).strip()).is_relative_to(tmp_path)
    listing = json.loads(python("-m", "kansci", "tasks", "--json"))
    contents = {task["name"]: task["content"] for task in listing}
    assert contents == {name: get_task(name).content for name in list_tasks()} != {}


class Block(NamedTuple):
    """A fenced block of Python in README.md, with the line of its fence."""

    line: int
    code: str
    runs: bool


def blocks() -> list[Block]:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return [
        Block(
            line=text[: match.start("fence")].count("\n") + 1,
            code=match["code"],
            runs=match["mark"] is None and "symbolic(" not in match["code"],  # test_symbolic's
        )
        for match in re.finditer(
            r"(?P<mark>^<!-- not run -->\n)?^(?P<fence>```python\n)(?P<code>.*?)^```$",
            text,
            flags=re.MULTILINE | re.DOTALL,
        )
    ]


def test_readme_shows_python_that_runs():
    assert any(block.runs for block in blocks())


@pytest.mark.parametrize(
    "block", [block for block in blocks() if block.runs], ids=lambda block: f"line {block.line}"
)
def test_python_in_readme_runs(block: Block):
    code = "\n" * block.line + block.code  # so that an error names the line of README.md
    exec(compile(code, ROOT / "README.md", "exec"), {"__name__": "readme"})
