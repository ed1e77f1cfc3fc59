"""Why a child is dead that said nothing of it: what its parent and the system know."""

from __future__ import annotations

import signal
from contextlib import suppress
from pathlib import Path

from kansci.forkserver import Exit
from kansci.record import Status


def was_killed(ended: Exit | None) -> bool:
    """Whether it was ended by force, by whomever."""
    return ended is not None and ended.code == -signal.SIGKILL


def cause(ended: Exit | None, *, for_memory: bool) -> tuple[Status, str]:
    """Of a death that nobody announced.

    Args:
        ended: how, or `None` if it never began.
        for_memory: whether the system has killed a process for its memory since the child began.
    """
    if ended is None:
        return "crashed", "the process that forks workers ended before this one had begun"
    code = ended.code
    if code >= 0:
        return "crashed", f"its process ended with exit code {code} before it was done"
    if not was_killed(ended):
        name, about = signal.Signals(-code).name, signal.strsignal(-code)
        return "crashed", f"its process was ended by {name}: {about}"
    if for_memory:
        return "out_of_memory", "the system had no memory left and killed its process"
    return "crashed", "its process was killed from outside, twice"


def killed_for_memory() -> int:
    """How many processes this system has killed as it had no memory left, where it says so."""
    with suppress(OSError):
        for line in Path("/proc/vmstat").read_text(encoding="ascii").splitlines():
            if line.startswith("oom_kill "):
                return int(line.split()[1])
    return 0
