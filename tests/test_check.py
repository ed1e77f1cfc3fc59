"""What a stranger sends, a file to check or a Record to reproduce, runs nothing in this process."""

from pathlib import Path

import pytest
from calling import call
from ledgers import record

from kansci.cli import check as checking
from kansci.discover import find_model
from kansci.errors import UserError
from kansci.ledger import save
from kansci.models import Model
from kansci.submission.template import write_template

RAN = "open('ran', 'w').close()\n"
MODEL = "from kansci.models import get_model\nmodel = get_model('kan')\n"


def seen(text: str) -> set[str]:
    Path("mine.py").write_text(text, encoding="utf-8")
    return checking._defined(Path("mine.py"))


@pytest.fixture(autouse=True)
def apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        "for task in (): pass",
        "def build():\n task = 1\n return task",
        "[task for task in ()]",
        "if True:\n task = 1",
        "class A:\n tasks = ()",
        "tasks.append(1)",
    ],
)
def test_tasks_are_what_a_plain_statement_at_the_top_defines(text: str) -> None:
    assert seen(text) == set()


@pytest.mark.parametrize(
    "text",
    ["task = 1", "tasks: tuple = ()", "a, task = 1, 2", "from b import task", "import b as tasks"],
)
def test_tasks_at_the_top_are_found(text: str) -> None:
    assert len(seen(text)) == 1


@pytest.mark.parametrize(
    "text",
    [
        "model = 1",
        "if True:\n model = 1",
        "try:\n from b import model\nexcept ImportError: pass",
        "for model in [1]: pass",
        "(model := 1)",
        "with a() as (b, model): pass",
        "def model(): pass",
        "def broken(:",
        "x = " + "-" * 100_000 + "1",
    ],
)
def test_a_model_in_any_statement_that_runs_as_the_file_is_loaded_is_found(text: str) -> None:
    assert "model" in seen(text)


def test_a_model_within_a_function_of_a_file_of_tasks_is_none() -> None:
    assert seen("task = 1\ndef f():\n model = 2") == {"task"}


@pytest.mark.parametrize("more", ["task = ()\n", "for task in (): pass\n", "tasks = ()\n"])
def test_a_file_with_a_model_never_runs_here_whatever_else_it_defines(
    more: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("mine.py").write_text(RAN + MODEL + more, encoding="utf-8")
    monkeypatch.setattr(checking, "foreign", lambda name: find_model("kan"))
    assert call("check", "mine.py").code == 0
    assert not Path("ran").exists()


def test_a_file_that_defines_neither_runs_nothing() -> None:
    Path("mine.py").write_text(RAN + "for task in (): pass\n", encoding="utf-8")
    said = call("check", "mine.py")
    assert (said.code, said.stderr.count("\n")) == (2, 1)
    assert "got neither" in said.stderr
    assert not Path("ran").exists()


def in_its_place(file: str | Path) -> Model:
    """Instead of the sandbox, for files that are our own."""
    return find_model(str(file))


@pytest.mark.parametrize(("name", "reason"), [("KAN", "the zoo has 'kan'"), ("my kan", "letters")])
def test_a_name_that_could_not_be_submitted_is_said_and_breaks_no_law(
    name: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checking, "foreign", in_its_place)
    write_template(Path("mykan.py"))
    assert "note" not in call("check", "mykan.py").stderr
    text = Path("mykan.py").read_text(encoding="utf-8")
    Path("named.py").write_text(text.replace('Model("mykan"', f'Model("{name}"'), encoding="utf-8")
    said = call("check", "named.py")
    assert said.code == 0, said.stdout
    assert said.stderr.count("\n") == 1
    assert reason in said.stderr


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"task": "w/evil.py@1"}, "the Record's task is 'w/evil.py': want a name"),
        ({"task": "poisson/*@1"}, "unknown task"),
        ({"task": "..\\evil@1"}, "want a name"),
        ({"model": "w/evil.py"}, "the Record's model is 'w/evil.py': want a name"),
        ({"model": "w.evil:model"}, "if you trust it: --model FILE.py"),
        ({"model": "w/evil"}, "unknown model"),
    ],
)
def test_a_record_names_no_code_that_is_run(changes: dict[str, str], reason: str) -> None:
    Path("w").mkdir()
    for name in ("evil.py", "__init__.py"):
        Path("w", name).write_text(RAN, encoding="utf-8")
    path = save(record("kan").updated(**changes), Path("records"))
    said = call("reproduce", path)
    assert (said.code, said.stderr.count("\n")) == (2, 1)
    assert reason in said.stderr
    assert not Path("ran").exists()


def test_a_file_that_the_option_gives_is_the_users_word() -> None:
    from kansci.cli.reproduce import cell_of

    Path("evil.py").write_text("raise RuntimeError('it ran')\n", encoding="utf-8")
    found = record("kan").updated(task="evil.py@1")
    with pytest.raises(UserError, match="it ran"):
        cell_of(found, None, Path("evil.py"))
