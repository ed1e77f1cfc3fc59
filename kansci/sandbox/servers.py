"""A forkserver for each submitted file, in a sandbox of its own; they end with this process."""

from __future__ import annotations

import atexit
from functools import partial
from pathlib import Path

from kansci.forkserver import SERVER, Forkserver
from kansci.sandbox.walls import Kind, around, available

MODULE = "kansci.children.child"
_SERVERS: dict[tuple[str, str, str], Forkserver] = {}


def server_of(file: str, digest: str, purpose: str = "") -> Forkserver:
    """The server of a file as it was read; it is started when it is first needed.

    Where nothing is to be isolated it is that of kansci's own models, which has begun already.

    Args:
        digest: a file that has changed gets another server.
        purpose: processes of one sandbox share a scratch folder; those of two purposes do not.
    """
    if available() is Kind.OFF:
        return SERVER
    key = (file, digest, purpose)
    if key not in _SERVERS:
        _SERVERS[key] = Forkserver(MODULE, partial(around, Path(file)))
        atexit.register(_SERVERS[key].close)
    return _SERVERS[key]


def close_servers(file: str | Path) -> None:
    """Ends all servers of a file, each of which holds some 240 MB; whoever asks starts another.

    Args:
        file: as `server_of` was given it, or a path to it.
    """
    path = str(Path(file).resolve())
    for (own, _, _), server in list(_SERVERS.items()):
        if own == path:
            server.close()
