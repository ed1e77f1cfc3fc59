"""A forkserver for each submitted file, in a sandbox of its own; they end with this process."""

from __future__ import annotations

import atexit
from functools import cache, partial
from pathlib import Path

from kansci.forkserver import SERVER, Forkserver
from kansci.sandbox.walls import Kind, around, available

MODULE = "kansci.children.child"


def server_of(file: str, digest: str, purpose: str = "") -> Forkserver:
    """The server of a file as it was read; it is started when it is first needed.

    Where nothing is to be isolated it is that of kansci's own models, which has begun already.

    Args:
        digest: a file that has changed gets another server.
        purpose: processes of one sandbox share a scratch folder; those of two purposes do not.
    """
    return SERVER if available() is Kind.OFF else _apart(file, digest, purpose)


@cache
def _apart(file: str, digest: str, purpose: str) -> Forkserver:
    server = Forkserver(MODULE, partial(around, Path(file)))
    atexit.register(server.close)
    return server
