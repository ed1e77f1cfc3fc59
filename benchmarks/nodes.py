"""A Ray cluster of two nodes on this machine, to be broken.

In a network of its own where the system lets one be made: nobody else can reach it, and when it is
closed the system kills whatever is left in it. Elsewhere it is bound to the loopback address, and
in both cases no client gets in without the token.
"""

from __future__ import annotations

import ipaddress
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

LOOPBACK = "127.0.0.1"
APART = ("unshare", "-r", "-n", "-p", "-f", "--kill-child", "--mount-proc")
INTO = ("-U", "-n", "-p", "-m", "--preserve-credentials")
LISTEN = "0A"  # a state in the kernel's tables of sockets
STARTED = "Ray runtime started"
SANDBOX = shutil.which("bwrap") or "bwrap"  # its title tells what it starts
PATIENCE = 10.0  # seconds for what was killed to be gone


class Cluster:
    """A head and a node, with one core each.

    Attributes:
        apart: whether it has a network of its own.
        address: host and port of the head.
        variables: environment of whoever may join.
    """

    def __init__(self, cores: int = 1, memory: float = 4_096) -> None:
        self._started_here: list[psutil.Popen] = []
        self._readers: list[threading.Thread] = []
        self._cores, self._memory = cores, int(memory * 1e6 * cores)
        self._folder = Path(tempfile.mkdtemp(prefix="kc-"))  # short: sockets lie below it
        token = self._folder / "token"
        token.touch(mode=0o600)
        token.write_text(secrets.token_hex(32), encoding="ascii")
        self.variables = {
            **os.environ,
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN_PATH": str(token),
            "RAY_USAGE_STATS_ENABLED": "0",
        }
        self._anchor, self._prefix = self._network()
        self.address = f"{LOOPBACK}:{_free_port()}"
        try:
            port = self.address.rpartition(":")[2]
            about = ("--head", f"--port={port}", f"--temp-dir={self._folder}")
            self.head = self._started(*about, "--include-dashboard=false")
            self.node = self.add()
        except BaseException:
            self.close()
            raise

    @property
    def apart(self) -> bool:
        return bool(self._prefix)

    def add(self) -> psutil.Popen:
        """One more node."""
        return self._started(f"--address={self.address}")

    def popen(
        self, *command: str, variables: Mapping[str, str] | None = None, **options: object
    ) -> psutil.Popen:
        """A process in the cluster's network; of Python's own options `Popen` takes all."""
        known = dict(variables if variables is not None else self.variables)
        # Who enters another tree of mounts stands at its root.
        stand = ("env", f"--chdir={options.get('cwd') or os.getcwd()}") if self.apart else ()
        whole = [*self._prefix, *stand, *command]
        self._started_here.append(psutil.Popen(whole, env=known, **options))
        return self._started_here[-1]

    def close(self) -> None:
        """Kills all of it, process by process."""
        ours = [one for one in self._started_here if _lives(one)]
        kill([*(below for one in ours for below in family(one)), *self._started_here])
        if self._anchor is not None:
            kill([self._anchor])
            self._anchor.stdout.close()
        for reader in self._readers:
            reader.join(PATIENCE)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _started(self, *words: str) -> psutil.Popen:
        process = self.popen(
            *(str(Path(sys.executable).with_name("ray")), "start", "--block", *words),
            *(f"--node-ip-address={LOOPBACK}", "--disable-usage-stats"),
            *(f"--num-cpus={self._cores}", "--num-gpus=0", f"--memory={self._memory}"),
            "--object-store-memory=100000000",
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        said = []
        for line in process.stdout:
            said.append(line)
            if STARTED in line:
                # Whoever writes into a full pipe waits for a reader.
                self._readers.append(threading.Thread(target=_drain, args=(process,), daemon=True))
                self._readers[-1].start()
                return process
        raise RuntimeError(f"Ray did not start: {''.join(said)}")

    def _network(self) -> tuple[psutil.Popen | None, tuple[str, ...]]:
        """A process that holds a network of its own, and the words that lead into it."""
        if not all(map(shutil.which, ("unshare", "nsenter", "ip"))):
            return None, ()
        command = [*APART, "sh", "-c", "ip link set lo up && echo up && exec sleep infinity"]
        anchor = psutil.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        if anchor.stdout.readline() != "up\n":
            kill([anchor])
            return None, ()
        inside = anchor.children()[0].pid
        return anchor, ("nsenter", "-t", str(inside), *INTO)


def family(process: psutil.Process) -> list[psutil.Process]:
    """All processes below one, if it is still there."""
    try:
        return process.children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def raylet_of(node: psutil.Process) -> psutil.Process:
    """The process that is a node; its death is the node's."""
    return next(one for one in family(node) if one.name() == "raylet")


def training(node: psutil.Process) -> list[psutil.Process]:
    """Ray's workers that have a job of ours in hand, in which a child trains.

    A server is called like the children that it forks; what it is started in, such as a sandbox,
    is a process of another name, or several.
    """
    found = [one for one in family(node) if _title(one).startswith("ray::serve")]
    return [one for one in found if sum(map(_is_forked, family(one))) > 1]


def listening(cluster: Cluster) -> set[str]:
    """The addresses at which the processes of a cluster listen."""
    every = [below for one in (cluster.head, cluster.node) for below in [one, *family(one)]]
    own = {inode for one in every for inode in _sockets(one)}
    found = set()
    for table in ("tcp", "tcp6"):  # of their network, which is not that of this process
        lines = Path(f"/proc/{cluster.head.pid}/net/{table}").read_text(encoding="ascii")
        for line in lines.splitlines()[1:]:
            words = line.split()
            if words[3] == LISTEN and words[9] in own:
                found.add(_address(words[1].partition(":")[0]))
    return found


def _sockets(process: psutil.Process) -> set[str]:
    """The inodes of the sockets that a process holds."""
    found = set()
    with suppress(OSError):
        for handle in Path(f"/proc/{process.pid}/fd").iterdir():
            with suppress(OSError):
                kind, _, inode = os.readlink(handle).partition(":")
                found |= {inode.strip("[]")} if kind == "socket" else set()
    return found


def _address(text: str) -> str:
    """From the kernel's table, where each word of four bytes is turned round."""
    turned = b"".join(bytes.fromhex(text[at : at + 8])[::-1] for at in range(0, len(text), 8))
    address = ipaddress.ip_address(turned)
    return str(getattr(address, "ipv4_mapped", None) or address)


def left_of(cluster: Cluster) -> list[psutil.Process]:
    """Processes that outlived a cluster."""
    return [one for one in psutil.process_iter() if _is_of(one, cluster) and _lives(one)]


def lose(node: psutil.Process) -> None:
    """Kills a node with all that runs on it, as a power cut would."""
    kill([raylet_of(node), *family(node), node])


def kill(processes: Sequence[psutil.Process]) -> None:
    """Kills them and waits until they are gone; a zombie is, whoever has to bury it."""
    for one in processes:
        with suppress(psutil.Error):
            one.kill()
    deadline = time.monotonic() + PATIENCE
    while any(map(_lives, processes)) and time.monotonic() < deadline:
        time.sleep(0.02)
    for one in processes:
        if isinstance(one, psutil.Popen):
            one.wait(PATIENCE)


def _lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _drain(process: psutil.Popen) -> None:
    with process.stdout as pipe:
        pipe.read()


def _is_forked(process: psutil.Process) -> bool:
    """Whether it is a forkserver of ours, or a child of one."""
    title = _title(process)
    return "serve_forever" in title and not title.startswith(SANDBOX)


def _title(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


def _is_of(process: psutil.Process, cluster: Cluster) -> bool:
    try:
        return (
            process.environ().get("RAY_AUTH_TOKEN_PATH")
            == (cluster.variables["RAY_AUTH_TOKEN_PATH"])
        )
    except psutil.Error:
        return False


def _free_port() -> int:
    with socket.create_server((LOOPBACK, 0)) as server:
        return server.getsockname()[1]
