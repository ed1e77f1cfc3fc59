"""`kansci sync`, and boards in MLflow: an edition is logged whole, once, and replaced whole."""

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from stores import a_record, a_speed, fresh_store

from kansci import cli
from kansci.api import get_board, list_boards
from kansci.boards.board import Board, Row, rank
from kansci.cli.sync import editions, sync
from kansci.discover import checkout
from kansci.ledger import load_records, save
from kansci.store import Store, StoreError, log_board
from kansci.store.entry import COLUMNS, LETTERS, as_entry, key_of, note

BOARD = Board(
    name="trial",
    question="Which?",
    about="A test.",
    score_label="score",
    rows=lambda records, reference: [],
    columns={"forward + backward": "a ratio"},
)


def rows(count: int, score: float = 2.0) -> list[Row]:
    return [
        Row(
            model=f"model-{i}",
            rank=i + 1,
            rank_low=1,
            rank_high=count,
            score=score - i,
            low=score - i - 0.1,
            high=score - i + 0.1,
            columns={"forward + backward": 1.5, "lead": None, "pareto": "yes"},
        )
        for i in range(count)
    ]


def test_an_entry_has_the_columns_of_its_board():
    run = as_entry(BOARD, rows(1)[0], "quick")
    assert run.metrics["score"] == [(0, 2.0)]
    assert run.metrics["rank_high"] == [(0, 1.0)]
    assert run.metrics["column/forward_backward"] == [(0, 1.5)]
    assert run.params == {"column/pareto": "yes"}
    assert "column/lead" not in run.metrics
    assert run.name == "model-0, rank 1"
    assert run.tags["kansci.edition"] == "quick"


def test_an_entry_without_a_score_says_why():
    run = as_entry(BOARD, Row(model="m", missing=3), "quick")
    assert "score" not in run.metrics
    assert run.tags["kansci.ranked"] == "no"
    assert "3 missing" in run.note


@pytest.mark.parametrize("name", list_boards())
def test_the_columns_of_a_board_are_few_and_keep_apart(name: str):
    project = checkout()
    assert project is not None
    board = get_board(name)
    found = rank(board, load_records(project / "leaderboards" / "records" / "fastkan"))
    columns = {column for row in found for column in row.columns}
    assert len(set(map(key_of, columns))) == len(columns)
    assert len({*Row.model_fields, *columns}) - 4 <= COLUMNS  # model, control, columns, note


@pytest.mark.parametrize("count", [0, 25, 26, 500])
def test_a_description_shows_25_rows_and_says_how_many_more(count: int):
    text = note(BOARD, rows(count), "quick")
    assert len(text) <= LETTERS
    assert text.count("model-") == min(count, 25)
    assert (f"{count - 25} more" in text) == (count > 25)


def test_a_description_of_long_rows_still_fits():
    long = [row.model_copy(update={"note": "crashed " * 200}) for row in rows(30)]
    text = note(BOARD, long, "quick" * 1000)
    assert len(text) <= LETTERS
    assert "more: sort" in text


def test_the_shared_server_is_pinned_healthy_and_reached_from_this_machine_alone():
    project = checkout()
    assert project is not None
    text = (project / "mlflow" / "compose.yaml").read_text()
    services = yaml.safe_load(text)["services"]
    tested = (project / "constraints.txt").read_text().split()
    pinned = re.findall(r"[\w\[\]-]+==[\d.]+", text)
    known = [one.replace("[binary]", "") for one in pinned if not one.startswith("boto3")]
    assert len(known) == 3
    assert set(known) <= set(tested)
    for name, service in services.items():
        assert re.search(r":\d+\.\d+", service.get("image", "built:0.0")), name
        assert "healthcheck" in service or service["restart"] == "no", name
        ports = service.get("ports", [])
        assert all(port.startswith("${KANSCI_ADDRESS:-127.0.0.1}:") for port in ports), name
    example = (project / "mlflow" / "example.env").read_text()
    for secret in re.findall(r"\$\{(\w+):\?", text):
        assert f"{secret}=" in example
    assert not re.search(r"(PASSWORD|SECRET_KEY)=.", example)


@pytest.fixture(scope="module")
def keep(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return fresh_store(tmp_path_factory.mktemp("store"))


def entries(keep: Store, edition: str) -> list[Any]:
    return [
        run
        for run in keep.runs("boards/trial", "kansci.board")
        if run.data.tags["kansci.edition"] == edition
    ]


def test_an_edition_is_replaced_whole_and_others_stay(keep: Store):
    def files(folder: Path) -> None:
        (folder / "trial.md").write_text("a board")

    assert log_board(keep, BOARD, rows(2), edition="quick", files=files)
    assert log_board(keep, BOARD, rows(1), edition="standard")
    assert not log_board(keep, BOARD, rows(2), edition="quick", files=files)
    before = {run.info.run_id for run in entries(keep, "quick")}
    assert log_board(keep, BOARD, rows(3, score=3.0), edition="quick", files=files)
    after = entries(keep, "quick")
    assert not before & {run.info.run_id for run in after}
    assert len(after) == 4  # three entries below the edition
    (parent,) = [run for run in after if "mlflow.parentRunId" not in run.data.tags]
    below = {run.data.tags.get("mlflow.parentRunId") for run in after} - {None}
    assert below == {parent.info.run_id}
    assert [one.path for one in keep.client.list_artifacts(parent.info.run_id)] == ["trial.md"]
    assert len(entries(keep, "standard")) == 2
    experiment = keep.client.get_experiment(keep.experiment("boards/trial"))
    assert experiment.name == "kansci/v1/boards/trial"
    assert "model-0" in experiment.tags["mlflow.note.content"]


def test_an_edition_that_was_interrupted_is_done_again(keep: Store):
    class Killed(BaseException):
        pass

    def files(folder: Path) -> None:
        raise Killed

    with pytest.raises(Killed):
        log_board(keep, BOARD, rows(2), edition="cut short", files=files)
    assert log_board(keep, BOARD, rows(2), edition="cut short")
    assert len(entries(keep, "cut short")) == 3


def call(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr(sys, "argv", ["kansci", *words])
    with pytest.raises(SystemExit) as caught:
        cli.main()
    return int(caught.value.code or 0)


def test_a_folder_is_pushed_once_and_what_came_of_it_is_json(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    place = fresh_store(tmp_path / "there").place
    for record in (a_record(), a_speed()):
        save(record, tmp_path / "records")
    words = ["sync", "records", "--to", place.uri, "--no-figures", "--edition", "mine", "--json"]
    assert call(monkeypatch, *words) == 0
    first = json.loads(capsys.readouterr().out)
    assert first["records"] == first["logged"] == 2
    assert list(first["boards"]) == ["mine"]
    assert set(first["boards"]["mine"]) == set(list_boards())
    assert call(monkeypatch, *words) == 0
    again = json.loads(capsys.readouterr().out)
    assert (again["logged"], again["known"], again["boards"]) == (0, 2, {})


def test_an_edition_is_a_suite_with_the_timings_of_its_ledgers():
    quick, standard, speed = a_record(), a_record(key="s", suite="standard"), a_speed()
    own = a_record(key="o", model="kan")
    assert editions([[quick, speed], [standard], [own]]) == {
        "quick": [quick, speed, own],
        "standard": [standard],
    }
    both = {"quick": [speed, quick], "standard": [speed, standard]}
    assert editions([[speed], [quick, standard]]) == both, "a folder of timings alone"
    assert editions([[speed]]) == {}


def test_joint_trainings_bound_the_edition_of_their_ledger_and_are_none_themselves():
    quick = a_record()
    recipe = quick.recipe.model_copy(update={"method": "joint"})
    joint = a_record(key="j", suite="quick-joint", recipe=recipe)
    assert editions([[quick, joint]]) == {"quick": [quick, joint]}
    assert editions([[quick], [joint]]) == {"quick": [quick, joint]}, "a folder of bounds alone"
    assert editions([[joint]]) == {}


def test_each_suite_is_pushed_as_an_edition_that_its_tag_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    store = fresh_store(tmp_path / "there")
    standard = a_record(key="other", suite="standard", model="kan")
    for folder, some in {"local": [a_record(), a_speed()], "ledger": [standard]}.items():
        for record in some:
            save(record, tmp_path / folder)
    words = ["sync", "local", "ledger", "--to", store.place.uri, "--no-figures", "--json"]
    for wanted in ({"quick", "standard"}, set()):
        assert call(monkeypatch, *words) == 0
        said = json.loads(capsys.readouterr().out)
        assert set(said["boards"]) == wanted
        assert said["logged"] == (3 if wanted else 0)
    found = list(store.runs("boards/overall", "kansci.board"))
    ranked = [run.data.tags for run in found if run.data.tags.get("kansci.ranked") == "yes"]
    shown = {(tags["kansci.edition"], tags["kansci.model"]) for tags in ranked}
    assert shown == {("quick", "fastkan"), ("standard", "kan")}


def test_ctrl_c_is_no_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    place = fresh_store(tmp_path / "there").place
    save(a_record(), tmp_path / "records")

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Store, "log", interrupt)
    assert call(monkeypatch, "sync", "records", "--to", place.uri) == 130
    assert "same command goes on" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("uri", "why"),
    [
        ("http://127.0.0.1:9", "no answer"),
        ("unknown://place", "neither"),
        ("sqlite:////proc/none/mlflow.db", "got"),
        ("postgresql://127.0.0.1:9/runs", "got"),
    ],
)
def test_a_store_that_is_away_or_wrong_is_one_line(uri: str, why: str, tmp_path: Path):
    save(a_record(), tmp_path / "records")
    with pytest.raises(StoreError, match=why) as caught:
        sync(records=[tmp_path / "records"], to=uri)
    assert "\n" not in str(caught.value)
