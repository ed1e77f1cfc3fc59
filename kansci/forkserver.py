"""A process that has torch loaded already, and forks one child for each piece of work.

A fork takes milliseconds, where a new interpreter takes seconds to import torch. The server is a
process of our own and not `multiprocessing`'s, which is one for the whole program: that one runs
the user's `__main__` again in every child and unpickles what it is sent. Here nothing but sockets
changes hands, and a script needs no `if __name__ == "__main__"`.

Nobody is left over: children die with the server, and the server when its parent is gone.
"""

from __future__ import annotations

import atexit
import ctypes
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple

Work = Callable[[socket.socket], None]
BOOT = (
    "import importlib, json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "importlib.import_module(sys.argv[2]).serve_forever(int(sys.argv[3]))"
)
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
BEGUN = b"begun\n"
PATIENCE = 10.0  # seconds for the server to end, before it is killed
PR_SET_PDEATHSIG = 1


class Exit(NamedTuple):
    """How a child ended.

    Attributes:
        code: the exit code, or the signal's number, negative.
        seconds: of the processor, those of processes that it started and waited for included.
        memory: peak resident MB of the largest of them.
    """

    code: int
    seconds: float = 0.0
    memory: float = 0.0


class Forkserver:
    """The server as its parent sees it; it is started when it is first needed.

    Args:
        module: whose `serve_forever`, handed the number of a socket, is the server.
    """

    def __init__(self, module: str) -> None:
        self._module = module
        self._lock = threading.Lock()
        self._owner = 0
        self._control: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Returns at once; torch is loaded in the meantime."""
        with self._lock:
            self._started()

    def child(self) -> tuple[socket.socket, socket.socket]:
        """A new child: its talk, and a word about its end.

        The child works on the other end of the talk. The word says that it has begun, in a line,
        and in another, which `read_exit` reads, how it ended; shutting the word for writing kills
        the child and all that it started.
        """
        talk, theirs = socket.socketpair()
        word, told = socket.socketpair()
        with self._lock, theirs, told:
            socket.send_fds(self._started(), [b"+"], [theirs.fileno(), told.fileno()])
        return talk, word

    def close(self) -> None:
        """Ends the server and its children; the next child starts another."""
        with self._lock:
            if self._control is not None:
                self._control.close()
            if self._process is not None and self._owner == os.getpid():
                try:
                    self._process.wait(PATIENCE)
                except subprocess.TimeoutExpired:
                    self._process.kill()
                    self._process.wait()
            self._control, self._process = None, None

    def _started(self) -> socket.socket:
        """The way to the server; after a fork of this process, or its own death, to a new one."""
        process, control = self._process, self._control
        if process is not None and control is not None and self._owner == os.getpid():
            if process.poll() is None:
                return control
            control.close()
        self._owner = os.getpid()
        self._control, theirs = socket.socketpair()
        path = json.dumps([os.path.abspath(folder) for folder in sys.path])
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-c", BOOT, path, self._module, str(theirs.fileno())],
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env={**os.environ, **ONE_THREAD},
                cwd="/",  # holds no folder of anybody's
                start_new_session=True,  # Ctrl-C is the parent's to answer
            )
        return self._control


SERVER = Forkserver("kansci.child")
atexit.register(SERVER.close)


def possible() -> bool:
    """Whether this system can fork."""
    return hasattr(os, "fork") and hasattr(socket, "send_fds") and sys.platform != "win32"


def read_exit(said: bytes) -> Exit | None:
    """What a word says in the end; `None` if there never was a child.

    One that begins and does not end is of a server that was killed itself, and took the child
    along.
    """
    lines = said.splitlines()
    if len(lines) > 1:
        return Exit(*json.loads(lines[1]))
    return Exit(-signal.SIGKILL) if lines else None


def serve(control: socket.socket, work: Work) -> None:
    """The server: forks a child for every two sockets that arrive, until nobody is there."""
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
            ready = [key.fileobj for key, _ in selector.select(timeout=1.0)]
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
                others = (control, ears, mouth, word, *children.values())
                pid = _forked(talk, others, work)
                talk.close()
                with suppress(OSError):  # nobody listens any more
                    word.sendall(BEGUN)
                children[pid] = word
                selector.register(word, selectors.EVENT_READ)
            _bury(children, selector)
    finally:
        signal.set_wakeup_fd(-1)  # the end of a child may still come
        for pid in children:
            _kill(pid)


def _forked(talk: socket.socket, others: tuple[socket.socket, ...], work: Work) -> int:
    server = os.getpid()
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        os.setsid()
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        _die_with(server)
        for one in others:
            one.close()
        work(talk)
        code = 0
    finally:
        os._exit(code)


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


def _bury(children: dict[int, socket.socket], selector: selectors.BaseSelector) -> None:
    for pid, word in list(children.items()):
        if hasattr(os, "waitid"):
            if os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
                continue
            _kill(pid)  # its group, while the number is still its own
        ended, status, used = os.wait4(pid, os.WNOHANG)
        if not ended:
            continue
        code = os.waitstatus_to_exitcode(status)
        said = json.dumps([code, used.ru_utime + used.ru_stime, megabytes(used.ru_maxrss)])
        with suppress(OSError):  # nobody listens any more
            word.sendall(said.encode() + b"\n")
        with suppress(KeyError):
            selector.unregister(word)
        word.close()
        del children[pid]


def megabytes(resident: int) -> float:
    """Of what `getrusage` calls memory: bytes on a Mac, kilobytes elsewhere."""
    return resident * (1 if sys.platform == "darwin" else 1_024) / 1e6
