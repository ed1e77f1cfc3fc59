"""A process that has torch loaded already, and forks one child for each piece of work.

A fork takes milliseconds, where a new interpreter takes seconds to import torch. The server is a
process of our own and not `multiprocessing`'s, which is one for the whole program: that one runs
the user's `__main__` again in every child and unpickles what it is sent. Here nothing but sockets
changes hands, and a script needs no `if __name__ == "__main__"`.

Nobody is left over: children die with the server, and the server when its parent is gone.
"""

from __future__ import annotations

import atexit
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from kansci.forking import BEGUN as BEGUN
from kansci.forking import megabytes as megabytes
from kansci.forking import serve as serve

BOOT = (
    "import importlib, json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "importlib.import_module(sys.argv[2]).serve_forever(int(sys.argv[3]))"
)
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
PATIENCE = 10.0  # seconds for the server to end, before it is killed


class Exit(NamedTuple):
    """How a child ended.

    Attributes:
        code: the exit code, or the signal's number, negative.
        seconds: of the processor, those of processes that it started and waited for included.
        memory: peak resident MB of the largest of them.
        reason: why the server ended it, where it did so unasked.
    """

    code: int
    seconds: float = 0.0
    memory: float = 0.0
    reason: str = ""


class Around(NamedTuple):
    """What a server is started in.

    Attributes:
        command: that starts it, before its own.
        variables: all that it has; `None`: those of its parent.
        path: where it finds modules; `None`: where its parent does.
        folder: where it stands.
    """

    command: Sequence[str] = ()
    variables: Mapping[str, str] | None = None
    path: Sequence[str] | None = None
    folder: str = "/"  # holds nothing of anybody's


class Forkserver:
    """The server as its parent sees it; it is started when it is first needed.

    Args:
        module: whose `serve_forever`, handed the number of a socket, is the server.
        around: what it is started in, asked for whenever one is.
    """

    def __init__(self, module: str, around: Callable[[], Around] = Around) -> None:
        self._module, self._around = module, around
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
            ends = [theirs.fileno(), told.fileno()]
            try:
                socket.send_fds(self._started(), [b"+"], ends)
            except OSError:  # it is dead, and what was around it has not noticed yet
                self._end()
                socket.send_fds(self._started(), [b"+"], ends)
        return talk, word

    def kill(self) -> None:
        """Ends a server that does not listen, and with it its children, at once."""
        with self._lock:
            self._end()

    def _end(self) -> None:
        if self._process is not None and self._owner == os.getpid():
            self._process.kill()
            self._process.wait()

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
        around = self._around()
        folders = sys.path if around.path is None else around.path
        path = json.dumps([os.path.abspath(folder) for folder in folders])
        variables = os.environ if around.variables is None else around.variables
        own = [sys.executable, "-c", BOOT, path, self._module, str(theirs.fileno())]
        with theirs:
            self._process = subprocess.Popen(
                [*around.command, *own],
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL if around.command else None,  # a terminal is a way out
                env={**variables, **ONE_THREAD},
                cwd=around.folder,
                start_new_session=True,  # Ctrl-C is the parent's to answer
            )
        return self._control


SERVER = Forkserver("kansci.children.child")
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
