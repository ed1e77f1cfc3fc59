"""SQLite that does not wait for the disk while many runs are logged.

MLflow commits four times a run, and each commit waits for the disk twice or more. What ends a
process does no harm, as the system has all that was written; a machine that loses its power may
leave a damaged file, which is deleted and built again.
"""

from __future__ import annotations

from typing import Any

from kansci.store.place import sqlite_file


def without_waiting(uri: str) -> None:
    """From now on, for all databases that this process opens, if the address is one of SQLite."""
    if sqlite_file(uri) is None:
        return
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    @event.listens_for(Engine, "connect")
    def connected(connection: Any, _: object) -> None:
        connection.execute("PRAGMA synchronous = OFF")
