"""A run that is killed and resumed ends as one that was not."""

import random
import shutil
from pathlib import Path

import pytest

from kansci.discover import load
from kansci.ledger import load as load_record
from kansci.ledger import save

HERE = Path(__file__).parent
FAULTS = load(HERE.parent / "benchmarks" / "faults.py")
WORDS = ("run", "--suite", "demo", "--task", "feynman27/III*", "--model", "mlp-silu")
WORDS += ("--parameters", "100", "--parameters", "250")
OK = HERE / "data" / "records_v1" / "ok.json"


@pytest.mark.slow
def test_runs_that_are_killed_and_resumed_lose_tear_and_repeat_nothing(tmp_path):
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    whole.mkdir()
    broken.mkdir()
    expected, lasts = FAULTS.undisturbed(whole, WORDS)
    assert len(expected) == len({record.key for record in expected}) == 6
    assert {record.status for record in expected} == {"ok"}
    outcome = FAULTS.disturbed(broken, expected, random.Random(5), lasts, WORDS, kills=2)
    assert sum(outcome.killed.values()) > 0
    assert outcome.sound, outcome


def test_what_is_wrong_is_counted(tmp_path):
    """Of a folder with one Record lost, one changed, one twice, one torn, one not asked for."""
    first = load_record(OK)
    records = [first.updated(key=str(number), budget=number) for number in range(1, 4)]
    home = tmp_path / "records"
    save(records[1].updated(rate=0.5), home)
    shutil.copy(save(records[2], home), home / "again.json")
    save(first.updated(key="5", budget=5), home)
    (home / "torn.json").write_text("{")
    (home / ".x.part").write_text("{")
    outcome = FAULTS.judged(tmp_path, records, {"run": 3}, 7.0, 1, 1)
    assert outcome == FAULTS.Outcome({"run": 3}, 7.0, *[1] * 8)
    assert not outcome.sound


def test_seconds_memory_and_machine_are_no_difference(tmp_path):
    first = load_record(OK)
    save(first, tmp_path / "records")
    elsewhere = first.environment.model_copy(update={"processor": "another"})
    same = first.updated(seconds=99, memory=1, environment=elsewhere)
    assert FAULTS.judged(tmp_path, [same], {}, 0.0, 0, 0).sound
