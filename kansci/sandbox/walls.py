"""What stands around a submitted file's processes: which folders, variables and devices they see.

Bubblewrap gives them namespaces of their own: no network, no other processes, no capability, and
of the file system only what Python and a compiler need, read-only. They write into a file system
in memory, whose size is bounded and which is gone when they are. Where it is not there or not
permitted, they are processes like any other, and `Kind.sentence` says so.

Source: https://github.com/containers/bubblewrap, `man bwrap`.
"""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
from enum import Enum
from functools import cache
from glob import glob
from pathlib import Path

from kansci.discover import PACKAGE, home
from kansci.errors import UserError
from kansci.forkserver import Around

OFF = "off"  # what `$KANSCI_SANDBOX` says where nothing is to be isolated
SECONDS = 20.0  # for the trial
SCRATCH = "/tmp/scratch"  # inside
ROOM, SHARED = 512 << 20, 64 << 20  # bytes of /tmp and of shared memory, inside
SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
SETTINGS = ("/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/alternatives")
PASSING = ("LANG", "LC_ALL", "LC_CTYPE", "TZ", "CXX", "LD_LIBRARY_PATH", "CUDA_VISIBLE_DEVICES")


class Kind(Enum):
    """How submitted code is kept apart."""

    BUBBLEWRAP = "bubblewrap"
    LIMITS = "limits"
    OFF = "off"

    @property
    def isolated(self) -> bool:
        return self is Kind.BUBBLEWRAP

    @property
    def sentence(self) -> str:
        """For the head of a run: what is isolated, and what is not."""
        if self.isolated:
            return (
                "Submitted code runs in bubblewrap: no network, no files but Python's and its "
                "own, no true answers."
            )
        why = "as asked" if self is Kind.OFF else "bubblewrap is absent or not permitted"
        return (
            f"Submitted code is NOT isolated ({why}): it has a process of its own, with limits on "
            "time and memory, but can use the network, and read and write whatever you can."
        )


def available() -> Kind:
    """What this machine has, found out by trying it once; `$KANSCI_SANDBOX=off` is no sandbox.

    Raises:
        UserError: for another value of that variable.
    """
    wish = os.environ.get("KANSCI_SANDBOX", "")
    if wish not in ("", OFF):
        raise UserError(f"KANSCI_SANDBOX={wish}: want off, or nothing; unset it")
    return Kind.OFF if wish == OFF else _tried()


def switch_off() -> None:
    """From now on, in this process and those that it starts."""
    os.environ["KANSCI_SANDBOX"] = OFF


@cache
def _tried() -> Kind:
    if sys.platform != "linux" or shutil.which("bwrap") is None:
        return Kind.LIMITS
    trial = [*_command(()), sys.executable, "-c", "pass"]
    try:
        done = subprocess.run(
            trial, env=_variables(), capture_output=True, timeout=SECONDS, cwd="/"
        )
    except (OSError, subprocess.TimeoutExpired):
        return Kind.LIMITS
    return Kind.LIMITS if done.returncode else Kind.BUBBLEWRAP


def around(*files: Path) -> Around:
    """What a server is started in that sees these files beside Python's own, and no others.

    Args:
        files: each is seen where it lies, read-only, without those beside it.
    """
    kind = available()
    if kind is Kind.OFF:
        return Around()
    if kind is Kind.LIMITS:
        scratch = _scratch()
        own = {"HOME": scratch, "TMPDIR": scratch, "KANSCI_CACHE": f"{scratch}/programs"}
        return Around((), _variables() | own, folder=scratch)
    return Around(_command(files), _variables(), _path())


@cache
def _scratch() -> str:
    """A folder for code that is not isolated; it ends with this process."""
    folder = tempfile.mkdtemp(prefix="kansci-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _command(files: tuple[Path, ...]) -> tuple[str, ...]:
    gpu = [word for one in sorted(glob("/dev/nvidia*")) for word in ("--dev-bind", one, one)]
    return (
        shutil.which("bwrap") or "bwrap",
        *("--unshare-all", "--unshare-user", "--disable-userns", "--cap-drop", "ALL"),
        *("--die-with-parent", "--new-session", "--hostname", "sandbox"),
        *("--proc", "/proc", "--ro-bind", "/proc/sys", "/proc/sys"),  # root's, were it writable
        *("--ro-bind-try", "/proc/sysrq-trigger", "/proc/sysrq-trigger"),
        *("--dev", "/dev", *gpu, "--size", str(SHARED), "--tmpfs", "/dev/shm"),
        *("--size", str(ROOM), "--tmpfs", "/tmp"),
        *(word for one in SYSTEM for word in _same(one)),
        *(word for one in SETTINGS for word in ("--ro-bind-try", one, one)),
        *(word for one in _pythons() for word in ("--ro-bind", one, one)),
        *(word for one in _answers() for word in ("--tmpfs", one)),
        *(word for one in files for word in ("--ro-bind", str(one), str(one))),
        *("--dir", SCRATCH, "--chdir", SCRATCH),
        *("--remount-ro", "/dev", "--remount-ro", "/"),
        "--",
    )


def _same(folder: str) -> tuple[str, ...]:
    """A folder of the system as it is: absent, a link, or a folder."""
    path = Path(folder)
    if path.is_symlink():
        return ("--symlink", os.readlink(path), folder)
    return ("--ro-bind", folder, folder) if path.is_dir() else ()


def _answers() -> list[str]:
    """Folders with true answers that lie in others which are seen, and are to be empty.

    Those are tasks and Records, of a wheel or of a checkout under a folder of the system, and the
    images that come with scikit-learn. An environment that is reached by a link is seen at both of
    its places, and so is each of them.
    """
    images = {Path(one) / "sklearn" / "datasets" / "data" for one in sys.path if one}
    own = {home(name) for name in ("tasks", "leaderboards")}
    every = {one.resolve() for one in (PACKAGE / "_shipped", *own, *images) if one.is_dir()}
    system = (Path(one) for one in SYSTEM if not Path(one).is_symlink())
    seen = {one: one.resolve() for one in (*system, *map(Path, _pythons()))}
    return sorted(
        str(place / one.relative_to(real))
        for place, real in seen.items()
        for one in every
        if one.is_relative_to(real)
    )


def _pythons() -> list[str]:
    """Folders of the interpreter, of what is installed, and of this package; none in another.

    The folder that an editable install puts on the path is not among them: it holds the project's
    tasks and Records.
    """
    prefixes = {sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix}
    installed = {one for one in sys.path if Path(one).name in ("site-packages", "dist-packages")}
    found = {Path(one).absolute() for one in (*prefixes, *installed, PACKAGE)}
    found |= {one.resolve() for one in found}
    known = {Path(one) for one in SYSTEM}
    wanted = [one for one in found if one.is_dir() and not known & {one, *one.parents}]
    return [str(one) for one in sorted(wanted) if not set(wanted) & set(one.parents)]


def _path() -> tuple[str, ...]:
    """Where modules are found inside: what a user's own folders hold is not there."""
    roots = (*(Path(one) for one in (*_pythons(), *SYSTEM)), PACKAGE.parent)
    return tuple(
        one
        for one in sys.path
        if one and (Path(one) == PACKAGE.parent or {*Path(one).parents, Path(one)} & set(roots))
    )


def _variables() -> dict[str, str]:
    """All variables that there are inside; those of the caller may hold secrets."""
    passed = {name: os.environ[name] for name in PASSING if name in os.environ}
    home = {"HOME": SCRATCH, "TMPDIR": "/tmp", "USER": "nobody", "LOGNAME": "nobody"}
    home["TORCHINDUCTOR_COMPILE_THREADS"] = "4"  # or as many processes as there are cores
    path = f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin"
    return {**passed, **home, "PATH": path, "KANSCI_CACHE": "/tmp/programs"}
