"""Files of Records are whole or not there, and a broken one is named."""

import json
import os
import platform
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kansci.errors import UserError
from kansci.ledger import DAY, load, load_records, path_of, safe, save, tidy, write_atomically
from kansci.record import Record, Speed

OLD = Path(__file__).parent / "data" / "records_v1"
RECORD = load(OLD / "ok.json")
SPEED = load(OLD / "speed.json")
assert isinstance(RECORD, Record)
assert isinstance(SPEED, Speed)

WRITER = """
import sys
from pathlib import Path
from kansci.ledger import load, save

record, folder = load(Path(sys.argv[1])), Path(sys.argv[2])
print("ready", flush=True)
for budget in range(1_000_000):
    save(record.updated(reason="x" * 300_000, budget=budget % 3), folder)
"""


def test_a_record_is_saved_under_its_model_task_suite_and_budget(tmp_path):
    path = save(RECORD.updated(suite="quick"), tmp_path)
    assert path == tmp_path / "mlp-silu" / "feynman27" / "I.12.11" / "quick-250.json"
    assert save(SPEED, tmp_path) == tmp_path / SPEED.model / f"speed-{SPEED.budget}.json"
    assert {record.key for record in load_records(tmp_path)} == {RECORD.key, SPEED.key}
    lane = SPEED.model_copy(update={"lane": "250-float32-eager-cpu"})
    assert save(lane, tmp_path) == tmp_path / SPEED.model / "speed-250-float32-eager-cpu.json"


def test_what_is_saved_is_loaded(tmp_path):
    for name in ("ok", "failed", "speed"):
        record = load(OLD / f"{name}.json")
        assert load(save(record, tmp_path)).model_dump_json() == record.model_dump_json()


def test_a_file_may_be_read_by_all_whom_the_system_lets(tmp_path):
    path = save(RECORD, tmp_path)
    plain = tmp_path / "plain"
    plain.touch()
    assert path.stat().st_mode == plain.stat().st_mode


@pytest.mark.parametrize("name", ["../../etc", "/etc/x", "a/../../b", ".hidden", "", "a b:c", "é"])
def test_no_name_leads_out_of_the_folder_or_hides_a_file(name, tmp_path):
    for change in ({"model": name}, {"task": f"{name}@1"}, {"suite": name}):
        path = path_of(RECORD.updated(**change), tmp_path)
        inside = path.relative_to(tmp_path).parts
        assert ".." not in inside
        assert not any(part.startswith(".") for part in inside)
        assert all(part.isascii() and " " not in part and ":" not in part for part in inside)


def test_names_of_models_stay_readable():
    assert safe("kan[widths=1-1,grid=200]") == "kan[widths=1-1,grid=200]"


def test_a_writer_that_is_killed_leaves_whole_records_alone(tmp_path):
    """Killed without warning at moments of its own, again and again."""
    folder = tmp_path / "records"
    folder.mkdir()
    for wait in (0.0, 0.01, 0.05, 0.1):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(OLD / "ok.json"), str(folder)],
            stdout=subprocess.PIPE,
        )
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"ready\n"
        time.sleep(wait)
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        writer.stdout.close()
        for record in load_records(folder):
            assert isinstance(record, Record)
            assert len(record.reason) == 300_000
    assert load_records(folder)


def test_a_write_that_fails_leaves_the_old_file_and_no_other(tmp_path, monkeypatch):
    path = tmp_path / "record.json"
    write_atomically(path, "old")

    def fails(source, target):
        raise OSError("no space")

    monkeypatch.setattr(os, "replace", fails)
    with pytest.raises(OSError, match="no space"):
        write_atomically(path, "new")
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["record.json"]


def test_two_writers_of_one_record_leave_one_whole_file(tmp_path):
    """Of two processes that write the same three files at once, until they are killed."""
    folder = tmp_path / "records"
    folder.mkdir()
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(OLD / "ok.json"), str(folder)],
            stdout=subprocess.PIPE,
        )
        for _ in range(2)
    ]
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"ready\n"
    deadline = time.monotonic() + 60
    while len(load_records(folder)) < 3 and time.monotonic() < deadline:
        pass
    for _ in range(20):
        assert len(load_records(folder)) == 3
    for writer in writers:
        assert writer.poll() is None  # neither was in the other's way
        writer.kill()
        writer.communicate()
    found = load_records(folder)
    assert sorted(record.budget for record in found) == [0, 1, 2]
    tidy(folder)
    assert not [path for path in folder.rglob(".*") if path.is_file()]


def test_what_a_killed_writer_left_is_removed_and_what_others_write_is_not(tmp_path):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    node = safe(platform.node())
    names = {
        "of a process that is gone": f".{node}~{ended.pid}~x.part",
        "of this process": f".{node}~{os.getpid()}~x.part",
        "of another machine, now": f".not-{node}~{ended.pid}~x.part",
        "of another machine, long ago": f".not-{node}~{ended.pid}~y.part",
        "of nobody knows whom, long ago": ".abcdefg.part",
        "weights that wait, now": "quick-250.safetensors.new",
        "weights that wait, long since": "quick-1000.safetensors.new",
        "no temporary file": ".hidden",
    }
    for name in names.values():
        (tmp_path / "below").mkdir(exist_ok=True)
        (tmp_path / "below" / name).write_text("{")
    for what in (name for name in names if "long" in name):
        long_ago = time.time() - DAY - 60
        os.utime(tmp_path / "below" / names[what], (long_ago, long_ago))
    save(RECORD, tmp_path)
    assert tidy(tmp_path) == 4
    left = {path.name for path in (tmp_path / "below").iterdir()}
    kept = [name for name in names if not ("long" in name or "gone" in name)]
    assert left == {names[what] for what in kept}
    assert [record.key for record in load_records(tmp_path)] == [RECORD.key]


def test_a_temporary_file_is_known_by_its_writer(tmp_path, monkeypatch):
    seen = []

    def replaced(source, target):
        seen.extend(path.name for path in tmp_path.iterdir())
        assert tidy(tmp_path) == 0
        os.rename(source, target)

    monkeypatch.setattr(os, "replace", replaced)
    write_atomically(tmp_path / "record.json", "text")
    (name,) = seen
    assert name.startswith(f".{safe(platform.node())}~{os.getpid()}~")
    assert (tmp_path / "record.json").read_text() == "text"


def text_with(**changes):
    return json.dumps({**json.loads(RECORD.model_dump_json()), **changes})


BROKEN = {
    "torn": RECORD.model_dump_json()[:100],
    "empty": "",
    "a list": "[1, 2]",
    "nothing": "null",
    "no field": "{}",
    "a field too many": text_with(colour="red"),
    "a wrong type": text_with(budget="many"),
    "no number": text_with(errors=[[[None]]]),
    "another schema": text_with(schema_version="one"),
    "no speed": text_with(family="speed"),
}


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN)
def test_a_file_that_is_no_record_is_named_in_one_line(text, tmp_path):
    path = tmp_path / "broken.json"
    path.write_text(text)
    with pytest.raises(UserError) as caught:
        load_records(tmp_path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    assert "delete the file" in message


def test_a_file_that_is_no_text_is_named_in_one_line(tmp_path):
    path = tmp_path / "broken.json"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError, match=r"broken\.json: want a readable Record, got"):
        load(path)


def test_a_record_of_a_newer_kansci_is_not_to_be_deleted(tmp_path):
    path = tmp_path / "new.json"
    path.write_text(text_with(schema_version=2, more="fields"))
    with pytest.raises(UserError) as caught:
        load(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "schema 2" in message
    assert "update kansci" in message
    assert "delete" not in message


def test_a_folder_that_is_not_there_is_named_in_one_line(tmp_path):
    with pytest.raises(UserError, match=r"no folder '.*nowhere': .*`kansci run` makes one"):
        load_records(tmp_path / "nowhere")


def test_a_folder_that_cannot_be_read_is_named_and_not_passed_over(tmp_path, monkeypatch):
    save(RECORD, tmp_path)
    real = os.scandir

    def scandir(path):
        if Path(path).name == "feynman27":
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    with pytest.raises(UserError, match="feynman27: want a readable folder, got: Permission"):
        load_records(tmp_path)


def test_hidden_files_and_folders_are_no_records(tmp_path):
    save(RECORD, tmp_path)
    (tmp_path / ".hidden").mkdir()
    for name in (".part.json", ".hidden/x.json", "notes.txt", "x.json.part"):
        (tmp_path / name).write_text("no Record")
    assert [record.key for record in load_records(tmp_path)] == [RECORD.key]


def test_records_come_in_the_order_of_their_paths(tmp_path):
    for model in ("b", "a", "c"):
        save(RECORD.updated(model=model), tmp_path)
    assert [record.model for record in load_records(tmp_path)] == ["a", "b", "c"]
