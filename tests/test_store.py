"""The MLflow store: what a Record becomes, what is logged, and what is said when it cannot be."""

import contextlib
import io
import json
import math
import os
import platform
import re
import sqlite3
import subprocess
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar, get_args

import pytest
from matplotlib.figure import Figure
from rich.console import Console
from stores import NAN, a_record, a_speed, empty_store, fresh_store, monster, two_stages

from kansci.api import get_board
from kansci.boards.board import Row
from kansci.cli.report import Log
from kansci.discover import checkout, load
from kansci.ledger import AnyRecord, load_records
from kansci.record import Record, Speed, Status
from kansci.store import Store, StoreError, log_board, open_store, place, speech
from kansci.store.metrics import metrics
from kansci.store.place import Place, default_place, place_of, sqlite_place
from kansci.store.view import VERSION, view


def last(record: Record | Speed) -> dict[str, float]:
    return {key: history[-1][1] for key, history in metrics(record).items()}


def test_decades_are_the_mean_over_members():
    found = last(a_record())
    assert found["decades"] == pytest.approx(2)
    assert found["decades_median"] == pytest.approx(2)
    assert "lost" not in found
    assert "stage_decades" not in found


def test_learning_and_forgetting_are_those_of_the_board():
    project = checkout()
    assert project is not None
    board = load(project / "leaderboards" / "forgetting.py")
    record = two_stages()
    found = last(record)
    assert found["learned"] == pytest.approx(board.learned(record).mean())
    assert found["lost"] == pytest.approx(board.lost(record).mean())
    assert found["learned"] == pytest.approx(4 / 3)
    assert found["final"] == pytest.approx(1)


def test_stages_are_steps():
    found = metrics(two_stages())
    assert [step for step, _ in found["stage_decades"]] == [0, 1]
    assert [value for _, value in found["stage_first_decades"]] == pytest.approx([4 / 3, 2 / 3])


def test_losses_go_on_from_stage_to_stage_without_those_that_are_not_finite():
    found = metrics(two_stages())
    assert found["loss_median"] == [(1, 1.0), (100, 0.2), (101, 1.0), (200, 0.2)]
    assert found["loss_worst"] == [(1, 2.0), (101, 2.0)]


def test_speed_is_ratios():
    found = last(a_speed())
    assert found["infer_ratio"] == found["ratio/width_infer_64"] == pytest.approx(2)
    assert found["step_ratio"] == found["ratio/width_step_64"] == pytest.approx(4)


@pytest.mark.parametrize("status", get_args(Status)[1:])
def test_a_record_without_a_result_has_no_score(status: Status):
    members = (status, status)
    run = view(a_record(status=status, members=members, errors=(((NAN, 0.1),),), parameters=None))
    assert run.tags["kansci.status"] == status
    assert not {"decades", "error_median", "log10_error", "parameters"} & set(run.metrics)
    known = {"timeout": "KILLED", "not_applicable": "FINISHED", "does_not_fit": "FINISHED"}
    assert run.status == known.get(status, "FAILED")


def test_what_is_logged_is_finite():
    worst = two_stages(members=("ok", "diverged", "diverged"), trivial=0.9, seconds=math.inf)
    for record in (a_record(), worst, a_speed(), monster()):
        for history in metrics(record).values():
            assert all(math.isfinite(value) for _, value in history)


def test_a_run_keeps_the_limits_of_one_batch():
    """MLflow's SQLite store takes more without complaint, a server does not."""
    run = view(monster())
    points = [(key, *point) for key, history in run.metrics.items() for point in history]
    texts = {**run.params, **run.tags, "note": run.note}
    assert max(map(len, run.metrics.values())) <= 100
    assert len(run.params) <= 100
    assert len(points) + len(texts) <= 1000
    assert max(map(len, texts.values())) <= 6000
    assert len(run.name) <= 250
    assert len(json.dumps([points, texts])) < 1_000_000


def test_an_experiment_has_at_most_forty_columns():
    project = checkout()
    assert project is not None
    recipe = a_record().recipe.model_copy
    methods: list[dict[str, Any]] = [
        {"method": "ewc", "strength": 1.0},
        {"method": "replay", "memory": 9},
    ]
    records: list[AnyRecord] = [two_stages(recipe=recipe(update=one)) for one in methods]
    for folder in ("records/mlp-silu", "records/kan", "standard/mlp-silu"):
        records += load_records(project / "leaderboards" / folder)
    names: dict[str, set[str]] = {}
    for record in records:
        run = view(record)
        found = {f"param {key}" for key in run.params} | {f"metric {key}" for key in run.metrics}
        names.setdefault(record.family, set()).update(found)
    assert names.keys() == {"continual", "feynman", "pde", "recovery", "speed"}
    assert {family: len(found) for family, found in names.items() if len(found) > 40} == {}
    assert {"param memory", "param strength", "metric memory"} <= names["continual"]
    assert {"metric beside/kappa", "metric beside/v"} <= names["pde"]


def test_runs_can_be_grouped_by_what_they_differ_in():
    trained, timed = view(a_record()).tags, view(a_speed()).tags
    groups = "suite task family model budget status verified machine device dtype gear record"
    assert {f"kansci.{name}" for name in groups.split()} <= trained.keys() & timed.keys()
    assert trained["kansci.method"] == "naive"


def test_a_run_has_a_name_that_a_person_reads():
    assert view(a_record()).name == "fastkan on poisson, 250"
    assert view(a_speed()).name == "fastkan speed, 250"


def test_the_store_lies_where_the_user_says_or_beside_the_project(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "https://me:secret@server/mlflow")
    assert default_place().artifacts is None
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    project = checkout()
    assert project is not None
    assert default_place() == sqlite_place(project / "mlflow")
    monkeypatch.setattr(place, "checkout", lambda: None)
    assert default_place() == sqlite_place(Path.cwd() / "kansci-mlflow")


def test_postgresql_is_reached_by_the_driver_of_the_extra():
    assert place_of("postgresql://me@host/runs").uri == "postgresql+psycopg://me@host/runs"
    assert place_of("postgresql+pg8000://host/runs").uri == "postgresql+pg8000://host/runs"


@pytest.mark.parametrize(
    ("uri", "masked"),
    [
        ("postgresql://me:secret@127.0.0.1/db", "postgresql://***@127.0.0.1/db"),
        ("postgresql://me:se/cret@host/db", "postgresql://***@host/db"),
        ("postgresql://me:p@ss@host/db", "postgresql://***@host/db"),
        (
            "postgresql://127.0.0.1:9/db?user=me&password=SECRET&sslmode=off",
            "postgresql://127.0.0.1:9/db?user=me&password=***&sslmode=off",
        ),
        ("mysql://host/db?passwd=SECRET", "mysql://host/db?passwd=***"),
        (
            "mssql:///?odbc_connect=UID%3Dme%3BPWD%3DSECRET",
            "mssql:///?odbc_connect=UID%3Dme%3BPWD%3D***",
        ),
        ("https://me:secret@localhost/mlflow", "https://***@localhost/mlflow"),
    ],
)
def test_passwords_are_not_shown(uri: str, masked: str):
    assert place.shown(uri) == masked


@pytest.mark.parametrize(
    ("uri", "secrets"),
    [
        ("postgresql://me:se/cret@127.0.0.1:9/db", ["se", "cret"]),
        ("postgresql://me:p@ss@127.0.0.1:9/db", ["p", "ss"]),
        ("postgresql://127.0.0.1:9/db?user=me&password=SECRET", ["SECRET"]),
        ("https://me:secret@localhost/mlflow", ["secret"]),
        ("https://me:se/cret@localhost/mlflow", ["se", "cret"]),
    ],
)
def test_no_error_says_a_password_or_a_piece_of_it(uri: str, secrets: list[str]):
    with pytest.raises(StoreError, match="got: ") as caught:
        open_store(place=place_of(uri))
    said = str(caught.value)
    assert not [one for one in secrets if re.search(rf"\b{one}\b", said)], said


def test_an_error_repeats_no_password_however_it_is_cut():
    uri = "postgresql://me:se%2Fcret@host/db"
    tail = "x" * 290
    for words in (f"{tail} {uri}", "no 'se/cret'", f"{tail} postgresql://me:hunter2@host"):
        with pytest.raises(StoreError) as caught, speech.told(uri, "an answer"):
            raise ValueError(words)
        assert not re.search(r"cret|hunter", str(caught.value))


class Guarded(BaseHTTPRequestHandler):
    """Asks for a password, as a proxy before MLflow does."""

    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self.send_response(401)
        self.end_headers()

    def log_message(self, *_: object) -> None: ...  # pyright: ignore[reportIncompatibleMethodOverride]


def test_a_server_that_asks_for_a_password_is_reachable_with_one_in_its_address():
    with HTTPServer(("127.0.0.1", 0), Guarded) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            place.reachable(f"http://me:secret@127.0.0.1:{server.server_port}/mlflow")
        finally:
            server.shutdown()
            thread.join()
    assert Guarded.asked == ["/mlflow/health"]


@pytest.mark.parametrize("name", ["text", "folder", "file", "server", "runs", "?"])
def test_a_store_that_cannot_be_used_is_one_line(name: str, tmp_path: Path):
    text = tmp_path / "text"
    text.write_text("no database " * 100)
    uris = {
        "text": f"sqlite:///{text}",
        "folder": f"sqlite:///{tmp_path}",
        "file": f"sqlite:///{text / 'mlflow.db'}",
        "server": "http://127.0.0.1:9",
        "runs": str(tmp_path / "mlruns"),
        "?": "unknown://place",
    }
    with pytest.raises(StoreError, match=r"want .* got.*--no-mlflow.*nothing is lost") as caught:
        open_store(place=Place(uris[name], tmp_path))
    assert "\n" not in str(caught.value)


def test_without_mlflow_the_error_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch):
    def absent(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(speech, "version", absent)
    with pytest.raises(StoreError, match=r"pip install .*--no-mlflow"):
        open_store()


@pytest.fixture(scope="module")
def keep(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A store in a folder with odd letters."""
    return fresh_store(tmp_path_factory.mktemp("store") / "a folder 100%20 # ü")


def test_making_a_store_prints_nothing():
    assert empty_store().said == ""


def test_a_record_is_one_run_with_its_figures(keep: Store):
    from mlflow import MlflowClient

    record = two_stages(key="whole")
    identity = keep.log(record, {"curves.png": Figure()})
    client = MlflowClient(keep.place.uri)
    run = client.get_run(identity)
    assert client.get_experiment(run.info.experiment_id).name == "kansci/v1/continual"
    assert run.info.status == "FINISHED"
    assert run.data.metrics["final"] == pytest.approx(1)
    assert run.data.params["optimizers"] == "adam 100 cosine"
    assert len(client.get_metric_history(identity, "loss_median")) == 4
    assert keep.place.artifacts is not None
    home = keep.place.artifacts / "continual" / identity / "artifacts"
    assert {path.name for path in home.iterdir()} == {"record.json", "curves.png"}
    attached = Record.model_validate_json((home / "record.json").read_text(encoding="utf-8"))
    assert attached.model_dump_json() == record.model_dump_json()


def test_catching_up_twice_changes_nothing_and_half_written_runs_are_done_again(keep: Store):
    from mlflow import MlflowClient

    records = [a_record(key=f"sync {number}") for number in range(3)] + [a_speed()]
    seen: list[tuple[int, int]] = []
    again = [*records, records[0]]  # each key once
    assert keep.sync(again, progress=lambda *step: seen.append(step)) == (4, 0)
    assert seen == [(done, 4) for done in range(5)]
    assert keep.sync(records) == (0, 4)

    client = MlflowClient(keep.place.uri)
    client.create_run(keep.experiment("pde"), tags={"kansci.record": "half"})
    half = a_record(key="half")
    assert keep.sync([*records, half]) == (1, 4)
    found = client.search_runs([keep.experiment("pde")], "tags.`kansci.record` = 'half'")
    assert [run.info.status for run in found] == ["FINISHED"]


def test_a_record_that_changed_replaces_its_run_and_an_older_one_never_does(keep: Store):
    from mlflow import MlflowClient

    def shown() -> list[str]:
        client = MlflowClient(keep.place.uri)
        found = client.search_runs([keep.experiment("pde")], "tags.`kansci.record` = 'moves'")
        return [run.data.tags["kansci.verified"] for run in found]

    first = a_record(key="moves")
    earlier = first.environment.model_copy(update={"started": "2025-01-02T03:04:05+00:00"})
    assert keep.sync([first]) == (1, 0)
    assert keep.sync([first.updated(verified="ci")]) == (1, 0)
    assert shown() == ["ci"]
    assert keep.sync([first.updated(environment=earlier)]) == (0, 1)
    assert keep.sync([first.updated(environment=earlier), first.updated(verified="ci")]) == (0, 1)
    assert shown() == ["ci"]


def keys_of(keep: Store, family: str = "pde") -> list[str]:
    return sorted(run.data.tags["kansci.record"] for run in keep.runs(family))


def test_a_record_of_another_key_replaces_the_run_in_its_place(tmp_path: Path):
    def timed(lane: str) -> Speed:
        return a_speed().model_copy(update={"key": lane, "lane": lane})

    keep = fresh_store(tmp_path)
    old, lanes = a_record(key="old"), [timed(lane) for lane in ("f32", "f64")]
    beside = [
        a_record(key="suite", suite="standard"),
        a_record(key="budget", budget=1000),
        a_record(key="task", task="poisson@2"),
        a_record(key="model", model="kan"),
    ]
    recipe = old.recipe.model_copy(update={"method": "joint"})
    beside.append(a_record(key="method", recipe=recipe))
    assert keep.sync([old, *beside, *lanes]) == (8, 0)
    new = a_record(key="new", model_source="changed")
    assert keep.sync([new]) == (1, 0)
    assert keys_of(keep) == ["budget", "method", "model", "new", "suite", "task"]
    keep.sync(lanes[:1])
    assert keys_of(keep, "speed") == ["f32", "f64"]
    both = [new, old]  # of two folders: who wants both has both
    assert keep.sync(both) == (1, 1)
    earlier = new.environment.model_copy(update={"started": "2025-01-02T03:04:05+00:00"})
    assert keep.sync([a_record(key="older", environment=earlier)]) == (1, 0)
    assert {"new", "old", "older"} <= set(keys_of(keep)), "an older one takes no place"
    alone = [a_record(key=key, suite="custom", budget=7) for key in ("first", "second")]
    assert [keep.sync([one]) for one in alone] == [(1, 0)] * 2
    assert {"first", "second"} <= set(keys_of(keep)), "of no suite, and so of no cell"


def test_a_record_that_is_made_again_has_one_run(keep: Store):
    record = a_record(key="again")
    first, second = keep.log(record), keep.log(record.updated(seconds=2.0))
    (found,) = [run for run in keep.runs("pde") if run.data.tags["kansci.record"] == "again"]
    assert found.info.run_id == second != first


def written(keep: Store, key: str, writer: str) -> None:
    """A run that is not ended."""
    run = view(a_record(key=key))
    run = keep.begin("pde", run, 0)
    keep.client.set_tag(run.run_id, "kansci.writer", writer)


def test_what_another_process_is_writing_is_left_alone_for_ten_minutes(keep: Store):
    now, here = int(time.time()), platform.node()
    gone = subprocess.Popen(["true"])
    gone.wait()
    own = {
        "alive": f"{os.getppid()} {now} {here}",
        "elsewhere": f"1 {now} elsewhere",
        "slow": f"{os.getppid()} {now - 700} {here}",
        "far": f"1 {now - 700} elsewhere",
        "dead": f"{gone.pid} {now} {here}",
        "mine": f"{os.getpid()} {now} {here}",
    }
    for key, writer in own.items():
        written(keep, key, writer)
    keep.sync([a_record(key=key) for key in own])
    running = [run for run in keep.runs("pde") if run.info.status == "RUNNING"]
    assert {run.data.tags["kansci.record"] for run in running} == {"alive", "elsewhere"}


def test_one_record_that_cannot_be_logged_does_not_stop_the_others(tmp_path: Path):
    keep, said = fresh_store(tmp_path), io.StringIO()
    log = Log(keep, Console(file=said))
    file = place.sqlite_file(keep.place.uri)
    assert file is not None

    def fails(times: int) -> None:
        with contextlib.closing(sqlite3.connect(file)) as database:
            database.execute("ALTER TABLE runs RENAME TO away")
            for number in range(times):
                log(a_record(key=f"lost {number}"))
            database.execute("ALTER TABLE away RENAME TO runs")

    for number in range(2):  # a success between forgives
        fails(2)
        log(a_record(key=f"logged {number}"))
    assert keys_of(keep) == ["logged 0", "logged 1"]
    fails(3)
    log(a_record(key="after"))
    assert log.store is None
    assert keys_of(keep) == ["logged 0", "logged 1"]
    assert said.getvalue().count("want to write a run") == 7
    assert said.getvalue().count("all that follow") == 1


def test_a_deleted_experiment_comes_back_without_the_runs_that_were_replaced(tmp_path: Path):
    from mlflow import MlflowClient

    keep, first = fresh_store(tmp_path), a_record(key="moves")
    board, rows = get_board("accuracy"), [Row(model="kan", rank=1, score=2.0)]
    for verified in ("self", "ci"):
        keep.sync([first.updated(verified=verified)])
        log_board(keep, board, [rows[0].model_copy(update={"note": verified})], edition="e")
    client = MlflowClient(keep.place.uri)
    client.create_run(keep.experiment("pde"), run_name="a person's own")
    client.delete_experiment(keep.experiment("pde"))
    client.delete_experiment(keep.experiment("boards/accuracy"))
    again = open_store(place=keep.place)
    again.experiment("boards/accuracy")
    assert len(client.search_runs([again.experiment("pde")])) == 1
    assert list(again.runs("boards/accuracy", "kansci.board")) == []
    assert again.sync([first.updated(verified="ci")]) == (1, 0)
    (run,) = again.runs("pde")
    assert run.data.tags["kansci.verified"] == "ci"
    assert log_board(again, board, rows, edition="e")
    assert len(list(again.runs("boards/accuracy", "kansci.board"))) == 2


def test_of_runs_that_two_processes_logged_one_is_kept(keep: Store):
    record = a_record(key="twice")
    first, second = keep.write(record), keep.write(record)
    assert keep.sync([record]) == (0, 1)
    found = keep.client.search_runs([keep.experiment("pde")], "tags.`kansci.record` = 'twice'")
    assert len(found) == 1
    assert found[0].info.run_id in (first, second)


def test_runs_of_an_earlier_view_are_done_again(keep: Store, monkeypatch: pytest.MonkeyPatch):
    record = a_record(key="viewed")
    assert keep.sync([record]) == (1, 0)
    monkeypatch.setattr("kansci.store.survey.VERSION", VERSION + 1)
    assert keep.sync([record]) == (1, 0)
    assert keep.sync([record]) == (0, 1)


def test_a_failure_while_writing_is_one_line(keep: Store):
    file = place.sqlite_file(keep.place.uri)
    assert file is not None
    with contextlib.closing(sqlite3.connect(file)) as database:
        database.execute("ALTER TABLE runs RENAME TO away")
        with pytest.raises(StoreError, match="want to write a run") as caught:
            keep.log(a_record(key="lost"))
        database.execute("ALTER TABLE away RENAME TO runs")
    assert "\n" not in str(caught.value)
