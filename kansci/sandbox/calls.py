"""System calls that no process of a sandbox may make, as its kernel is told.

They make memory that belongs to no process and lies in no file system, so that nothing bounds it;
keep what outlives the sandbox, as keyrings do; or reach into another process.

Source: `man 2 seccomp`; `linux/filter.h`, `linux/audit.h`, `asm/unistd.h` of Linux 6.6.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import sys
from collections.abc import Iterable
from typing import NamedTuple

PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS = 22, 38
FILTER = 2  # the mode
LOAD, EQUAL, LEAST, RETURN = 0x20, 0x15, 0x35, 0x06  # of a word; jumps; the end
NUMBER, ARCHITECTURE = 0, 4  # where they lie in what a filter sees
ALLOW, REFUSE = 0x7FFF0000, 0x00050000 | errno.ENOSYS  # as a kernel would that has no such call


class Machine(NamedTuple):
    """What a kernel calls an architecture, and the numbers of its calls.

    Attributes:
        foreign: from here on numbers are those of another way to call, which is refused as a whole.
    """

    architecture: int
    foreign: int
    refused: dict[str, int]


NAMES = (
    *("memfd_create", "memfd_secret", "shmget", "msgget"),
    *("add_key", "request_key", "keyctl"),
    *("ptrace", "process_vm_readv", "process_vm_writev", "pidfd_getfd"),
)
MACHINES = {
    "x86_64": Machine(
        0xC000003E,
        0x40000000,
        dict(zip(NAMES, (319, 447, 29, 68, 248, 249, 250, 101, 310, 311, 438), strict=True)),
    ),
    "aarch64": Machine(
        0xC00000B7,
        0x40000000,
        dict(zip(NAMES, (279, 447, 194, 186, 217, 218, 219, 117, 270, 271, 438), strict=True)),
    ),
}


class Instruction(ctypes.Structure):
    """Of the kernel's filters: two jumps say how many instructions are left out."""

    _fields_ = (
        ("code", ctypes.c_ushort),
        ("true", ctypes.c_ubyte),
        ("false", ctypes.c_ubyte),
        ("value", ctypes.c_uint),
    )


class Program(ctypes.Structure):
    """A filter as it is handed over."""

    _fields_ = (("count", ctypes.c_ushort), ("filter", ctypes.POINTER(Instruction)))


def refuse() -> None:
    """From now on, in this process and all that it starts, for ever.

    On machines whose numbers are not known here nothing is refused.

    Raises:
        OSError: if the kernel takes no filter.
    """
    machine = MACHINES.get(platform.machine())
    if sys.platform != "linux" or machine is None:
        return
    code = list(_program(machine.architecture, machine.foreign, machine.refused.values()))
    held = (Instruction * len(code))(*code)
    library = ctypes.CDLL(None, use_errno=True)
    done = library.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or library.prctl(
        PR_SET_SECCOMP, FILTER, ctypes.byref(Program(len(code), held))
    )
    if done:
        number = ctypes.get_errno()
        raise OSError(number, f"the kernel takes no filter of calls: {os.strerror(number)}")


def _program(architecture: int, foreign: int, refused: Iterable[int]) -> Iterable[Instruction]:
    """Loads, compares, and returns: 1 instruction past the refusal is the next comparison."""
    refusal = Instruction(RETURN, 0, 0, REFUSE)
    yield Instruction(LOAD, 0, 0, ARCHITECTURE)
    yield from (Instruction(EQUAL, 1, 0, architecture), refusal)
    yield Instruction(LOAD, 0, 0, NUMBER)
    yield from (Instruction(LEAST, 0, 1, foreign), refusal)
    for number in refused:
        yield from (Instruction(EQUAL, 0, 1, number), refusal)
    yield Instruction(RETURN, 0, 0, ALLOW)
