"""`kansci sync`, and boards in MLflow: an edition is logged whole, once, and replaced whole."""

import json
import re
import shlex
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from stores import a_record, a_speed, fresh_store

from kansci import cli
from kansci.api import get_board, list_boards
from kansci.boards.board import Board, Row, rank
from kansci.cli.sync import Source, editions, gather, sync
from kansci.discover import checkout
from kansci.ledger import AnyRecord, load_records, save
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
    allowed = services["mlflow"]["environment"]["MLFLOW_SERVER_ALLOWED_HOSTS"]
    assert allowed.startswith("localhost:*,127.0.0.1:*,${KANSCI_HOSTS")


def test_the_server_is_updated_by_commands_that_can_be_copied_after_a_dump_was_made():
    project = checkout()
    assert project is not None
    text = (project / "mlflow" / "README.md").read_text()
    blocks = re.findall(r"^( *)```\n(.*?)^\1```", text, re.MULTILINE | re.DOTALL)
    lines = [line for _, block in blocks for line in block.splitlines()]
    assert all(shlex.split(line, comments=True) for line in lines), "quotes end on their line"
    order = ["stop mlflow", "pg_dump", "mlflow db upgrade", "up --detach"]
    update = next(block for _, block in blocks if "db upgrade" in block)
    assert sorted(order, key=update.index) == order
    plain = re.sub(r"^( *)```\n.*?^\1```", "", text, flags=re.MULTILINE | re.DOTALL)
    assert not [one for one in re.findall(r"`[^`]*`", plain) if "\n" in one and "'" in one]


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
    def files(folder: Path) -> None:
        raise Killed

    with pytest.raises(Killed):
        log_board(keep, BOARD, rows(2), edition="cut short", files=files)
    assert log_board(keep, BOARD, rows(2), edition="cut short")
    assert len(entries(keep, "cut short")) == 3


class Killed(BaseException):
    pass


def test_an_edition_that_ends_before_it_is_described_is_done_again(
    keep: Store, monkeypatch: pytest.MonkeyPatch
):
    def killed(*_: object) -> None:
        raise Killed

    assert log_board(keep, BOARD, rows(1), edition="described")
    with monkeypatch.context() as patch:
        patch.setattr(keep.client, "set_experiment_tag", killed)
        with pytest.raises(Killed):
            log_board(keep, BOARD, rows(5), edition="described")
    assert log_board(keep, BOARD, rows(5), edition="described")
    experiment = keep.client.get_experiment(keep.experiment("boards/trial"))
    assert "5 models" in experiment.tags["mlflow.note.content"]
    assert len(entries(keep, "described")) == 6


def test_an_entry_of_a_kept_board_that_was_begun_twice_goes(keep: Store):
    assert log_board(keep, BOARD, rows(1), edition="twice")
    (parent,) = [r for r in entries(keep, "twice") if "mlflow.parentRunId" not in r.data.tags]
    view = as_entry(BOARD, rows(1)[0], "twice")
    keep.begin("boards/trial", view, 0, parent.info.run_id)
    assert len(entries(keep, "twice")) == 3
    assert not log_board(keep, BOARD, rows(1), edition="twice")
    found = entries(keep, "twice")
    assert [run.info.status for run in found] == ["FINISHED"] * 2


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


def folders(*found: Sequence[AnyRecord]) -> list[Source]:
    return [Source(some) for some in found]


def test_an_edition_is_a_suite_with_the_timings_of_its_ledgers():
    quick, standard, speed = a_record(), a_record(key="s", suite="standard"), a_speed()
    own = a_record(key="o", model="kan")
    assert editions(folders([quick, speed], [standard], [own])) == {
        "quick": [quick, speed, own],
        "standard": [standard, speed],
    }
    both = {"quick": [speed, quick], "standard": [speed, standard]}
    assert editions(folders([speed], [quick, standard])) == both, "a folder of timings alone"
    assert editions(folders([speed])) == {}


def test_an_edition_without_timings_or_formulas_has_those_of_the_ledgers():
    quick, standard = a_record(), a_record(key="s", suite="standard")
    speed, local = a_speed(), a_speed().model_copy(update={"key": "local"})
    found = editions([*folders([quick, local]), Source([quick, speed], ledger=True)])
    assert found == {"quick": [quick, local, quick, speed]}
    ledgers = Source([quick, speed], ledger=True), Source([standard], ledger=True)
    found = editions([*folders([quick, local]), *ledgers])
    assert found["standard"] == [standard, speed]
    timed = Source([standard, local], ledger=True)
    assert editions([ledgers[0], timed])["standard"] == [standard, local], "each has its own"


def test_the_standard_edition_has_the_timings_and_formulas_that_are_published():
    project = checkout()
    assert project is not None
    ledgers = [project / "leaderboards" / name for name in ("records", "standard")]
    found = editions(gather(ledgers))["standard"]
    kinds = Counter(type(one).__name__ for one in found)
    first = Counter(type(one).__name__ for one in load_records(ledgers[0]))
    assert kinds["Speed"] == first["Speed"] > 0
    assert kinds["Reading"] == first["Reading"] > 0


def test_a_record_outside_of_a_ledgers_cells_takes_nobody_off_its_board():
    ledger = [a_record(key=name, model=name) for name in ("kan", "fastkan")]
    own = a_record(key="own", model="mine")
    odd = a_record(key="odd", model="mine", budget=77)
    more = a_record(key="more", model="mine", task="heat@1")
    joint = odd.recipe.model_copy(update={"method": "joint"})
    bound = odd.updated(key="bound", recipe=joint, suite="quick-joint")
    local = Source([own, odd, more, bound])
    for sources in ([Source(ledger, ledger=True), local], [local, Source(ledger, ledger=True)]):
        (found,) = editions(sources).values()
        assert {one.key for one in found} == {"kan", "fastkan", "own"}
        ranked = {row.model: row.rank for row in rank(get_board("accuracy"), found)}
        assert ranked.keys() == {"kan", "fastkan", "mine"}
        assert None not in ranked.values()
    assert {one.key for one in editions([local])["quick"]} == {"own", "odd", "more", "bound"}


def test_ledgers_are_told_by_their_place(tmp_path: Path):
    for folder in ("leaderboards/records", "leaderboards/samples", "records"):
        save(a_record(), tmp_path / folder)
    names = ("leaderboards/records", "leaderboards/samples", "records")
    found = gather([tmp_path / name for name in names])
    assert [source.ledger for source in found] == [True, False, False]


def test_joint_trainings_bound_the_edition_of_their_ledger_and_are_none_themselves():
    quick = a_record()
    recipe = quick.recipe.model_copy(update={"method": "joint"})
    joint = a_record(key="j", suite="quick-joint", recipe=recipe)
    assert editions(folders([quick, joint])) == {"quick": [quick, joint]}
    assert editions(folders([quick], [joint])) == {"quick": [quick, joint]}, "bounds alone"
    assert editions(folders([joint])) == {}


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

    monkeypatch.setattr(Store, "write", interrupt)
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
