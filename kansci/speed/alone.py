"""Alone on the machine: a lock that keeps two runs of `kansci speed` of one user apart.

The system holds the lock for the process and frees it whenever that ends, killed or not.
"""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from kansci.errors import UserError

IDLE = 0.5  # load average from which something else is at work


def lock_file() -> Path:
    """In the system's folder for temporary files, named for the user."""
    return Path(tempfile.gettempdir()) / f"kansci-speed-{os.getuid()}.lock"


@contextmanager
def alone(*, wait: bool = True, say: Callable[[str], None] = lambda line: None) -> Iterator[None]:
    """Holds the lock of this user on this machine.

    Args:
        wait: until another measurement has ended; `say` gets a line that names it.

    Raises:
        UserError: if another process measures and nobody wants to wait, or for a file that cannot
            be locked.
    """
    path = lock_file()
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise UserError(f"{path}: want a file to lock, got: {error}; set TMPDIR") from error
    with os.fdopen(handle, "r+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = file.read().strip() or "another process"
            if not wait:
                raise UserError(
                    f"{holder} measures speed on this machine: wait for it, or leave out --no-wait"
                ) from None
            say(f"Waiting for {holder}, which measures speed on this machine.")
            fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        file.truncate()
        file.write(f"process {os.getpid()} (since {datetime.now():%H:%M:%S})\n")
        file.flush()
        yield


def busy() -> str:
    """Why figures may be poor: a sentence if the machine is at work already, else empty."""
    load = os.getloadavg()[0]
    if load <= IDLE:
        return ""
    return (
        f"The machine is not idle (load average {load:.2f}): both networks are timed in turns, but "
        "intervals will be wider."
    )
