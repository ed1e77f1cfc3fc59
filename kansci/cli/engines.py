"""Which engine a run takes: this machine, or a Ray cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Annotated, NamedTuple, Protocol

import torch
import typer

from kansci.engines import cluster
from kansci.engines.engine import execute, warm_up
from kansci.engines.membership import connect, need
from kansci.errors import UnknownName, UserError
from kansci.record import Gear, Record
from kansci.suite import Cell, Suite
from kansci.together import Job

NAMES = ("local", "ray")
EngineName = Annotated[str, typer.Option(help="local, or ray: jobs run on a Ray cluster.")]
Address = Annotated[str | None, typer.Option(help="With ray: HOST:PORT of the cluster's head.")]
GpuShare = Annotated[
    float | None, typer.Option(help="With ray: share of a GPU that a job takes, 1 by default.")
]


class Execute(Protocol):
    """Where jobs become Records: on this machine, or on others."""

    def __call__(
        self,
        jobs: Iterable[Job],
        *,
        progress: Callable[[Cell, int], None],
        note: Callable[[str], None],
    ) -> Iterator[Record]: ...


class Engine(NamedTuple):
    """One that is ready.

    Attributes:
        hands: jobs at a time.
        where: for people.
        warm_up: to be called when there is something to do.
    """

    execute: Execute
    hands: int
    where: str
    warm_up: Callable[[], None]


def local(
    suite: Suite,
    device: torch.device,
    gear: Gear | None,
    hands: int,
    weights: Path | None = None,
) -> Engine:
    """This machine."""
    limits = {"device": device, "seconds": suite.seconds, "memory": suite.memory}
    run = partial(execute, **limits, gear=gear, workers=hands, weights=weights)
    return Engine(run, hands, str(device), warm_up)


def ray(
    suite: Suite, device: torch.device, gear: Gear | None, address: str, share: float
) -> Engine:
    """A cluster, which this process joins now.

    Raises:
        UserError: if it cannot.
    """
    hands = connect(address, need(device, suite.memory, share))
    limits = {"device": device, "seconds": suite.seconds, "memory": suite.memory}
    run = partial(cluster.execute, **limits, gear=gear, address=address, gpus=share)
    return Engine(run, hands, f"{device}, on the nodes of {address}", lambda: None)


def check(
    name: str,
    address: str | None,
    share: float | None,
    workers: int | None,
    *,
    weights: bool = False,
) -> None:
    """Raises a UserError for options that do not go together."""
    if name not in NAMES:
        raise UnknownName("engine", name, NAMES)
    if name == "ray":
        if address is None:
            raise UserError("--engine ray: want --address HOST:PORT, that of `ray start --head`")
        if workers is not None:
            raise UserError("--workers with --engine ray: its nodes say how many; leave it out")
        if weights:
            raise UserError("--weights with --engine ray: nodes send Records alone; run it here")
    elif address is not None or share is not None:
        option = "--address" if address is not None else "--gpu-share"
        raise UserError(f"{option} without a cluster: want --engine ray with it")
