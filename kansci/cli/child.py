"""A command of kansci in a new process, as what a process has done before moves its timings."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence

from kansci.errors import UserError
from kansci.statistics.middle import FEWEST as PROCESSES

INTERRUPTED = 130  # exit code


def processes_of(given: int) -> int:
    """A number of processes that a median can be taken over.

    Raises:
        UserError: for two to five, whose range falls short of 95 %.
    """
    if given == 1 or given >= PROCESSES:
        return given
    raise UserError(
        f"--processes {given}: want 1, or {PROCESSES} or more, of which the range has the median "
        "with 95 %"
    )


def run_child(words: Sequence[str], *, aloud: bool = True) -> None:
    """Runs `kansci WORDS` to its end; what it prints is not shown, what it says is, if aloud.

    Raises:
        ChildProcessError: if it fails; it has said why.
        KeyboardInterrupt: if it was interrupted.
    """
    errors = None if aloud else subprocess.PIPE
    done = subprocess.run(
        [sys.executable, "-m", "kansci", *words],
        stdout=subprocess.DEVNULL,
        stderr=errors,
        text=True,
    )
    if done.returncode == INTERRUPTED:
        raise KeyboardInterrupt
    if done.returncode:
        sys.stderr.write(done.stderr or "")
        raise ChildProcessError(f"its process ended with {done.returncode}, for the reason above")
