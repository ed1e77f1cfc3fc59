"""The command line: what a user types, and what comes back."""

import json
import os
import signal
import subprocess
import sys
import time
from importlib import import_module
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

import kansci
import kansci.cli.slices
from kansci.cli import COMMANDS, main
from kansci.cli.progress import Bar
from kansci.ledger import load, load_records, save

OLD = Path(__file__).parent / "data" / "records_v1"

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


@pytest.mark.parametrize("words", [[], *([name] for name in COMMANDS)], ids=str)
def test_help_explains_every_command(monkeypatch, capsys, words):
    assert call(monkeypatch, *words, "--help") == 0
    assert "Usage" in capsys.readouterr().out


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_of_commands_says_what_each_says_of_itself(name):
    module, about = COMMANDS[name]
    command = getattr(import_module(f"kansci.cli.{module}"), name)
    assert command.__doc__.splitlines()[0] == about


def test_help_does_not_wait_for_torch(tmp_path):
    program = (
        "import sys; from kansci.cli import app; sys.argv = ['kansci', '--help']; "
        "app(standalone_mode=False); assert not {'torch', 'numpy', 'pandas'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert b"reproduce" in done.stdout


def test_listings_speak_json(monkeypatch, capsys):
    call(monkeypatch, "tasks", "p*", "--json")
    tasks = json.loads(capsys.readouterr().out)
    call(monkeypatch, "models", "--json")
    models = json.loads(capsys.readouterr().out)
    assert {"poisson", "poisson1d_multiscale"} <= {task["name"] for task in tasks}
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
        (["run", "--workers", "0"], "want at least 1"),
        (["run", "--gear", "fast"], "unknown gear 'fast'"),
        (["run", "--shard", "0/4"], "want i/n with 1 <= i <= n"),
        (["run", "--shard", "three"], "want i/n with 1 <= i <= n"),
        (["run", "--retry", "timeot"], "did you mean 'timeout'"),
        (["run", "--retry", "ok"], "unknown status to retry"),
        (["status", "--suite", "quik"], "did you mean 'quick'"),
        (["status", "--model", "fastcan"], "did you mean 'fastkan'"),
        (["status", "--shard", "5/4"], "want i/n with 1 <= i <= n"),
        (["merge", "nowhere", "--out", "there"], "no folder 'nowhere'"),
        (["reproduce", "nowhere.json"], "no such file"),
        (["reproduce", OLD / "speed.json"], "use kansci speed"),
        (["reproduce", OLD / "ok.json", "--model", "missing.py"], "missing.py"),
        (["reproduce", OLD / "ok.json", "--task", "missing.py"], "missing.py"),
        (["reproduce", OLD / "ok.json", "--gear", "fast"], "unknown gear 'fast'"),
        (["board", "accurate"], "did you mean 'accuracy'"),
        (["board", "--records", "nowhere"], "no folder 'nowhere'"),
        (["board"], "no Records"),
        (["tasks", "poison"], "did you mean 'poisson'"),
        (["models", "kann"], "did you mean 'kan'"),
    ],
    ids=str,
)
def test_a_mistake_is_one_line_and_exit_code_2(monkeypatch, capsys, words, said):
    monkeypatch.setattr(kansci.cli.slices, "checkout", lambda: None)
    assert call(monkeypatch, *words) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
    assert "Traceback" not in error


def test_a_task_file_without_a_task_is_refused_in_one_line(monkeypatch, capsys, tmp_path):
    (tmp_path / "mine.py").write_text("x = 1\n")
    assert call(monkeypatch, "run", "--task", tmp_path / "mine.py") == 2
    assert "want `task = Task(...)`" in capsys.readouterr().err


LEAVING = """
import sys
from kansci.models import Model

def build(dim_in, dim_out, parameters):
    sys.exit(0)

model = Model("leaving", build)
"""


@pytest.mark.parametrize(
    ("text", "said"),
    [("import sys\nsys.exit(0)\n", "line 2: SystemExit"), (LEAVING, "leaving: SystemExit: 0")],
    ids=["as it is loaded", "as it is built"],
)
@pytest.mark.parametrize("words", [["models"], ["plot", "errors", "--task", "poisson", "--model"]])
def test_a_file_that_leaves_ends_no_command_in_silence(
    monkeypatch, capsys, tmp_path, words, text, said
):
    (tmp_path / "mine.py").write_text(text)
    assert call(monkeypatch, *words, tmp_path / "mine.py") == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1


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
    assert call(monkeypatch, *SMALL, "--json") == 0
    again = capsys.readouterr()
    assert json.loads(again.out) == first
    assert "nothing to train" in again.err
    assert files_of(tmp_path / "kansci-records") == files  # seconds of another run would differ
    assert {record["model"] for record in first["records"]} == {"mlp-silu", "kan"}
    assert {row["model"] for row in first["boards"]["accuracy"]} == {"mlp-silu", "kan"}


def test_failures_leave_rows_and_the_suite_goes_on(monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("KANSCI_SANDBOX", "off")  # three files would start three of them
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


def test_a_note_of_the_engine_is_one_line_once():
    said = Console(file=StringIO(), width=20)
    with Bar(said, [], 0) as bar:
        for note in ("the gear is compiled for all of them", "another", "another"):
            bar.note(note)
    assert said.file.getvalue() == "the gear is compiled for all of them\nanother\n"


def test_a_dry_run_says_what_would_run_and_writes_nothing(monkeypatch, capsys, tmp_path):
    assert call(monkeypatch, *SMALL, "--dry-run") == 0
    said = capsys.readouterr()
    assert "2 to do in 2 jobs" in said.err
    assert "feynman27/I.12.11" in said.out
    assert call(monkeypatch, *SMALL, "--model", "kan[grid=3]", "--dry-run", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["done"], found["missing"]) == (0, 1)
    assert found["jobs"][0]["model"] == "kan[grid=3]"
    assert found["jobs"][0]["tasks"] == found["jobs"][0]["missing"] == ["feynman27/I.12.11"]
    assert not list(tmp_path.iterdir())


def test_shards_fill_one_folder_and_the_whole_command_has_nothing_left_to_train(
    monkeypatch, capsys, tmp_path
):
    words = ["run", "--suite", "demo", "--task", "feynman27/II*", "--model", "mlp-silu"]
    found = []
    for shard in ("1/2", "2/2"):
        assert call(monkeypatch, *words, "--shard", shard, "--json") == 0
        said = capsys.readouterr()
        assert "neither times models nor logs to MLflow" in said.err
        part = json.loads(said.out)
        assert part["shard"] == shard
        assert "boards" not in part
        found.append([record["key"] for record in part["records"]])
    keys = sorted(record.key for record in load_records("kansci-records/demo"))
    assert sorted(found[0] + found[1]) == keys
    assert len(set(keys)) == len(keys) == 10
    assert not (tmp_path / "mlflow.db").exists()
    assert call(monkeypatch, *words, "--no-mlflow") == 0
    said = capsys.readouterr()
    assert "nothing to train" in said.err
    assert "How accurate" in said.out


def test_what_a_run_lost_comes_back_as_it_was_and_nothing_else_is_written(
    monkeypatch, capsys, tmp_path
):
    words = ["run", "--suite", "demo", "--task", "feynman27/I.1*", "--model", "mlp-silu"]
    words += ["--no-mlflow"]
    assert call(monkeypatch, *words) == 0
    before = files_of(tmp_path / "kansci-records")
    lost = next(path for path in before if "I.16.6" in str(path))  # trains with others
    lost.unlink()
    capsys.readouterr()
    assert call(monkeypatch, *words, "--dry-run", "--json") == 0
    (job,) = json.loads(capsys.readouterr().out)["jobs"]
    assert len(job["tasks"]) > 1
    assert job["missing"] == ["feynman27/I.16.6"]
    assert call(monkeypatch, *words) == 0
    after = files_of(tmp_path / "kansci-records")
    old, new = json.loads(before.pop(lost)), json.loads(after.pop(lost))
    assert before == after
    for apart in ("seconds", "memory", "environment"):
        del old[apart], new[apart]
    assert old == new


def test_status_counts_and_retry_runs_what_failed(monkeypatch, capsys, tmp_path):
    trap = tmp_path / "trap"
    trap.touch()
    body = f"""
        import os
        if os.path.exists({str(trap)!r}):
            raise RuntimeError("a trap")
        return x.sum(-1, keepdim=True) * self.weight.sum()"""
    monkeypatch.setenv("KANSCI_SANDBOX", "off")  # inside, no trap is to be seen
    path = tmp_path / "fragile.py"
    path.write_text(FAILING.format(kind="Fragile", name="fragile", body=body.strip()))
    choice = ["--suite", "demo", "--task", "feynman27/I.12.11"]
    choice += ["--model", path, "--model", "mlp-silu", "--out", tmp_path / "records"]

    def status():
        assert call(monkeypatch, "status", *choice, "--json") == 0
        return json.loads(capsys.readouterr().out)

    found = status()
    assert (found["done"], found["missing"], found["failed"]) == (0, 2, 0)
    assert found["seconds"] > 0
    assert not (tmp_path / "records").exists()
    assert call(monkeypatch, "run", *choice, "--no-mlflow") == 0
    capsys.readouterr()
    found = status()
    assert (found["done"], found["missing"], found["failed"]) == (2, 0, 1)
    assert found["models"][0]["statuses"] == {"crashed": 1}
    (failure,) = found["failures"]
    assert failure["status"] == "crashed"
    assert "a trap" in failure["reason"]
    assert [cell["model"] for cell in failure["cells"]] == ["fragile"]
    assert call(monkeypatch, "status", *choice) == 0
    assert "RuntimeError: a trap" in capsys.readouterr().out

    trap.unlink()
    assert call(monkeypatch, "run", *choice, "--no-mlflow", "--retry", "timeout") == 0
    assert "nothing to train" in capsys.readouterr().err
    kept = files_of(tmp_path / "records" / "mlp-silu")
    assert call(monkeypatch, "run", *choice, "--no-mlflow", "--retry", "failed") == 0
    assert "1 to do" in capsys.readouterr().err
    assert status()["failed"] == 0
    assert files_of(tmp_path / "records" / "mlp-silu") == kept


def test_a_record_of_an_older_source_is_announced_before_it_is_replaced(
    monkeypatch, capsys, tmp_path
):
    monkeypatch.setenv("KANSCI_SANDBOX", "off")  # every version of a file would start one
    path = tmp_path / "mine.py"
    words = [*SMALL, "--model", path]

    def write(body):
        path.write_text(FAILING.format(kind="Mine", name="mine", body=body))
        os.utime(path, ns=(0, 0))

    write("return x.sum(-1, keepdim=True) * self.weight.sum()")
    assert call(monkeypatch, *words) == 0
    assert "replaced" not in capsys.readouterr().err
    (old,) = load_records("kansci-records/demo")
    write("return x.sum(-1, keepdim=True) * self.weight.prod()")
    assert call(monkeypatch, *words, "--dry-run") == 0
    assert load_records("kansci-records/demo") == [old]
    assert call(monkeypatch, "status", *words[1:5], "--model", path) == 0
    assert "1 Record of another source" in capsys.readouterr().out
    assert call(monkeypatch, *words) == 0
    assert "1 Record of another source, task content or recipe (mine) will be replaced" in (
        capsys.readouterr().err
    )
    (new,) = load_records("kansci-records/demo")
    assert new.key != old.key


def test_folders_are_merged_and_what_is_left_out_is_said(monkeypatch, capsys, tmp_path):
    ok = load(OLD / "ok.json")
    save(ok, tmp_path / "a")
    save(ok.updated(status="timeout"), tmp_path / "b")
    save(ok.updated(key="other", budget=500), tmp_path / "b")
    words = ["merge", "a", "b", "--out", "c"]
    assert call(monkeypatch, *words) == 0
    said = capsys.readouterr().out
    assert "2 Records in c, 2 of them written now" in said
    assert f"conflict: {ok.model} on {ok.name}, {ok.budget} (timeout" in said
    assert {record.status for record in load_records("c")} == {"ok"}
    before = files_of("c")
    assert call(monkeypatch, *words, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["records"], found["written"], len(found["conflicts"])) == (2, 0, 1)
    assert files_of("c") == before
    assert len(load_records("a")) == 1
    assert len(load_records("b")) == 2


def test_a_record_is_reproduced_and_a_forged_one_is_not(monkeypatch, capsys, tmp_path):
    assert call(monkeypatch, *SMALL, "--model", "mlp-silu") == 0
    (record,) = load_records("kansci-records/demo")
    (path,) = files_of("kansci-records/demo")
    capsys.readouterr()
    assert call(monkeypatch, "reproduce", path) == 0
    said = capsys.readouterr()
    assert "identical to the 6 digits kept" in said.out
    assert "Changed since" not in said.err
    assert files_of("kansci-records/demo").keys() == {path}

    better = [[[error / 10 for error in probe] for probe in stage] for stage in record.errors]
    forged = save(record.updated(errors=better, model_source="x"), tmp_path / "forged")
    assert call(monkeypatch, "reproduce", forged, "--json", "--out", tmp_path / "again") == 1
    said = capsys.readouterr()
    found = json.loads(said.out)
    assert "the model's source" in said.err
    assert found["verdict"].startswith("differs by more than 0.05 decades")
    assert [round(member["decades"], 3) for member in found["members"]] == [1, 1]
    assert load_records(tmp_path / "again")[0].errors == record.errors


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
def test_an_interrupted_run_goes_on_where_it_stopped(monkeypatch, capsys, tmp_path):
    words = ["run", "--suite", "quick", "--task", "feynman27/II.3*", "--no-mlflow"]
    words += ["--model", "mlp-silu", "--model", "kan"]
    child = start(*words, "--workers", 1, cwd=tmp_path)  # seconds are left after the first job
    deadline = time.monotonic() + 120
    while not files_of(tmp_path / "kansci-records") and time.monotonic() < deadline:
        time.sleep(0.05)
    child.send_signal(signal.SIGINT)
    _, error = child.communicate(timeout=60)
    before = files_of(tmp_path / "kansci-records")
    assert before
    assert child.returncode == 130
    assert b"goes on from there" in error
    assert call(monkeypatch, *words) == 0
    after = files_of(tmp_path / "kansci-records")
    assert len(after) == 6
    assert before.items() <= after.items()  # none of them is computed again
    assert not list(tmp_path.rglob("*.part"))
