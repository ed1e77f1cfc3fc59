"""Commands end in one line and exit code 2 where a place, an option or a sign cannot be had."""

import io
import json
import sys
from contextlib import suppress
from pathlib import Path
from typing import get_args

import pytest
from calling import call
from ledgers import grid

from kansci.cli import main
from kansci.cli.plot import _name
from kansci.cli.selection import SuiteName
from kansci.ledger import save
from kansci.suite import list_suites


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Records of `kan` in `records`, a file called `file`, an empty folder called `empty`."""
    home = tmp_path_factory.mktemp("place")
    for one in grid("kan", 0):
        save(one, home / "records")
    (home / "file").touch()
    (home / "empty").mkdir()
    return home


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("board accuracy --records records --out file", "file: want a folder to write into"),
        ("board accuracy --records records --readme nosuch.md", "nosuch.md: want a place"),
        ("board accuracy --records records --freeze new.json", "wants Records of mlp-silu"),
        ("board --check --json", "leave out --json"),
        ("cite --out empty", "empty: want a place that can be read and written"),
        ("cite --records empty", "no Records of training in empty"),
        ("claims --docs empty", "empty: want a place"),
        ("claims C5 --docs page.md", "leave out the ids"),
        ("check poisson --dim-in 3", "a task has its own size"),
        ("compare kan kan --records records", "want two models, got kan twice"),
        ("plot pareto --records empty", "no Records in empty"),
        ("plot pareto --records records --budget 250", "want two budgets for a front, got 250"),
        ("board accuracy --records records --family pd", "unknown family with Records 'pd': did"),
        ("site --records records --suite custm", "unknown suite with Records 'custm': did you"),
        ("tasks nope", "the nearest are 'l_shape', 'toy/bessel', 'special/yv'; `kansci tasks`"),
        ("cite --task nope/*", "'nope/*': the pattern matches nothing; `kansci tasks` lists all"),
        ("check nope", "`kansci models` and `kansci tasks` list all"),
        ("reproduce nope.json", "nope.json: no such file"),
        ("reproduce empty", "empty is a folder: want the file of one Record in it"),
        ("merge empty --out there", "no Records in empty"),
        ("submit nope.py", "nope.py: want a Python file that defines"),
        (
            "run --model nope.py",
            "no file 'nope.py': want a Python file; `kansci new nope.py` writes",
        ),
        ("models nope", "(or FILE.py, a model of your own)"),
        ("reproduce file", "file is no Record: want a Record in JSON"),
        ("ui --port 99999", "--port 99999: want 1 to 65535"),
        ("plot edges --model mlp-silu --task poisson --records records", "functions on edges"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(
    words: str, reason: str, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(place)
    said = call(*words.split())
    assert said.code == 2, said
    assert said.stderr.count("\n") == 1
    assert len(said.stderr) < 400
    assert reason in said.stderr
    assert "delete" not in said.stderr
    assert {one.name for one in place.iterdir()} == {"records", "file", "empty"}


def test_papers_are_listed_for_programs_too() -> None:
    found = json.loads(call("compare", "kan", "--paper", "list", "--json").stdout)
    assert "relukan" in found


def test_a_sign_that_the_terminal_lacks_ends_no_command(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bytes_written = io.BytesIO()
    out = io.TextIOWrapper(bytes_written, encoding="ascii")
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "argv", ["kansci", "board", "speed", "--records", str(place)])
    with suppress(SystemExit):
        main()
    out.flush()
    assert b"kan" in bytes_written.getvalue()


def test_the_help_names_every_suite() -> None:
    said = get_args(SuiteName)[1].help
    assert all(name in said for name in list_suites())


def test_figures_of_two_models_are_two_files(tmp_path: Path) -> None:
    names = ["kan[a=0.5]", "kan[a=0.25]", "package.module:net", "package.module:other", "mine.py"]
    found = {_name("edges", name, "poisson", 250) for name in names}
    assert len(found) == len(names)
    assert _name("edges", str(tmp_path / "mine.py"), "poisson", 250) == "edges-mine-poisson-250"
