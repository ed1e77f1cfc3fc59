"""Joining a Ray cluster: with a token or not at all, and in one line if it cannot be.

Nothing here opens a port to others: the cluster is there already, and Ray's own options say where
it listens.

Source: https://docs.ray.io/en/latest/ray-security/token-auth.html
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from importlib import import_module
from typing import Any, NamedTuple

import torch

from kansci.errors import UserError

LOOK = 1.0  # seconds between two looks at the head
REACH = 3.0  # seconds for the head to answer
SILENCE = 10.0  # seconds without an answer after which the head is gone
MEGABYTE = 10**6
SETTINGS = {  # read by Ray when it is loaded
    "RAY_AUTH_MODE": "token",
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_NUM_REDIS_GET_RETRIES": "2",  # else a wrong token is tried for twenty seconds
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
}

_JOINED: list[str] = []  # by `connect`, at most one


class Need(NamedTuple):
    """What a job reserves on a node.

    Attributes:
        gpus: share of a GPU; 0.25 lets four jobs have one GPU.
        memory: bytes.
    """

    gpus: float
    memory: int
    cpus: int = 1

    def fits(self, offered: dict[str, float]) -> int:
        """How many such jobs a node runs at a time."""
        wanted = {"CPU": self.cpus, "GPU": self.gpus, "memory": self.memory}
        return min(int(offered.get(name, 0) / many + 1e-9) for name, many in wanted.items() if many)

    def __str__(self) -> str:
        gpu = f"{self.gpus:g} GPU, " if self.gpus else ""
        return f"{self.cpus} CPU, {gpu}{self.memory / MEGABYTE:.0f} MB"


def need(device: torch.device | str, memory: float, gpus: float = 1.0) -> Need:
    """Of a job with a worker of so many MB on that device.

    Raises:
        UserError: for a share of a GPU that is none.
    """
    if not 0 < gpus <= 1:
        raise UserError(f"--gpu-share {gpus:g}: want more than 0 and at most 1")
    on_gpu = torch.device(device).type == "cuda"
    return Need(gpus=gpus if on_gpu else 0.0, memory=int(memory * MEGABYTE))


def connect(address: str, wanted: Need) -> int:
    """Joins the cluster, unless this process has, and says how many jobs it runs at a time.

    Raises:
        UserError: without Ray, a token, a cluster at the address, or a node with room for a job.
    """
    ray = load_ray()
    if not ray.is_initialized():
        _join(ray, address)
    if room := _room(ray, wanted):
        return room
    raise UserError(f"--address {address}: want a node with {wanted} for a job, got none; add one")


def leave() -> None:
    """Ends what `connect` began; a cluster that this process had joined before stays joined."""
    if _JOINED:
        _JOINED.clear()
        load_ray().shutdown()


class Head:
    """Whether the cluster is still there, and how many jobs it runs at a time.

    Ray itself waits for a lost head for a minute, and then ends this process without a word.
    """

    def __init__(self, address: str, wanted: Need) -> None:
        self._address, self._wanted = address, wanted
        self._looked = self._heard = time.monotonic()
        self.room = max(_room(load_ray(), wanted), 1)

    def look(self) -> None:
        """Raises a UserError if the head has been silent for long."""
        now = time.monotonic()
        if now - self._looked < LOOK:
            return
        self._looked = now
        if _reachable(self._address):
            self._heard = now
            self.room = max(_room(load_ray(), self._wanted), 1)
        elif now - self._heard > SILENCE:
            raise UserError(
                f"{self._address}: the head of the cluster is gone; what is done is kept, and the "
                "same command goes on from there"
            )


def load_ray() -> Any:
    """Ray, when it is needed.

    Raises:
        UserError: where it is not installed, or is told to let everybody in.
    """
    mode = os.environ.get("RAY_AUTH_MODE", "token")
    if mode != "token":
        raise UserError(f"RAY_AUTH_MODE={mode}: want token, or anybody could run code on the nodes")
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)
    try:
        return import_module("ray")
    except ModuleNotFoundError as error:
        raise UserError("no Ray here: pip install 'kansci[ray]'") from error


def last_line(error: BaseException) -> str:
    """Of what an exception says, the part that names the cause."""
    return (str(error).strip().splitlines() or [type(error).__name__])[-1][:300]


def _room(ray: Any, wanted: Need) -> int:
    return sum(wanted.fits(node["Resources"]) for node in ray.nodes() if node["Alive"])


def _join(ray: Any, address: str) -> None:
    if not _reachable(address):
        raise UserError(f"--address {address}: want the HOST:PORT of a cluster, got no answer")
    try:
        ray.init(address=address, log_to_driver=False, configure_logging=False)
    except (ray.exceptions.RayError, OSError, RuntimeError, ValueError) as error:
        raise UserError(f"--address {address}: {_why(error)}") from error
    _JOINED.append(address)
    # What Ray has to say of nodes and retries it would print to stdout, which may be JSON.
    printing: Any = import_module("ray._private.worker")
    printing.print_to_stdstream = lambda *_, **__: None


def _why(error: BaseException) -> str:
    said = "\n".join(str(one) for one in _causes(error))
    if "AuthToken" in said or "AuthenticationError" in said or "authentication" in said:
        return "want the token of the cluster, got another or none; see `ray get-auth-token`"
    return f"this machine cannot join the cluster: {last_line(error)}"


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _reachable(address: str) -> bool:
    """Whether anything listens there.

    Raises:
        UserError: for what is no address.
    """
    host, _, port = address.rpartition(":")
    if not (host and port.isdecimal() and 0 < int(port) < 65_536):
        raise UserError(f"--address {address}: want HOST:PORT, 10.0.0.1:6379 for instance")
    with suppress(OSError), socket.create_connection((host.strip("[]"), int(port)), REACH):
        return True
    return False
