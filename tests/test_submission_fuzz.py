"""Malformed files of bundles end in one line and change nothing; a sample of benchmarks/fuzz.py."""

import sys
from pathlib import Path

import pytest
from submissions import here, submitted

from kansci.submission import submitting

sys.path.append(str(Path(__file__).resolve().parents[1] / "benchmarks"))
import fuzz


def test_malformed_entries_manifests_and_records_are_refused_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(submitting, "foreign", here)
    found = fuzz.fuzz(submitted(tmp_path).folder, examples=50)
    refused = dict.fromkeys(fuzz.KINDS, 0)
    for (name, end), count in found.items():
        refused[name] += count * end.startswith("refused")
    assert min(refused.values()) > 25  # others are sound still, or only not what was listed
