"""A run on a Ray cluster that loses one of its two nodes while a job trains there."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from contextlib import closing
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from faults import PATIENCE, WORDS, Outcome, judged, start
from nodes import Cluster, left_of, lose, training

from kansci.record import Record

LONG = 3 * PATIENCE  # a cluster has to start first, and to notice that a node is gone


def possible() -> bool:
    """Whether Ray is installed."""
    try:
        return bool(version("ray"))
    except PackageNotFoundError:
        return False


def disturbed(
    folder: Path,
    expected: list[Record],
    moments: random.Random,
    lasts: float,
    words: tuple[str, ...] = WORDS,
) -> Outcome:
    """Kills a node with all that runs on it, lets the run end, and completes what is missing.

    Arguments are those of `faults.disturbed`.
    """
    begun = time.monotonic()
    with closing(Cluster()) as cluster:
        run = cluster.popen(
            *(sys.executable, "-m", "kansci", *words, "--no-mlflow", "--out", "records"),
            *("--engine", "ray", "--address", cluster.address),
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + LONG
        while run.poll() is None and not training(cluster.node) and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(moments.uniform(0, lasts / 4))
        hit = bool(training(cluster.node))
        lose(cluster.node)
        code = run.wait(LONG)
    orphans = len(left_of(cluster))
    code = code or start(words, folder).wait(PATIENCE)
    return judged(folder, expected, {"node": int(hit)}, time.monotonic() - begun, code, orphans)
