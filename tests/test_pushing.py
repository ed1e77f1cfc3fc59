"""Records that several processes log at once; a real one in one test, as it takes seconds."""

import multiprocessing
from collections.abc import Callable
from multiprocessing.connection import Pipe
from pathlib import Path
from typing import Any

import pytest
from stores import a_record, a_speed, fresh_store, two_stages

from kansci.environment import cores
from kansci.store import Store, StoreError, pushing, runs
from kansci.store.pushing import Log, processes_for


def shown(store: Store) -> list[dict[str, Any]]:
    """All that a store has of Records, without what is new in each run: id, place and writer."""
    found = []
    for family in ("continual", "pde", "speed"):
        for run in store.runs(family):
            identity = run.info.run_id
            assert store.place.artifacts is not None
            home = store.place.artifacts / family / identity / "artifacts"
            found.append(
                run.data.to_dictionary()
                | {
                    "tags": {k: v for k, v in run.data.tags.items() if k != "kansci.writer"},
                    "info": (run.info.run_name, run.info.status),
                    "times": (run.info.start_time, run.info.end_time),
                    "files": {path.name: path.read_text() for path in home.glob("*.json")},
                    "history": [
                        (one.step, one.value)
                        for key in sorted(run.data.metrics)
                        for one in store.client.get_metric_history(identity, key)
                    ],
                }
            )
    return sorted(found, key=lambda run: run["tags"]["kansci.record"])


def test_what_two_processes_began_and_the_next_call_ended_is_what_one_logs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    records = [a_record(key=f"k{i}") for i in range(6)] + [a_speed()]
    records += [two_stages(key=f"t{i}") for i in range(5)]
    one, several = fresh_store(tmp_path / "one"), fresh_store(tmp_path / "several")
    assert one.sync(records) == (12, 0)
    monkeypatch.setattr(pushing, "PIECE", 2)
    monkeypatch.setattr(runs, "DRAWN", 4)  # which this process logs, beside the other one

    def interrupt(done: int, total: int) -> None:
        assert total == 12
        if done >= 8:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        several.sync(records, figures=lambda _: {}, progress=interrupt, processes=1)
    assert multiprocessing.active_children() == []
    logged, known = several.sync(records)
    assert (logged + known, known >= 8) == (12, True)
    assert several.sync(records) == (0, 12)
    assert shown(several) == shown(one)


def answers(opened: Callable[[], Log], *pieces: list[Any]) -> list[int | str]:
    """What a process says that is handed some pieces."""
    ours, theirs = Pipe()
    with ours, theirs:
        for piece in pieces:
            ours.send(piece)
        pushing._work(theirs, opened)
        said = []
        while ours.poll():
            said.append(ours.recv())
        return said


def test_a_process_logs_what_it_is_handed_until_that_is_nothing():
    logged: list[Any] = []
    assert answers(lambda: logged.append, [a_record(), a_speed()], [a_speed()], []) == [0, 2, 1]
    assert [one.key for one in logged] == ["k", "s", "s"]


def test_a_process_that_cannot_log_says_why_in_a_line():
    def refused(record: object = None) -> Any:
        raise StoreError("no such table")

    assert answers(refused) == ["no such table"]
    assert answers(lambda: refused, [a_record()]) == [0, "no such table"]


@pytest.mark.parametrize(("said", "why"), [(None, "ended from outside"), ("no table", "no table")])
def test_a_process_that_fails_or_is_killed_ends_the_push_in_a_line(said: str | None, why: str):
    ours, theirs = Pipe()
    if said:
        theirs.send(said)
    theirs.close()
    with ours, pytest.raises(StoreError, match=why) as caught:
        pushing._served(ours, [])
    assert "\n" not in str(caught.value)


def test_sqlite_gets_one_process_a_server_four_and_a_database_as_many_as_processors():
    assert processes_for("sqlite:////tmp/mlflow.db") == 1
    assert processes_for("http://host:5000") == processes_for("https://host") == pushing.MOST
    database = processes_for("postgresql+psycopg://host/runs")
    assert database == min(cores(), pushing.MOST)
