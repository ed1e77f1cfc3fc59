"""One thread, no window, no store but a test's own; and properties that hold the same each time."""

import os
import signal
from pathlib import Path

# Before torch, numpy and matplotlib are imported, and for the processes that tests start, too.
os.environ["OMP_NUM_THREADS"] = "1"
os.environ["MPLBACKEND"] = "Agg"
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"

import hypothesis
import pytest
import torch

torch.set_num_threads(1)
# A shell lets the jobs in its background ignore Ctrl-C, and they hand that on to their children.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
# Examples from a seed and no time limit: a law must not fail on a busy machine or by luck.
hypothesis.settings.register_profile("kansci", derandomize=True, database=None, deadline=None)
hypothesis.settings.load_profile("kansci")


@pytest.fixture(autouse=True)
def outside_the_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test stands in a folder of its own, which holds its MLflow store as well."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'mlflow.db'}")
    monkeypatch.delenv("MLFLOW_REGISTRY_URI", raising=False)
