"""A lap timed in new processes, one after another, each by a command of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from kansci.cli.child import run_child
from kansci.ledger import load_records
from kansci.record import Speed
from kansci.speed.lane import perform, unmeasured
from kansci.speed.laps import Lap, lane_key, shown
from kansci.speed.pooled import pooled
from kansci.speed.ratio import failed


class Asked(NamedTuple):
    """What a command asks of all laps.

    Attributes:
        named: by a model's name the words that choose it, `--model FILE.py`.
        pieces: words that choose work and batches.
    """

    precision: float
    seconds: float
    processes: int
    named: Mapping[str, Sequence[str]]
    pieces: Sequence[str]

    def key(self, lap: Lap) -> str:
        return lane_key(lap, self.precision, self.processes)


def timed_lap(lap: Lap, asked: Asked, say: Callable[[str], None]) -> Speed:
    """In this process, or in several new ones; whatever happens ends in a Record.

    Args:
        say: gets what is timed now.
    """
    if asked.processes == 1:
        return perform(lap, precision=asked.precision, seconds=asked.seconds, say=say)
    found: list[Speed] = []
    with TemporaryDirectory(prefix="kansci-") as scratch:
        for number in range(asked.processes):
            say(f"process {number + 1} of {asked.processes}")
            found.append(_in_child(lap, asked, Path(scratch, str(number))))
            if found[-1].status != "ok":
                break
    return pooled(found, asked.key(lap))


def _in_child(lap: Lap, asked: Asked, place: Path) -> Speed:
    budget = ["--shape", "budget", "--parameters", str(lap.place)]
    words = [*budget] if isinstance(lap.place, int) else ["--shape", shown(lap.place)]
    words += ["--dtype", lap.dtype, "--gear", lap.gear, "--device", lap.device.type]
    words += ["--precision", str(asked.precision), "--seconds", str(asked.seconds)]
    words += ["--processes", "1", "--held", "--out", str(place)]
    try:
        run_child(["speed", *asked.named[lap.model.name], *words, *asked.pieces], aloud=False)
    except ChildProcessError as problem:
        return failed(unmeasured(lap, asked.precision, asked.seconds), problem)
    (record,) = load_records(place)
    assert isinstance(record, Speed)
    return record
