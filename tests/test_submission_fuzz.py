"""Malformed files of bundles end in one line and change nothing; a sample of benchmarks/fuzz.py."""

import sys
from pathlib import Path

import pytest
from submissions import here, submitted

from kansci.submission import submitting
from kansci.submission.ledger import LEDGER, load_ledger

sys.path.append(str(Path(__file__).resolve().parents[1] / "benchmarks"))
import fuzz

EXAMPLES = 100  # of each of six kinds


def test_malformed_files_of_a_bundle_are_refused_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(submitting, "foreign", here)
    bundle = submitted(tmp_path / LEDGER).folder
    found = fuzz.fuzz(bundle, examples=EXAMPLES)
    refused, read = dict.fromkeys(fuzz.KINDS, 0), dict.fromkeys(fuzz.KINDS, 0)
    for (name, end), count in found.items():
        refused[name] += count * end.startswith("refused")
        read[name] += count * end.startswith("read")
    assert min(refused.values()) > EXAMPLES // 10, refused
    assert min(read.values()) > 0, read  # sound still: the law is no empty one
    assert {one.submitted for one in load_ledger(tmp_path / LEDGER)} == {"verified"}
