"""The server's eye on what its children start: nobody fills the machine, nobody is left over.

There is one inside a sandbox, which has process numbers of its own: whatever runs there was started
by a submitted file, or is the server.

Source: `man 2 prctl`, PR_SET_CHILD_SUBREAPER and PR_SET_DUMPABLE; `man 2 kill`, of process -1.
"""

from __future__ import annotations

import ctypes
import os
import re
import resource
import signal
from collections.abc import Collection
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import NamedTuple

from kansci.sandbox import calls

PROCESSES = 32  # that each child may start, on average; a compiler takes about ten
LIMITS = {  # of one process; that of processes is nothing to root
    resource.RLIMIT_NPROC: 1_024,
    resource.RLIMIT_FSIZE: 256 << 20,
    resource.RLIMIT_NOFILE: 1_024,
    resource.RLIMIT_MEMLOCK: 0,
}
HELD = ("RssAnon", "RssShmem")  # kB; what is shared no limit of a process knows
EVERY = 0.05  # seconds between two looks
PR_SET_DUMPABLE, PR_SET_CHILD_SUBREAPER = 4, 36


@cache
def alone() -> bool:
    """Whether this process is in a sandbox; known once, as one inside could change the name."""
    try:
        return Path("/proc/1/comm").read_text(encoding="utf-8").strip() == "bwrap"
    except OSError:  # no Linux
        return False


def inside() -> bool:
    """Whether this process is the server of a sandbox, and all others there are its offspring."""
    return alone() and os.getppid() == 1


def limit() -> None:
    """Bounds what this process, a child of such a server, may take beside memory and time."""
    ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 1)  # its parent's was taken away
    for what, most in LIMITS.items():
        hard = resource.getrlimit(what)[1]
        least = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (least, least))


class Seen(NamedTuple):
    """A process.

    Attributes:
        memory: bytes that no file on a disk holds.
    """

    parent: int
    memory: int


class Guard:
    """Looks at all processes of a sandbox, as its server does many times a second."""

    def __init__(self) -> None:
        calls.refuse()
        library = ctypes.CDLL(None)
        library.prctl(PR_SET_CHILD_SUBREAPER, 1)  # orphans become the server's own
        library.prctl(PR_SET_DUMPABLE, 0)  # no child reads or changes its memory and its sockets

    def look(self, children: Collection[int]) -> str:
        """Ends what no child owns any more; and all, for a reason, where there is too much.

        Args:
            children: those that the server has forked.
        """
        here, seen = os.getpid(), _processes()
        for pid in [pid for pid, one in seen.items() if one.parent == here]:
            if pid not in children:
                with suppress(OSError):
                    os.kill(pid, signal.SIGKILL)
                    os.waitpid(pid, 0)
        reason = self._excess(seen, children)
        if reason and inside():  # -1 is everybody: elsewhere it would be everybody on the machine
            os.kill(-1, signal.SIGKILL)
            for pid in children:  # so that whoever buries them knows why
                os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        return reason

    def _excess(self, seen: dict[int, Seen], children: Collection[int]) -> str:
        others = [one for pid, one in seen.items() if pid not in (1, os.getpid())]
        if len(others) > (1 + PROCESSES) * max(len(children), 1):
            return f"started more than {PROCESSES} processes"
        own = seen[os.getpid()].memory  # a fork shares it until it writes
        held = sum(max(one.memory - own, 0) for one in others)
        allowed = sum(map(_limit, children))
        if held > allowed:
            return f"its processes hold more than {allowed / 1e6:.0f} MB together"
        return ""


def _limit(pid: int) -> float:
    with suppress(OSError):
        soft = resource.prlimit(pid, resource.RLIMIT_DATA)[0]
        return float("inf") if soft == resource.RLIM_INFINITY else soft
    return 0.0


def _processes() -> dict[int, Seen]:
    found = {}
    for entry in os.scandir("/proc"):
        if entry.name.isdecimal():
            with suppress(OSError):
                text = Path(entry.path, "status").read_text(encoding="utf-8", errors="replace")
                memory = sum(_number(text, name) for name in HELD)  # a zombie has none
                found[int(entry.name)] = Seen(_number(text, "PPid"), 1_024 * memory)
    return found


def _number(status: str, name: str) -> int:
    found = re.search(rf"^{name}:\s*(\d+)", status, re.MULTILINE)
    return int(found[1]) if found else 0
