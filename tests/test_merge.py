"""Folders of Records become one, whatever order they come in."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from kansci.ledger import load, path_of
from kansci.merge import merge

OLD = Path(__file__).parent / "data" / "records_v1"
OK = load(OLD / "ok.json")
SPEED = load(OLD / "speed.json")


def started(record, day):
    moment = f"2026-01-{day:02d}T00:00:00+00:00"
    return record.updated(environment=record.environment.model_copy(update={"started": moment}))


def test_records_of_different_places_are_all_kept():
    records = [SPEED, *(OK.updated(key=str(budget), budget=budget) for budget in (1, 2, 3))]
    merged = merge(records)
    assert sorted(r.key for r in merged.records) == sorted(r.key for r in records)
    assert merged[1:] == ([], [], [])


def test_the_same_numbers_are_kept_once_and_it_is_the_older_that_stays():
    older, newer = started(OK, 1), started(OK, 2).updated(seconds=99, memory=1)
    merged = merge([newer, older, newer])
    assert merged == ([older], [newer, newer], [], [])


def test_a_record_that_is_ok_stands_before_one_that_failed():
    good, bad = started(OK, 2), started(OK, 1).updated(status="crashed")
    assert merge([bad, good]) == ([good], [], [bad], [])


def test_of_two_that_are_ok_the_older_stands():
    first, second = started(OK, 1), started(OK, 2).updated(rate=0.5)
    assert merge([second, first]) == ([first], [], [second], [])


def test_of_two_sources_the_newer_stands_and_the_other_is_named():
    old, new = started(OK, 1), started(OK, 2).updated(key="another", model_source="changed")
    assert merge([new, old]) == ([new], [], [], [old])


def test_a_record_of_two_suites_stays_in_both():
    records = [OK.updated(suite="a"), OK.updated(suite="b")]
    assert merge(records) == (records, [], [], [])


def test_nothing_becomes_nothing():
    assert merge([]) == ([], [], [], [])


VARIANTS = [
    started(OK, day).updated(key=key, status=status, budget=budget)
    for day in (1, 2)
    for key in "ab"
    for status in ("ok", "timeout")
    for budget in (1, 2)
]


@given(st.lists(st.sampled_from(VARIANTS)), st.randoms())
def test_order_decides_nothing_and_no_record_disappears_unsaid(records, shuffled):
    merged = merge(records)
    assert len(records) == sum(map(len, merged))
    places = [path_of(record, Path()) for record in merged.records]
    assert len(set(places)) == len(places)
    again = list(records)
    shuffled.shuffle(again)
    assert merge(again).records == merged.records


@given(st.lists(st.sampled_from(VARIANTS)))
def test_what_is_merged_stays_as_it_is_when_it_is_merged_again(records):
    once = merge(records).records
    assert merge(once) == (once, [], [], [])
