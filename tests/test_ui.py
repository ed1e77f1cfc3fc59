"""`kansci ui`: the server that shows Records, its port and its end."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import ProxyHandler, Request, build_opener

import pytest

from kansci.cli.serve import FIRST, free_port
from kansci.cli.ui import default_folders
from kansci.discover import checkout
from kansci.errors import UserError
from kansci.ledger import save
from kansci.recipe import Optimizer, Recipe
from kansci.record import Environment, Record

WEB = build_opener(ProxyHandler({}))  # no proxy knows this machine's loopback


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that somebody listens at."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


def test_a_port_that_was_asked_for_is_never_replaced(taken: int):
    with pytest.raises(UserError, match=rf"port {taken} on 127\.0\.0\.1: want .* got.*--port"):
        free_port("127.0.0.1", taken)


def test_without_a_wish_the_first_free_port_is_taken(taken: int, monkeypatch: pytest.MonkeyPatch):
    assert free_port("127.0.0.1", None) >= FIRST
    monkeypatch.setattr("kansci.cli.serve.FIRST", taken)
    monkeypatch.setattr("kansci.cli.serve.LAST", taken)
    with pytest.raises(UserError, match="all are taken"):
        free_port("127.0.0.1", None)


@pytest.mark.parametrize(("host", "port"), [("127.0.0.1", 70_000), ("203.0.113.1", 5000)])
def test_an_address_that_cannot_be_is_one_line(host: str, port: int):
    with pytest.raises(UserError, match="want a free one") as caught:
        free_port(host, port)
    assert "\n" not in str(caught.value)


def test_records_are_looked_for_where_runs_and_the_ledger_leave_them(tmp_path: Path):
    project = checkout()
    assert project is not None
    ledger = project / "leaderboards" / "records"
    known = [ledger] if ledger.is_dir() else []
    assert default_folders() == known
    (tmp_path / "kansci-records").mkdir()
    assert default_folders() == [Path("kansci-records"), *known]


def a_record() -> Record:
    where = dict.fromkeys(("kansci", "python", "torch", "numpy", "system", "processor"), "x")
    return Record(
        key="k",
        task="poisson@1",
        task_content="c",
        family="pde",
        metric="relative_l2",
        trivial=1.0,
        scale=1.0,
        model="fastkan",
        model_source="m",
        budget=250,
        parameters=246,
        recipe=Recipe(optimizers=(Optimizer(evaluations=1),), rates=(0.01,), evaluation_seeds=(0,)),
        status="ok",
        members=("ok",),
        stages=("all",),
        probes=("all",),
        errors=(((0.1,),),),
        environment=Environment(**where, cores=1, threads=1, device="cpu", started="2026-01-01"),
    )


def ask(address: str, body: dict[str, Any] | None = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = Request(address, data=data, headers={"Content-Type": "application/json"})
    with WEB.open(request, timeout=30) as answer:
        return json.load(answer)


def test_the_server_shows_the_records_and_ends_with_the_command(tmp_path: Path):
    save(a_record(), tmp_path / "kansci-records")
    port = free_port("127.0.0.1", 0)
    command = subprocess.Popen(
        [sys.executable, "-c", f"from kansci.cli.ui import ui; ui(port={port})"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    address = f"http://127.0.0.1:{port}"
    assert command.stdout is not None
    said = []
    try:
        for line in command.stdout:
            said.append(line)
            if line.startswith("Browse"):
                break
        with WEB.open(f"{address}/health", timeout=30) as answer:
            assert answer.status == 200
        api = f"{address}/api/2.0/mlflow"
        found = ask(f"{api}/experiments/get-by-name?experiment_name=kansci/v1/pde")
        identity = found["experiment"]["experiment_id"]
        runs = ask(f"{api}/runs/search", {"experiment_ids": [identity]})["runs"]
        assert "fastkan on poisson, 250" in {run["info"]["run_name"] for run in runs}
        command.send_signal(signal.SIGINT)
        said += command.stdout.readlines()
        command.wait(30)
    finally:
        command.terminate()
        command.wait(30)
        command.stdout.close()
    assert command.returncode == 0, "".join(said)
    assert f"Browse at {address}/" in "".join(said)
    assert said[-1] == "Stopped.\n"
    with pytest.raises(URLError):
        WEB.open(f"{address}/health", timeout=5)
