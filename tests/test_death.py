"""What is said of a child that died without a word."""

import signal
from pathlib import Path

import pytest

from kansci.children.death import cause, killed_for_memory, was_killed
from kansci.forkserver import Exit

CAUSES = {
    "it never began": (None, False, "crashed", "ended before this one had begun"),
    "an early end": (Exit(0), False, "crashed", "exit code 0 before it was done"),
    "an exit code": (Exit(3), True, "crashed", "exit code 3 before it was done"),
    "a signal": (Exit(-signal.SIGSEGV), True, "crashed", "ended by SIGSEGV"),
    "a kill": (Exit(-signal.SIGKILL), False, "crashed", "killed from outside, twice"),
    "no memory": (Exit(-signal.SIGKILL), True, "out_of_memory", "had no memory left"),
}


@pytest.mark.parametrize("case", CAUSES.values(), ids=CAUSES.keys())
def test_a_death_has_a_status_and_a_reason(case):
    ended, for_memory, status, says = case
    found, reason = cause(ended, for_memory=for_memory)
    assert found == status
    assert says in reason


def test_only_force_is_a_kill():
    killed = [ended for ended, *_ in CAUSES.values() if was_killed(ended)]
    assert killed == [Exit(-signal.SIGKILL)] * 2


def test_kills_for_memory_are_counted_where_the_system_counts_them():
    file = Path("/proc/vmstat")
    lines = file.read_text().splitlines() if file.is_file() else []
    before = int(dict(line.split() for line in lines).get("oom_kill", 0))
    assert before <= killed_for_memory() <= (before + 10 if lines else 0)
