"""`kansci ui`: the server that shows Records, its port and its end."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import ProxyHandler, Request, build_opener

import pytest
from rich.progress import Progress
from stores import a_record, fresh_store

from kansci.cli.serve import FIRST, free_port, origins
from kansci.cli.sync import default_folders, push_boards
from kansci.cli.ui import ui
from kansci.discover import checkout
from kansci.errors import UserError
from kansci.ledger import save
from kansci.store import open_store
from kansci.store.place import place_of

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
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


class Started(Exception):
    pass


@pytest.mark.parametrize(
    ("host", "more"), [("127.0.0.2", ["http://127.0.0.2:{port}"]), ("127.0.0.1", []), ("::1", [])]
)
def test_the_server_takes_its_own_pages_for_its_own(
    host: str, more: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    from mlflow.server.security_utils import should_block_cors_request

    def started(command: list[str], *, env: dict[str, str], **_: object) -> None:
        raise Started(env, command[command.index("--host") + 1 :])

    store = fresh_store(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", store.place.uri)
    monkeypatch.setenv("MLFLOW_SERVER_CORS_ALLOWED_ORIGINS", "https://mlflow.example.org")
    monkeypatch.setattr("kansci.cli.serve.subprocess.Popen", started)
    if ":" in host and not socket.has_ipv6:
        pytest.skip("wants IPv6")
    port = free_port(host, 0)
    with pytest.raises(Started) as caught:
        ui(host=host, port=port, sync=False)
    environment, words = caught.value.args
    assert words[:3] == [host, "--port", str(port)]
    assert environment["MLFLOW_SERVER_DISABLE_SECURITY_MIDDLEWARE"] == "false"
    allowed = environment["MLFLOW_SERVER_CORS_ALLOWED_ORIGINS"].split(",")
    wanted = [one.format(port=port) for one in more]
    assert allowed == ["https://mlflow.example.org", *wanted]
    name = f"[{host}]" if ":" in host else host
    assert not should_block_cors_request(f"http://{name}:{port}", "POST", allowed)
    assert should_block_cors_request("https://evil.example", "POST", allowed)


def test_a_server_at_all_addresses_takes_pages_of_each_for_its_own(
    monkeypatch: pytest.MonkeyPatch,
):
    def addresses() -> dict[str, list[Any]]:
        found = [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET, "10.0.0.9")]
        found += [(socket.AF_INET6, "fd00::9"), (17, "00:00:00:00:00:09")]
        return {"eth0": [SimpleNamespace(family=kind, address=one) for kind, one in found]}

    monkeypatch.setattr("kansci.cli.serve.psutil.net_if_addrs", addresses)
    monkeypatch.delenv("MLFLOW_SERVER_CORS_ALLOWED_ORIGINS", raising=False)
    assert origins("0.0.0.0", 5000) == "http://10.0.0.9:5000"
    assert origins("::", 5000) == "http://10.0.0.9:5000,http://[fd00::9]:5000"
    assert origins("127.0.0.1", 5000) == ""


def test_records_are_looked_for_where_runs_and_the_ledger_leave_them(tmp_path: Path):
    project = checkout()
    assert project is not None
    ledgers = [project / "leaderboards" / name for name in ("records", "standard")]
    known = [ledger for ledger in ledgers if ledger.is_dir()]
    assert default_folders() == known
    (tmp_path / "kansci-records").mkdir()
    assert default_folders() == [Path("kansci-records"), *known]


@dataclass
class Shown:
    """A `kansci ui` that runs."""

    command: subprocess.Popen[str]
    address: str
    said: list[str]

    def url(self, path: str) -> str:
        return f"{self.address}/api/2.0/mlflow/{path}"


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shown]:
    """One server for all tests: it takes most of their time to start."""
    folder = tmp_path_factory.mktemp("ui")
    store = fresh_store(folder / "store")
    save(a_record(), folder / "kansci-records")
    # With their figures, boards would take longer than all else.
    push_boards(store, [a_record()], "quick", Progress(disable=True), figures=False)
    port = free_port("127.0.0.1", 0)
    code = f"from kansci.cli.ui import ui; ui(records=[Path('kansci-records')], port={port})"
    command = subprocess.Popen(
        [sys.executable, "-c", f"from pathlib import Path; {code}"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=folder,
        env={**os.environ, "PYTHONUNBUFFERED": "1", "MLFLOW_TRACKING_URI": store.place.uri},
    )
    assert command.stdout is not None
    found = Shown(command, f"http://127.0.0.1:{port}", [])
    try:
        for line in command.stdout:
            found.said.append(line)
            if line.startswith("Browse"):
                break
        else:
            pytest.fail("".join(found.said))
        yield found
    finally:
        command.terminate()
        command.wait(30)
        command.stdout.close()


def ask(address: str, body: dict[str, Any] | None = None, **headers: str) -> Any:
    data = None if body is None else json.dumps(body).encode()
    kind = {"Content-Type": "application/json"}
    with WEB.open(Request(address, data, kind | headers), timeout=30) as answer:
        return json.load(answer)


def family_of(shown: Shown, name: str) -> str:
    found = ask(shown.url(f"experiments/get-by-name?experiment_name=kansci/v1/{name}"))
    return found["experiment"]["experiment_id"]


def test_records_are_logged_before_they_are_shown_and_boards_once(shown: Shown):
    assert f"Browse at {shown.address}/" in "".join(shown.said)
    body = {"experiment_ids": [family_of(shown, "pde")]}
    names = {run["info"]["run_name"] for run in ask(shown.url("runs/search"), body)["runs"]}
    assert names == {"fastkan on poisson, 250"}
    body = {"experiment_ids": [family_of(shown, "boards/accuracy")]}
    names = {run["info"]["run_name"] for run in ask(shown.url("runs/search"), body)["runs"]}
    assert names == {"accuracy, edition quick", "fastkan, rank 1"}


def test_a_foreign_host_is_refused(shown: Shown):
    with pytest.raises(HTTPError) as refusal:
        ask(shown.url("experiments/search?max_results=1"), Host="evil.example")
    assert refusal.value.code == 403
    refusal.value.close()


def test_another_site_cannot_write(shown: Shown):
    with pytest.raises(HTTPError) as refusal:
        ask(shown.url("experiments/create"), {"name": "x"}, Origin="https://evil.example")
    assert refusal.value.code == 403
    refusal.value.close()
    found = ask(shown.url("experiments/create"), {"name": "y"}, Origin=shown.address)
    assert found["experiment_id"]


def test_records_are_pushed_to_a_server_over_http(shown: Shown):
    store = open_store(place=place_of(shown.address))
    record = a_record(key="pushed", model="kan")
    assert store.sync([record]) == (1, 0)
    assert store.sync([record]) == (0, 1)
    body = {"experiment_ids": [family_of(shown, "pde")], "filter": "tags.`kansci.model` = 'kan'"}
    (run,) = ask(shown.url("runs/search"), body)["runs"]
    assert run["info"]["run_name"] == "kan on poisson, 250"


def test_a_browser_shows_the_runs_and_the_board(shown: Shown):
    playwright = pytest.importorskip("playwright.sync_api", reason="wants playwright")
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        pytest.skip("wants a Chromium of the system: apt-get install chromium")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1400, "height": 800})
        page.set_default_timeout(90_000)  # of a page of megabytes on a busy machine
        page.goto(f"{shown.address}/#/experiments/{family_of(shown, 'pde')}/runs")
        page.get_by_text("fastkan on poisson, 250").first.wait_for()
        page.goto(f"{shown.address}/#/experiments/{family_of(shown, 'boards/accuracy')}/runs")
        page.get_by_text("accuracy, edition quick").first.wait_for()
        browser.close()


def test_the_server_ends_with_the_command(shown: Shown):
    """The last test: it stops what the others ask."""
    shown.command.send_signal(signal.SIGINT)
    assert shown.command.stdout is not None
    shown.said += shown.command.stdout.readlines()
    assert shown.command.wait(30) == 0, "".join(shown.said)
    assert shown.said[-1] == "Stopped.\n"
    with pytest.raises(URLError):
        WEB.open(f"{shown.address}/health", timeout=5)
