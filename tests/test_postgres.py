"""The store on a real PostgreSQL, as shared servers have; the test starts and stops it."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from stores import a_record, a_speed, monster, two_stages

from kansci.api import get_board
from kansci.boards.board import Row
from kansci.store import StoreError, log_board, open_store
from kansci.store.place import place_of

USER = "postgres"  # PostgreSQL refuses to run as root


def programs() -> Path:
    """Where the newest PostgreSQL of the system keeps its programs."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: p.parts[-3])
    on_path = shutil.which("initdb")
    if not found and not on_path:
        pytest.skip("wants PostgreSQL: apt-get install postgresql")
    return found[-1].parent if found else Path(str(on_path)).parent


def as_user() -> list[str]:
    """What a command begins with that must not run as root."""
    if os.geteuid() != 0:
        return []
    if not shutil.which("runuser") or subprocess.run(["id", USER], capture_output=True).returncode:
        pytest.skip(f"runs as root and wants runuser and a user {USER!r}")
    return ["runuser", "-u", USER, "--"]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """A database of its own in a folder of its own, behind a socket that no network reaches."""
    pytest.importorskip("psycopg", reason="wants kansci[postgres]")
    home, become = programs(), as_user()
    folder = Path(tempfile.mkdtemp(prefix="kansci-pg-", dir="/tmp"))  # a socket's path is short
    data = folder / "data"
    if become:
        shutil.chown(folder, USER)
    server = None
    try:
        make = [home / "initdb", "-D", data, "-A", "trust", "-U", USER, "--no-sync", "-E", "UTF8"]
        subprocess.run([*become, *make], check=True, capture_output=True, cwd=folder)
        server = subprocess.Popen(
            [*become, home / "postgres", "-D", data, "-k", folder, "-h", "", "-F"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=folder,
        )
        ready = [home / "pg_isready", "-h", folder, "-t", "30"]
        while subprocess.run(ready, capture_output=True).returncode:
            assert server.poll() is None
        yield f"postgresql:///postgres?host={folder}&user={USER}"
    finally:
        if server:
            stop = [home / "pg_ctl", "-D", data, "-m", "immediate", "stop"]
            subprocess.run([*become, *stop], check=True, capture_output=True, cwd=folder)
            server.wait(30)
        shutil.rmtree(folder)


def test_records_and_boards_are_logged_to_postgresql_once(address: str, tmp_path: Path):
    from mlflow import MlflowClient

    store = open_store(place=place_of(address, tmp_path))
    records = [a_record(), two_stages(key="two"), a_speed(), monster().updated(key="monster")]
    assert store.sync(records) == (4, 0)
    assert store.sync(records) == (0, 4)
    board, rows = get_board("accuracy"), [Row(model="🂡" * 300, rank=1, score=2.0)]
    assert log_board(store, board, rows, edition="test")
    assert not log_board(store, board, rows, edition="test")

    client = MlflowClient(store.place.uri)
    (run,) = client.search_runs([store.experiment("pde")])
    assert run.data.metrics["decades"] == pytest.approx(2)
    assert run.info.status == "FINISHED"
    ranked = client.search_runs([store.experiment("boards/accuracy")], "metrics.score > 1")
    assert [run.data.metrics["rank"] for run in ranked] == [1]


def test_a_database_that_is_away_is_one_line(tmp_path: Path):
    with pytest.raises(StoreError, match=r"want a store that opens, got") as caught:
        open_store(place=place_of(f"postgresql:///runs?host={tmp_path}"))
    assert "\n" not in str(caught.value)
