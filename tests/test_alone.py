"""One measurement at a time: the lock is the system's, and ends with the process."""

import os
import signal
import subprocess
import sys
import tempfile
import threading

import pytest

from kansci.errors import UserError
from kansci.speed.alone import alone, busy, lock_file

HOLD = """
import time
from kansci.speed.alone import alone

with alone():
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture(autouse=True)
def a_lock_of_ones_own(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)


@pytest.fixture
def holder():
    process = subprocess.Popen([sys.executable, "-c", HOLD], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def test_a_second_measurement_is_told_for_whom_it_would_wait(holder):
    with pytest.raises(UserError, match=f"process {holder.pid} .* --no-wait"), alone(wait=False):
        pass


def test_a_killed_process_frees_the_lock_for_who_waits(holder):
    said = []

    def say(line):
        said.append(line)
        os.kill(holder.pid, signal.SIGKILL)

    late = threading.Timer(30, holder.kill)  # a test that fails rather than hangs
    late.start()
    with alone(say=say):
        late.cancel()
        assert str(os.getpid()) in lock_file().read_text()
    assert len(said) == 1
    assert str(holder.pid) in said[0]


def test_the_lock_is_free_again_and_is_named_for_the_user():
    for _ in range(2):
        with alone(wait=False):
            pass
    assert str(os.getuid()) in lock_file().name


def test_a_lock_that_cannot_be_opened_is_said(tmp_path):
    (tmp_path / "elsewhere").touch()
    lock_file().symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UserError, match="want a file to lock"), alone():
        pass


def test_a_machine_at_work_is_warned_of(monkeypatch):
    monkeypatch.setattr(os, "getloadavg", lambda: (2.5, 0.0, 0.0))
    assert "2.50" in busy()
    monkeypatch.setattr(os, "getloadavg", lambda: (0.1, 3.0, 3.0))
    assert busy() == ""
