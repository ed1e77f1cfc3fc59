"""The command line: what a user types, and what comes back."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import kansci
import kansci.cli.board
import kansci.engine
from kansci.cli import main
from kansci.ledger import load_records

SMALL = ["run", "--suite", "demo", "--task", "feynman27/I.12.11", "--no-mlflow"]
FAILING = """
import torch
from torch import nn
from kansci import Model

class {kind}(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(2))

    def forward(self, x):
        {body}

model = Model("{name}", lambda dim_in, dim_out, parameters: {kind}())
"""


def call(monkeypatch, *words):
    """Runs the command in this process; returns its exit code."""
    monkeypatch.setattr(sys, "argv", ["kansci", *map(str, words)])
    try:
        main()
    except SystemExit as end:
        return end.code or 0
    return 0


def start(*words, cwd):
    """The command in a process of its own, which can be killed."""
    command = [sys.executable, "-m", "kansci", *map(str, words)]
    return subprocess.Popen(command, cwd=cwd, stderr=subprocess.PIPE, stdout=subprocess.PIPE)


def files_of(folder):
    return {path: path.read_bytes() for path in Path(folder).rglob("*.json")}


@pytest.mark.parametrize("words", [[], ["run"], ["board"], ["tasks"], ["models"], ["ui"]], ids=str)
def test_help_explains_every_command(monkeypatch, capsys, words):
    assert call(monkeypatch, *words, "--help") == 0
    assert "Usage" in capsys.readouterr().out


def test_listings_speak_json(monkeypatch, capsys):
    call(monkeypatch, "tasks", "--json")
    tasks = json.loads(capsys.readouterr().out)
    call(monkeypatch, "models", "--json")
    models = json.loads(capsys.readouterr().out)
    assert {"poisson", "bumps_1d"} <= {task["name"] for task in tasks}
    assert {"kan", "mlp-silu"} <= {model["name"] for model in models}
    assert all(model["parameters"]["250"] <= 250 for model in models)


def test_listings_show_names_with_options_as_they_are(monkeypatch, capsys):
    call(monkeypatch, "models", "kan[grid=10,base=none]")
    assert "kan[grid=10,base=none]" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["run", "--suite", "quik"], "did you mean 'quick'"),
        (["run", "--task", "poison"], "did you mean 'poisson'"),
        (["run", "--task", "nothing/*"], "unknown task"),
        (["run", "--model", "fastcan"], "did you mean 'fastkan'"),
        (["run", "--model", "kan[gird=3]"], "did you mean 'grid'"),
        (["run", "--model", "kan[grid=0]"], "want grid >= 1"),
        (["run", "--model", "missing.py"], "missing.py"),
        (["run", "--model", "kan", "--model", "kan"], "two models are called 'kan'"),
        (["run", "--device", "tpu"], "want auto, cpu or cuda"),
        (["run", "--parameters", "0"], "want at least 1"),
        (["run", "--suite", "long", "--task", "bumps_1d"], "no recipe for the family"),
        (["board", "accurate"], "did you mean 'accuracy'"),
        (["board", "--records", "nowhere"], "no folder 'nowhere'"),
        (["board"], "no Records"),
        (["tasks", "poison"], "did you mean 'poisson'"),
        (["models", "kann"], "did you mean 'kan'"),
    ],
    ids=str,
)
def test_a_mistake_is_one_line_and_exit_code_2(monkeypatch, capsys, words, said):
    monkeypatch.setattr(kansci.cli.board, "checkout", lambda: None)
    assert call(monkeypatch, *words) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
    assert "Traceback" not in error


def test_a_task_file_without_a_task_is_refused_in_one_line(monkeypatch, capsys, tmp_path):
    (tmp_path / "mine.py").write_text("x = 1\n")
    assert call(monkeypatch, "run", "--task", tmp_path / "mine.py") == 2
    assert "want `task = Task(...)`" in capsys.readouterr().err


def test_a_file_that_raises_is_refused_with_its_line(monkeypatch, capsys, tmp_path):
    (tmp_path / "mine.py").write_text("x = 1\ny = x / 0\n")
    assert call(monkeypatch, "run", "--model", tmp_path / "mine.py") == 2
    error = capsys.readouterr().err
    assert "line 2" in error
    assert "ZeroDivisionError" in error
    assert error.count("\n") == 1


def test_a_broken_record_is_refused_and_kept(monkeypatch, capsys, tmp_path):
    broken = tmp_path / "records" / "kan" / "broken.json"
    broken.parent.mkdir(parents=True)
    broken.write_text('{"torn": ')
    assert call(monkeypatch, *SMALL, "--out", tmp_path / "records") == 2
    error = capsys.readouterr().err
    assert str(broken) in error
    assert error.count("\n") == 1
    assert broken.read_text() == '{"torn": '


def test_an_unreadable_store_is_said_before_anything_is_trained(monkeypatch, capsys, tmp_path):
    (tmp_path / "store.db").write_text("no database")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/store.db")
    words = [word for word in SMALL if word != "--no-mlflow"]
    assert call(monkeypatch, *words, "--out", tmp_path / "records") == 2
    error = capsys.readouterr().err
    assert "--no-mlflow" in error
    assert error.count("\n") == 1
    assert not files_of(tmp_path / "records")
    assert (tmp_path / "store.db").read_text() == "no database"


def test_a_second_run_trains_nothing_and_shows_the_same_boards(monkeypatch, capsys, tmp_path):
    assert call(monkeypatch, *SMALL, "--json") == 0
    first = json.loads(capsys.readouterr().out)
    files = files_of(tmp_path / "kansci-records")
    monkeypatch.setattr(kansci.engine, "run", None)  # training would fail
    assert call(monkeypatch, *SMALL, "--json") == 0
    again = capsys.readouterr()
    assert json.loads(again.out) == first
    assert "nothing to train" in again.err
    assert files_of(tmp_path / "kansci-records") == files
    assert {record["model"] for record in first["records"]} == {"mlp-silu", "kan"}
    assert {row["model"] for row in first["boards"]["accuracy"]} == {"mlp-silu", "kan"}


def test_failures_leave_rows_and_the_suite_goes_on(monkeypatch, capsys, tmp_path):
    bodies = {
        "diverges": "return x.sum(-1, keepdim=True) * self.weight.sum() * float('inf')",
        "raises": "raise RuntimeError('broken on purpose')",
        "misshapen": "return x * self.weight",
    }
    models = []
    for name, body in bodies.items():
        path = tmp_path / f"{name}.py"
        path.write_text(FAILING.format(kind=name.title(), name=name, body=body))
        models += ["--model", path]
    assert call(monkeypatch, *SMALL, *models, "--model", "mlp-silu", "--json") == 0
    records = {r["model"]: r for r in json.loads(capsys.readouterr().out)["records"]}
    found = {name: record["status"] for name, record in records.items()}
    assert found == {
        "diverges": "diverged",
        "raises": "crashed",
        "misshapen": "invalid_output",
        "mlp-silu": "ok",
    }
    assert "not finite" in records["diverges"]["reason"]
    assert "broken on purpose" in records["raises"]["reason"]
    assert "want (2, 1), got (2, 2)" in records["misshapen"]["reason"]
    assert call(monkeypatch, "board", "accuracy", "--records", "kansci-records/demo") == 0
    table = capsys.readouterr().out
    assert all(name in table for name in found)


def test_boards_are_written_as_files_without_mlflow(monkeypatch, capsys, tmp_path):
    assert call(monkeypatch, *SMALL, "--model", "kan[grid=3]", "--model", "mlp-silu") == 0
    (tmp_path / "page.md").write_text("before\n<!-- boards -->\nold\n<!-- /boards -->\nafter\n")
    # As if MLflow were not installed: importing it fails.
    program = (
        "import sys; sys.modules['mlflow'] = None; from kansci.cli import main; "
        "sys.argv = ['kansci', 'board', '--records', 'kansci-records/demo', '--out', 'boards', "
        "'--latex', '--readme', 'page.md']; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "kan[grid=3]" in done.stdout
    written = {path.name for path in (tmp_path / "boards").iterdir()}
    for board in ("accuracy", "efficiency", "speed", "forgetting"):
        assert {f"{board}.md", f"{board}.csv", f"{board}.tex"} <= written
    assert {"accuracy.png", "accuracy.svg"} <= written
    page = (tmp_path / "page.md").read_text()
    assert page.startswith("before\n")
    assert page.endswith("after\n")
    assert "old" not in page
    assert "kan[grid=3]" in page


def test_the_tables_of_the_readme_are_those_of_the_committed_records(monkeypatch, tmp_path):
    project = Path(kansci.__file__).parent.parent
    page = tmp_path / "README.md"
    page.write_text((project / "README.md").read_text(encoding="utf-8"), encoding="utf-8")
    ledger = project / "leaderboards" / "records"
    assert call(monkeypatch, "board", "--records", ledger, "--readme", page) == 0
    assert page.read_text(encoding="utf-8") == (project / "README.md").read_text(encoding="utf-8")


def test_every_record_becomes_one_run(monkeypatch, capsys, tmp_path):
    words = [word for word in SMALL if word != "--no-mlflow"]
    assert call(monkeypatch, *words) == 0
    assert call(monkeypatch, *words) == 0  # logs nothing twice
    from mlflow import MlflowClient

    client = MlflowClient(os.environ["MLFLOW_TRACKING_URI"])
    homes = [experiment.experiment_id for experiment in client.search_experiments()]
    runs = client.search_runs(homes)
    keys = sorted(record.key for record in load_records("kansci-records/demo"))
    assert sorted(run.data.tags["kansci.record"] for run in runs) == keys
    assert {f.path for f in client.list_artifacts(runs[0].info.run_id)} == {
        "record.json",
        "curves.png",
    }


@pytest.mark.slow
@pytest.mark.parametrize("signal_", [signal.SIGKILL, signal.SIGINT], ids=["kill -9", "Ctrl-C"])
def test_an_interrupted_run_goes_on_where_it_stopped(monkeypatch, capsys, tmp_path, signal_):
    words = ["run", "--suite", "quick", "--task", "feynman27/*", "--no-mlflow"]
    words += ["--model", "mlp-silu"]
    child = start(*words, "--workers", 1, cwd=tmp_path)  # seconds are left after the first cell
    deadline = time.monotonic() + 120
    while not files_of(tmp_path / "kansci-records") and time.monotonic() < deadline:
        time.sleep(0.05)
    child.send_signal(signal_)
    _, error = child.communicate(timeout=60)
    before = files_of(tmp_path / "kansci-records")
    assert before
    if signal_ == signal.SIGINT:
        assert child.returncode == 130
        assert b"goes on from there" in error
    assert call(monkeypatch, *words) == 0
    after = files_of(tmp_path / "kansci-records")
    assert len(after) == 8
    assert before.items() <= after.items()  # none of them is computed again
    assert not [path for path in tmp_path.rglob("*.part") if signal_ == signal.SIGINT]
