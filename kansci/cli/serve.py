"""MLflow's server as a child process in the foreground, stopped whole.

It has a session of its own, so that Ctrl-C reaches only this process, which then ends the server
and all that it started.
"""

from __future__ import annotations

import errno
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

import psutil
import typer

from kansci.errors import UserError
from kansci.store.place import Place

FIRST, LAST = 5000, 5099
HIGHEST = 65_535  # port there is
START = 180  # seconds; 20 are usual on a busy machine
STOP = 10
ORIGINS = "MLFLOW_SERVER_CORS_ALLOWED_ORIGINS"
LOOPBACK = {"127.0.0.1", "::1", "localhost"}  # whose pages MLflow always lets write
EVERYWHERE = {"0.0.0.0": {socket.AF_INET}, "::": {socket.AF_INET, socket.AF_INET6}}
RUNS = "#/experiments?workflowType=machine_learning"  # MLflow would open its pages for chats


def serve(place: Place, host: str, port: int | None) -> None:
    """Runs the server until Ctrl-C.

    Raises:
        UserError: in one line, if the port is taken or the server ends by itself.
    """
    chosen = free_port(host, port)
    if port is None and chosen != FIRST:
        typer.echo(f"Port {FIRST} is taken: using {chosen}.")
    address = _address({"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host), chosen)
    with tempfile.TemporaryFile() as output:
        try:
            with _server(place, host, chosen, output) as child:
                typer.echo("Starting MLflow ...")
                _until_ready(child, address)
                typer.echo(f"Browse at {address}/{RUNS}   (Ctrl-C stops)")
                child.wait()
        except KeyboardInterrupt:
            typer.echo("Stopped.")
            return
        output.seek(0)
        lines = output.read().decode(errors="replace").split("\n")
    said = " ".join([line for line in lines if line.strip()][-1:])
    raise UserError(
        f"MLflow's server at {address}: want it to run until Ctrl-C, got exit code "
        f"{child.returncode} ({said[:200]}); try another --port, or `kansci ui` again"
    )


def _address(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def origins(host: str, port: int) -> str:
    """Pages that may write, besides those of loopback: those of this server, at its own address.

    MLflow takes them for another site's, and its pages could not even list runs. At 0.0.0.0 or ::
    the server has all addresses of the machine; what the shell names stays allowed.
    """
    found = os.environ.get(ORIGINS, "").split(",")
    hosts = [host]
    if host in EVERYWHERE:
        known = [one for some in psutil.net_if_addrs().values() for one in some]
        hosts = sorted({one.address for one in known if one.family in EVERYWHERE[host]})
    found += [_address(name, port) for name in hosts if name not in LOOPBACK]
    return ",".join(filter(None, found))


def check_port(port: int | None) -> None:
    """Before anything is done.

    Raises:
        UserError: for a number that no port has.
    """
    if port is not None and not 1 <= port <= HIGHEST:
        raise UserError(f"--port {port}: want 1 to {HIGHEST}")


def free_port(host: str, wanted: int | None) -> int:
    """`wanted`, or the first free one of a hundred.

    Raises:
        UserError: if there is none; a port that was asked for is never replaced.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for port in range(FIRST, LAST + 1) if wanted is None else (wanted,):
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            if os.name == "posix":  # elsewhere it would share a port that is taken
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except (OSError, OverflowError) as error:
                taken = getattr(error, "errno", None) == errno.EADDRINUSE
                if wanted is None and taken:
                    continue
                raise UserError(
                    f"port {port} on {host}: want a free one, got: {error}; "
                    "choose another with --port, or leave --port and --host out"
                ) from error
            return probe.getsockname()[1]
    raise UserError(f"ports {FIRST} to {LAST} on {host}: all are taken; choose another --port")


@contextmanager
def _server(place: Place, host: str, port: int, output: BinaryIO) -> Iterator[subprocess.Popen]:
    environment = {
        **os.environ,
        "MLFLOW_BACKEND_STORE_URI": place.uri,  # not an argument, which all users could read
        "MLFLOW_DISABLE_TELEMETRY": os.environ.get("MLFLOW_DISABLE_TELEMETRY", "true"),
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        # Foreign Host headers and other sites' requests are refused, whatever the shell says.
        "MLFLOW_SERVER_DISABLE_SECURITY_MIDDLEWARE": "false",
        ORIGINS: origins(host, port),
    }
    # -P: a folder named mlflow where one stands is no package.
    command = [sys.executable, "-P", "-m", "mlflow", "server", "--workers", "1"]
    command += ["--host", host, "--port", str(port)]
    if place.artifacts:
        command += ["--default-artifact-root", place.artifacts.as_uri()]
    with _interrupted_by_signals():
        child = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            yield child
        finally:
            _stop(child)


def _until_ready(child: subprocess.Popen, address: str) -> None:
    """Returns when the server answers or has ended."""
    opener = build_opener(ProxyHandler({}))  # no proxy knows this machine's loopback
    end = time.monotonic() + START
    while child.poll() is None:
        try:
            with opener.open(f"{address}/health", timeout=2):
                return
        except (URLError, OSError):
            if time.monotonic() > end:
                raise UserError(
                    f"MLflow's server at {address}: want an answer, got none in {START} s; "
                    "try again when the machine is less busy"
                ) from None
            time.sleep(0.2)


def _stop(child: subprocess.Popen) -> None:
    """Ends the server with all that it started, which has its time to finish what it is asked.

    MLflow's command itself has nothing to finish: once its server has ended, it only frees its
    memory, piece by piece, for seconds.
    """
    if os.name != "posix":
        child.terminate()
        child.wait(STOP)
        return
    with suppress(psutil.NoSuchProcess, ProcessLookupError):
        servers = psutil.Process(child.pid).children(recursive=True)
        os.killpg(child.pid, signal.SIGTERM)
        psutil.wait_procs(servers, STOP)
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


@contextmanager
def _interrupted_by_signals() -> Iterator[None]:
    """A closed terminal or a kill ends as Ctrl-C does: the server must not outlive the command."""

    def interrupt(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    names = [name for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    former = {name: signal.signal(getattr(signal, name), interrupt) for name in names}
    try:
        yield
    finally:
        for name, handler in former.items():
            signal.signal(getattr(signal, name), handler)
