"""How long `kansci sync` takes for ten thousand Records, without boards and figures.

    python benchmarks/store.py                                   # SQLite in a scratch folder
    python benchmarks/store.py --to postgresql://USER@HOST/NAME

The Records of `boards.py`, which are made up. Processor time is that of this process and of those
that it starts; a server's own comes on top. Wall time is that of a machine with this load.
"""

from __future__ import annotations

import argparse
import os
import resource
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from boards import synthetic

from kansci.store import open_store
from kansci.store.place import place_of, sqlite_place


def main() -> None:
    reader = argparse.ArgumentParser()
    reader.add_argument("--to", help="another store than SQLite in a scratch folder")
    reader.add_argument("--count", type=int, default=10_000, help="Records, evenly chosen")
    reader.add_argument("--processes", type=int, help="further ones; by default as many as fit")
    given = reader.parse_args()
    every = list(synthetic())
    records = every[:: len(every) // given.count][: given.count]
    with TemporaryDirectory() as scratch:
        folder = Path(scratch)
        store = open_store(place=place_of(given.to, folder) if given.to else sqlite_place(folder))
        for what in ("logged", "asked again"):
            begun, worked = perf_counter(), processor_seconds()
            done = store.sync(records, processes=given.processes if what == "logged" else None)
            wall, cpu = perf_counter() - begun, processor_seconds() - worked
            share = f"{1000 * cpu / len(records):.1f} ms of a processor each"
            print(f"{what:12} {done}: {wall:.0f} s, {share}, load {os.getloadavg()[0]:.1f}")


def processor_seconds() -> float:
    """Of this process, and of those it started that have ended."""
    used = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in used)


if __name__ == "__main__":
    main()
