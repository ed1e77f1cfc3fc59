"""Where a Record comes from: versions, machine, commit. No part of a Record's key."""

from __future__ import annotations

import os
import platform
import subprocess
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy
import psutil
import torch

from kansci.record import Environment


def environment(device: torch.device) -> Environment:
    """Of this process, now."""
    commit, dirty = _commit()
    return Environment(
        kansci=_version(),
        python=platform.python_version(),
        torch=torch.__version__,
        numpy=numpy.__version__,
        system=f"{platform.system()} {platform.machine()}",
        processor=_processor(),
        cores=psutil.cpu_count() or 1,
        threads=torch.get_num_threads(),
        device=torch.cuda.get_device_name(device) if device.type == "cuda" else device.type,
        commit=commit,
        dirty=dirty,
        started=datetime.now(UTC).isoformat(timespec="seconds"),
    )


@cache
def _version() -> str:
    try:
        return version("kansci")
    except PackageNotFoundError:  # run out of an unpacked wheel
        return "unknown"


@cache
def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:  # no Linux
        pass
    return platform.processor() or platform.machine()


@cache
def _commit() -> tuple[str | None, bool | None]:
    """Of the checkout the package runs out of; nothing for an installed wheel."""
    folder = Path(__file__).resolve().parent.parent
    if not (folder / ".git").exists():
        return None, None

    def git(*words: str) -> str:
        return subprocess.run(
            ["git", *words],
            cwd=folder,
            capture_output=True,
            text=True,
            check=True,
            timeout=20,
            env={**os.environ, "GIT_OPTIONAL_LOCKS": "0"},
        ).stdout.strip()

    try:
        # Records and what is generated from them say nothing of the code that made them.
        changed = git("status", "--porcelain", "--", "kansci", "tasks", "pyproject.toml")
        return git("rev-parse", "HEAD"), bool(changed)
    except (OSError, subprocess.SubprocessError):
        return None, None
