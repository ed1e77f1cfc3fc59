"""The forkserver's own side: it forks a child for each piece of work, and buries it.

See `forkserver` for its parent's side.
"""

from __future__ import annotations

import ctypes
import json
import os
import selectors
import signal
import socket
import sys
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path
from typing import Protocol

Work = Callable[[socket.socket], None]
BEGUN = b"begun\n"
PR_SET_PDEATHSIG = 1


class Closable(Protocol):
    """What a child has no use for."""

    def close(self) -> None: ...


class Eye(Protocol):
    """Looks after what children start."""

    def look(self, children: Collection[int]) -> str:
        """Why all children were just ended; nothing, if they were not."""
        ...


def serve(control: socket.socket, work: Work, eye: Eye | None = None, every: float = 1.0) -> None:
    """The server: forks a child for every two sockets that arrive, until nobody is there.

    Args:
        eye: that looks after the children, every so many seconds.
    """
    parent = os.getppid()
    ears, mouth = socket.socketpair()  # a signal makes itself heard here
    mouth.setblocking(False)
    ears.setblocking(False)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(mouth.fileno())
    children: dict[int, socket.socket] = {}
    selector = selectors.DefaultSelector()
    for one in (control, ears):
        selector.register(one, selectors.EVENT_READ)
    try:
        while os.getppid() == parent:
            ready = [key.fileobj for key, _ in selector.select(timeout=every)]
            if ears in ready:
                with suppress(BlockingIOError):
                    ears.recv(4_096)
            for pid, word in list(children.items()):
                if word in ready:  # anything, and an end above all, means that it is to die
                    _kill(pid)
                    selector.unregister(word)
            if control in ready:
                message, handles, _, _ = socket.recv_fds(control, 1, 2)
                if not message:
                    return
                talk, word = (socket.socket(fileno=handle) for handle in handles)
                others = (control, ears, mouth, word, selector, *children.values())
                pid = _forked(talk, others, work)
                talk.close()
                with suppress(OSError):  # nobody listens any more
                    word.sendall(BEGUN)
                children[pid] = word
                selector.register(word, selectors.EVENT_READ)
            ended = eye.look(children) if eye else ""
            _bury(children, selector, ended)
    finally:
        signal.set_wakeup_fd(-1)  # the end of a child may still come
        for pid in children:
            _kill(pid)


def _forked(talk: socket.socket, others: tuple[Closable, ...], work: Work) -> int:
    server = os.getpid()
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        os.setsid()
        _stay_nice()
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        _die_with(server)
        for one in others:
            one.close()
        work(talk)
        code = 0
    finally:
        os._exit(code)


def _stay_nice() -> None:
    """Lets others go first as before, where Linux weighs sessions and not processes.

    With a session of its own, a process of `nice` 19 is given as much as all of another session.

    Source: `man 7 sched`, the autogroup feature.
    """
    if sys.platform == "linux" and (niceness := os.nice(0)) > 0:
        with suppress(OSError):  # a kernel without such groups, or a sandbox, which hides itself
            Path("/proc/self/autogroup").write_text(str(niceness))


def _die_with(parent: int) -> None:
    """Linux kills this process when its parent is gone."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it was gone before that
            os._exit(1)


def _kill(pid: int) -> None:
    """A child and its group: what it started, such as a compiler, dies with it."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
    with suppress(ProcessLookupError):  # it has no group yet, just after the fork
        os.kill(pid, signal.SIGKILL)


def _bury(
    children: dict[int, socket.socket], selector: selectors.BaseSelector, why: str = ""
) -> None:
    for pid, word in list(children.items()):
        if hasattr(os, "waitid"):
            if os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
                continue
            _kill(pid)  # its group, while the number is still its own
        ended, status, used = os.wait4(pid, os.WNOHANG)
        if not ended:
            continue
        code = os.waitstatus_to_exitcode(status)
        reason = why if code == -signal.SIGKILL else ""
        said = json.dumps([code, used.ru_utime + used.ru_stime, megabytes(used.ru_maxrss), reason])
        with suppress(OSError):  # nobody listens any more
            word.sendall(said.encode() + b"\n")
        with suppress(KeyError):
            selector.unregister(word)
        word.close()
        del children[pid]


def megabytes(resident: int) -> float:
    """Of what `getrusage` calls memory: bytes on a Mac, kilobytes elsewhere."""
    return resident * (1 if sys.platform == "darwin" else 1_024) / 1e6
