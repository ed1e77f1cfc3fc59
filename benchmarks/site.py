"""How long the site of ten thousand Records takes, from files to pages, and in how much memory.

    python benchmarks/site.py

The Records of `boards.py`, which are made up; their tasks have no definitions, so that no truth is
drawn. Processor seconds on one thread.
"""

from __future__ import annotations

import resource
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time

from boards import synthetic

from kansci.api import frozen_reference, get_board, list_boards
from kansci.boards.board import rank
from kansci.ledger import load_records, path_of
from kansci.site import build


def main() -> None:
    with TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for record in synthetic():
            path = path_of(record, folder / "records")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(record.model_dump_json() + "\n", encoding="utf-8")
        begun = process_time()
        found = load_records(folder / "records")
        loaded = process_time()
        reference = frozen_reference()
        standings = [(one, rank(one, found, reference)) for one in map(get_board, list_boards())]
        ranked = process_time()
        pages = build(standings, found, folder / "site", reference=reference)
        built = process_time()
        size = sum(path.stat().st_size for path in (folder / "site").rglob("*")) / 1e6
    print(f"{len(found)} Records, {pages} pages, {size:.0f} MB")
    print(f"load   {loaded - begun:6.1f} s\nboards {ranked - loaded:6.1f} s")
    print(f"pages  {built - ranked:6.1f} s")
    print(f"memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:6.2f} GB")


if __name__ == "__main__":
    main()
