"""A run an entry of a board, below the run of its edition, and the board as a description.

Each board has an experiment, `kansci/v1/boards/<board>`: sorted by `score` it is the board, and no
column of another board stands in it. An edition is logged whole and then replaces the one of that
name; a board that has not changed is left as it is.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from kansci.boards.board import Board, Row
from kansci.store.entry import as_board, as_entry, note
from kansci.store.runs import Store
from kansci.store.speech import quietly, told
from kansci.store.survey import is_whole
from kansci.store.view import VERSION

Files = Callable[[Path], object]


def log_board(
    store: Store, board: Board, rows: Sequence[Row], *, edition: str, files: Files | None = None
) -> bool:
    """Logs an edition of a board and says whether that was needed.

    Args:
        edition: what it is called; another board of that name is replaced.
        files: writes tables and figures into a folder; they become artifacts of the edition.

    Raises:
        StoreError: in one line.
    """
    family = f"boards/{board.name}"
    text = note(board, rows, edition)
    digest = _content(board, rows, text)
    with told(store.place.uri, f"to write the board {board.name}"), quietly():
        known = [
            run
            for run in store.runs(family, "kansci.board")
            if run.data.tags.get("kansci.edition") == edition
        ]
        whole = [run.info.run_id for run in known if _shows(run, digest)]
        kept = whole[0] if whole else _log(store, board, rows, edition, digest, files)
        store.delete(
            run.info.run_id
            for run in known
            if kept not in _identities(run) or not is_whole(run)  # an entry that was begun twice
        )
    return not whole


def _log(
    store: Store,
    board: Board,
    rows: Sequence[Row],
    edition: str,
    digest: str,
    files: Files | None,
) -> str:
    """The run of the edition and those of its entries; returns the id of the first.

    It ends last, when the experiment says what it shows: what is interrupted is done again.
    """
    family, now = f"boards/{board.name}", int(1000 * time.time())
    head = as_board(board, rows, edition)
    head.tags["kansci.content"] = digest
    parent: str = store.begin(family, head, now).run_id
    for row in rows:
        entry = as_entry(board, row, edition)
        store.end(store.begin(family, entry, now, parent).run_id, entry, now, now)
    with TemporaryDirectory() as folder:
        if files:
            files(Path(folder))
            store.client.log_artifacts(parent, folder)
    store.client.set_experiment_tag(store.experiment(family), "mlflow.note.content", head.note)
    store.end(parent, head, now, now)
    return parent


def _shows(run: Any, digest: str) -> bool:
    """Whether a run is that of an edition which is logged to the end and has not changed."""
    return is_whole(run) and run.data.tags.get("kansci.content") == digest


def _identities(run: Any) -> tuple[str, str | None]:
    return run.info.run_id, run.data.tags.get("mlflow.parentRunId")


def _content(board: Board, rows: Sequence[Row], text: str) -> str:
    shown = [row.model_dump(mode="json") for row in rows]
    return sha256(json.dumps([VERSION, board.name, text, shown]).encode()).hexdigest()[:16]
