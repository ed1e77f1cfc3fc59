"""A forkserver for each submitted file, in a sandbox of its own; they end with this process."""

from __future__ import annotations

import atexit
from functools import cache, partial
from pathlib import Path

from kansci.forkserver import Forkserver
from kansci.sandbox.walls import around

MODULE = "kansci.child"


@cache
def server_of(file: str, digest: str, purpose: str = "") -> Forkserver:
    """The server of a file as it was read; it is started when it is first needed.

    Args:
        digest: a file that has changed gets another server.
        purpose: processes of one sandbox share a scratch folder; those of two purposes do not.
    """
    server = Forkserver(MODULE, partial(around, Path(file)))
    atexit.register(server.close)
    return server
