"""Two Records of one cell: identical, in agreement, or different."""

from pathlib import Path

import numpy as np
import pytest

from kansci.ledger import load
from kansci.record import record_key
from kansci.statistics.comparison import changes, compare, moved

OLD = Path(__file__).parent / "data" / "records_v1"
OK = load(OLD / "ok.json")
FAILED = load(OLD / "failed.json")
SAME = {"task_content": OK.task_content, "model_source": OK.model_source}


def times(factor, record=OK):
    """The Record with all its errors multiplied."""
    return record.updated(errors=(np.array(record.errors) * factor).tolist())


@pytest.mark.parametrize("record", [OK, FAILED], ids=["ok", "failed"])
def test_a_record_is_identical_with_itself(record):
    elsewhere = record.updated(seconds=99, memory=1)
    found = compare(record, elsewhere)
    assert found.identical
    assert found.agrees
    assert found.widest == 0
    assert len(found.members) == len(record.members)


def test_the_last_digit_that_is_kept_is_a_difference_and_no_disagreement():
    found = compare(OK, times(1.00001))
    assert not found.identical
    assert found.agrees
    assert found.widest == pytest.approx(np.log10(1.00001), rel=0.3)


def test_members_show_their_errors_and_the_decades_between_them():
    found = compare(OK, times(10**0.02))
    assert [member.seed for member in found.members] == list(OK.recipe.evaluation_seeds)
    assert found.members[0].old == pytest.approx(OK.errors[-1][0][0])
    assert [member.decades for member in found.members] == pytest.approx(
        [0.02] * len(OK.members), abs=1e-4
    )
    assert found.scores[0] - found.scores[1] == pytest.approx(0.02, abs=1e-4)


@pytest.mark.parametrize(("decades", "agrees"), [(0.04, True), (0.06, False), (-0.06, False)])
def test_scores_agree_within_the_tolerance(decades, agrees):
    good = times(0.1)  # scores are clipped, where an error comes near the trivial one
    assert compare(good, times(10**decades, good)).agrees is agrees
    assert compare(good, times(10**decades, good), tolerance=0.1).agrees


def test_another_status_is_no_agreement_whatever_the_scores():
    broken = OK.updated(status="timeout", members=("timeout",) * len(OK.members), errors=())
    found = compare(OK, broken, tolerance=10)
    assert not found.identical
    assert not found.agrees
    assert found.widest == np.inf
    assert all(np.isnan(member.new) for member in found.members)
    assert {member.statuses for member in found.members} == {("ok", "timeout")}


def test_a_member_that_failed_is_infinitely_far_from_one_that_did_not():
    errors = np.array(OK.errors)
    errors[..., 0] = np.nan
    statuses = ("diverged", *OK.members[1:])
    found = compare(OK, OK.updated(errors=errors.tolist(), members=statuses))
    assert found.widest == np.inf
    assert not found.identical


def test_another_rate_is_said_to_be_different():
    assert not compare(OK, OK.updated(rate=0.5)).identical


def test_the_part_of_the_key_that_changed_is_named():
    assert changes(OK.updated(key=key_of(OK)), **SAME) == []
    assert changes(OK.updated(key=key_of(OK)), **{**SAME, "task_content": "x"}) == [
        "the task's content"
    ]
    assert changes(OK.updated(key=key_of(OK)), **{**SAME, "model_source": "x"}) == [
        "the model's source"
    ]
    (other,) = changes(OK.updated(key="of another protocol"), **SAME)
    assert "protocol" in other


def key_of(record):
    parts = {name: getattr(record, name) for name in ("model", "budget", "recipe")}
    return record_key(**SAME, **parts)


def test_versions_and_machines_that_moved_are_named_with_both_values():
    here = OK.environment
    assert moved(here, here.model_copy(update={"started": "later", "threads": 9})) == []
    (said,) = moved(here.model_copy(update={"torch": "1.0"}), here)
    assert said == f"torch 1.0 then, {here.torch} now"
