"""Bundles verified together: one draw, and yardsticks that learn it once."""

import json
from dataclasses import replace
from pathlib import Path
from shutil import copytree

import ledgers
import numpy as np
import pytest
from auditing import SECRET, in_this_process, trained
from calling import call
from ledgers import PLACES

from kansci.cli.audits import Audit, Source, audits
from kansci.discover import get_model
from kansci.ledger import save
from kansci.record import Record
from kansci.verification import running
from kansci.verification.audit import Lot, lot_of

TASKS = ("feynman27/I.12.11", "feynman27/I.6.2b")
NAMES = ("mlp-silu", "chebykan")


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of two models."""
    home = tmp_path_factory.mktemp("records")
    for name in NAMES:
        trained(home, get_model(name), *TASKS)
    return home


def begun(records: Path, out: Path) -> list[Audit]:
    source = Source(out, records, None)
    return list(audits([source.subject(name) for name in NAMES], source, out, deep=False))


def test_a_lot_is_of_its_bundles_in_any_order_and_one_alone_is_its_own() -> None:
    assert lot_of(["b", "a"]) == lot_of(["a", "b", "a"])
    assert lot_of(["a"]) == "a"
    assert len({lot_of(some) for some in (["a"], ["a", "b"], ["a", "c"])}) == 3
    assert Lot(SECRET, "a").number("x") != Lot(SECRET, "b").number("x")


def test_plans_drawn_together_have_tasks_seeds_and_variants_in_common(
    records: Path, tmp_path: Path
) -> None:
    one, other = (audit.plan for audit in begun(records, tmp_path))
    assert one.bundle != other.bundle
    assert one.lot == other.lot == lot_of((one.bundle, other.bundle))
    assert (one.seeds, one.variant, one.varied) == (other.seeds, other.variant, other.varied)
    assert [cell.task for cell in one.audited] == [cell.task for cell in other.audited]


@pytest.mark.parametrize("name", ["aaa", "zzz"])
def test_who_is_audited_deeply_is_no_matter_of_the_alphabet(
    name: str, records: Path, tmp_path: Path
) -> None:
    """Records of another suite rank nobody."""
    others = tmp_path / "others"
    for number, place in enumerate(PLACES * 2):
        save(ledgers.record(f"model-{number}", place, suite="another"), others)
    found = Source(tmp_path, records, None).subject("mlp-silu")
    subject = replace(found, name=name, records=tuple(r.updated(model=name) for r in found.records))
    assert Source(tmp_path, others, None).first_five(subject)  # of its suite there is nobody else
    better = [
        one.updated(model=f"better-{i}", errors=tiny(one))
        for i in range(5)
        for one in found.records
    ]
    for one in better:
        save(one, others)
    for one in found.records:
        for number in range(5):
            save(one.updated(model=f"better-{number}", errors=tiny(one)), others)
    assert not Source(tmp_path, others, None).first_five(subject)


@pytest.mark.parametrize("folder", ["records", "standard"])
def test_who_is_audited_deeply_is_asked_of_all_folders_of_the_ledger(
    folder: str, records: Path, tmp_path: Path
) -> None:
    """Each is of another suite: whoever submits to the edition is ranked among its models."""
    ledger = tmp_path / "leaderboards"
    (ledger / "models").mkdir(parents=True)
    (subject,) = (Source(tmp_path, records, None).subject(name) for name in NAMES[:1])
    for number, one in enumerate(PLACES):
        save(ledgers.record(f"model-{number}", one, suite="another"), ledger / "records")
        save(ledgers.record(f"model-{number}", one, suite="another"), ledger / "standard")
    places = (Source(ledger / "models", None, None), Source(tmp_path, ledger, None))
    assert all(source.first_five(subject) for source in places)
    for one in subject.records:
        for number in range(5):
            save(one.updated(model=f"better-{number}", errors=tiny(one)), ledger / folder)
    assert not any(source.first_five(subject) for source in places)


def tiny(record: Record) -> object:
    return (np.zeros_like(np.array(record.errors)) + 1e-9).tolist()


def test_an_audit_that_was_begun_goes_on_by_its_plan(records: Path, tmp_path: Path) -> None:
    before = begun(records, tmp_path)
    assert [one.plan for one in begun(records, tmp_path)] == [one.plan for one in before]
    assert begun(records, tmp_path / "elsewhere")[0].plan.seeds != before[0].plan.seeds
    edited = before[0].subject.records[0].updated(seconds=1e6)
    changed = tmp_path / "changed"
    copytree(records, changed)
    save(edited, changed)
    assert begun(changed, tmp_path)[0].plan.seeds != before[0].plan.seeds


def test_what_yardsticks_learn_is_learned_once_and_nothing_again(
    records: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("verify", *NAMES, "--records", records, "--out", tmp_path, "--no-deep")
    monkeypatch.setattr("kansci.cli.audits.YARDSTICKS", ("fastkan",))
    monkeypatch.setattr("kansci.cli.verify.at_a_time", lambda workers, device: 0)
    in_this_process(monkeypatch)
    jobs, real = [], running.execute
    spied = lambda some, **how: jobs.append(len(some)) or real(some, **how)  # noqa: E731
    monkeypatch.setattr(running, "execute", spied)
    found = call(*words, "--json")
    assert [one["name"] for one in json.loads(found.stdout)] == list(NAMES), found.stderr
    assert all((tmp_path / name / "verification.json").exists() for name in NAMES)
    first, second = jobs[:4], jobs[4:]  # secret seeds, rates, variants, yardsticks
    assert all(first)
    assert all(second[:3])
    assert second[3] == 0
    jobs.clear()
    again = call(*words)
    assert (again.code, jobs) == (found.code, [0] * 8)
    assert " verified, " in again.stdout.splitlines()[-1]


def test_a_step_is_of_one_name(records: Path, tmp_path: Path) -> None:
    step = call("verify", *NAMES, "--records", records, "--draw", tmp_path / "plan.json")
    assert step.code == 2
    assert "want one name for a step of its own, got 2" in step.stderr
