"""Verifying bundles: what flags before anything is trained, and what stands around their code."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from auditing import SECRET, drawn, trained
from calling import call
from submissions import here, submitted

from kansci.discover import get_model
from kansci.forkserver import SERVER
from kansci.ledger import save
from kansci.sandbox import Kind, servers
from kansci.submission import names, submitting
from kansci.submission.bundle import read
from kansci.submission.status import status_of
from kansci.submission.template import write_template
from kansci.verification import running, subject
from kansci.verification.audit import RELOADED, Plan
from kansci.verification.reload import Kept
from kansci.verification.results import Apart, Reload, Results
from kansci.verification.running import begin, look
from kansci.verification.subject import Subject

FEYNMAN = ("I.12.11", "I.13.12", "I.16.6", "I.18.4", "I.26.2", "I.27.6", "I.30.3", "I.40.1")
TASKS = [f"feynman27/{name}" for name in FEYNMAN]


@pytest.fixture
def apart(monkeypatch: pytest.MonkeyPatch) -> Callable[[Kind], None]:
    """Sets what isolates submitted code; at first all does, though its file is loaded here."""

    def kind(found: Kind) -> None:
        for module in ("kansci.cli.verify", "kansci.verification.running"):
            monkeypatch.setattr(f"{module}.available", lambda: found)

    kind(Kind.BUBBLEWRAP)
    return kind


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, apart: object) -> Path:
    """Of the bundle `mykan`, in the ledger of a checkout of its own."""
    monkeypatch.setattr(submitting, "foreign", here)
    monkeypatch.setattr(subject, "foreign", here)
    monkeypatch.setattr(names, "home", lambda name: tmp_path / name)
    return submitted(tmp_path / "leaderboards").folder


def of(folder: Path) -> Subject:
    return subject.submitted(read(folder))


def begun(what: Subject, results: Path) -> str:
    return begin(drawn(what), what, Results(results))


def test_a_bundle_in_the_ledger_of_the_project_has_its_own_name(
    folder: Path, tmp_path: Path
) -> None:
    assert begun(of(folder), tmp_path / "results") == ""
    assert not (tmp_path / "results" / "apart.json").exists()


@pytest.mark.parametrize("ledger", ["leaderboards", "scratch"])
def test_a_twin_beside_a_bundle_has_its_name_in_whatever_case(
    ledger: str, folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "leaderboards").rename(tmp_path / ledger)
    models = tmp_path / ledger / "models"
    (models / "MyKAN").mkdir(exist_ok=True)
    if len(list(models.iterdir())) == 1:
        pytest.skip("names of files have no case here")
    said = begun(of(models / "mykan"), tmp_path / "results")
    assert f"a submission in {models} has 'MyKAN'" in said


def test_a_file_whose_model_has_another_name_than_its_bundle_is_flagged(
    folder: Path, tmp_path: Path
) -> None:
    what, other = of(folder), tmp_path / "other.py"
    write_template(other)
    (folder / "model.py").write_bytes(other.read_bytes())
    assert begun(what, tmp_path / "results").startswith(
        "mykan: want a file whose model has that name, got 'other'"
    )


def refuse(*what: object, **how: object) -> None:
    raise AssertionError("something is trained")


@pytest.mark.parametrize("steps", [True, False])
def test_what_is_incomplete_is_flagged_and_nothing_is_trained(
    steps: bool, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "leaderboards" / "records" / "MyKAN").mkdir(parents=True)
    monkeypatch.setattr(running, "execute", refuse)
    plan, results = tmp_path / "plan.json", tmp_path / "results"
    words = ("verify", "mykan", "--models", folder.parent, "--out", results)
    if steps:
        (tmp_path / "secret").write_bytes(SECRET)
        assert call(*words, "--draw", plan, "--secret", tmp_path / "secret").code == 0
        run = call(*words, "--run", plan)
        assert (run.code, run.stdout) == (0, "")
        assert "Nothing is trained: name 'mykan': a model in" in run.stderr
        words = (*words, "--judge", plan)
    found = call(*words)
    assert found.code == 3, found.stderr
    assert "Flagged: name 'mykan': a model in" in found.stdout
    verdict = json.loads((folder / "verification.json").read_text(encoding="utf-8"))
    assert [one["check"] for one in verdict["reasons"]] == ["Records"]
    assert (verdict["compared"], verdict["mean"], verdict["p"]) == ([], 0.0, 1.0)
    assert status_of(read(folder)) == "flagged"


def test_a_hole_in_the_grid_is_found_before_any_training(folder: Path, tmp_path: Path) -> None:
    whole = of(folder)
    assert "want all" in begun(replace(whole, records=whole.records[1:]), tmp_path / "results")
    left = Results(tmp_path / "results").apart()
    assert left.incomplete.startswith("mykan: want all")
    assert left.reloads == ()


def test_the_plan_of_another_bundle_is_neither_run_nor_judged(folder: Path, tmp_path: Path) -> None:
    plan, results = tmp_path / "plan.json", Results(tmp_path / "results")
    own = drawn(of(folder))
    for name, other in (("bundle", "0" * 64), ("name", "another"), ("suite", "another")):
        wrong = own.model_copy(update={name: other})
        plan.write_text(wrong.model_dump_json(), encoding="utf-8")
        results.write(nothing(wrong))
        for step in ("--run", "--judge"):
            words = ("verify", "mykan", "--models", folder.parent, step, plan)
            found = call(*words, "--out", results.folder)
            assert found.code == 2, found.stdout
            assert f"got that of {other[:40]}; draw another" in found.stderr


def nothing(plan: Plan) -> Apart:
    """As whoever ran the plan of a bundle without any fault leaves it."""
    found = {"incomplete": "", "isolation": "", "isolated": True, "reloads": (), "speed": None}
    return Apart(plan=plan.digest, **found)


@pytest.mark.parametrize("kind", [Kind.LIMITS, Kind.OFF])
def test_what_ran_without_isolation_is_never_verified_and_that_is_remembered(
    kind: Kind,
    folder: Path,
    apart: Callable[[Kind], None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(running, "broken", lambda origin, records: ())
    monkeypatch.setattr(running, "timed", lambda origin, budget: None)
    what, results, quiet = of(folder), Results(tmp_path / "results"), lambda text: None
    plan = drawn(what)
    assert look(plan, what, results, say=quiet).isolated
    apart(kind)
    assert begin(plan, what, results) == ""  # and a training that is interrupted
    apart(Kind.BUBBLEWRAP)
    found = look(plan, what, results, say=quiet)
    assert not found.isolated
    assert found.isolation == kind.sentence
    clean = look(plan, what, Results(tmp_path / "anew"), say=quiet)
    assert clean.isolated
    assert clean.isolation == Kind.BUBBLEWRAP.sentence


class Closing:
    """In place of a forkserver."""

    def __init__(self, *what: object) -> None:
        self.closed = 0

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def fakes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(servers, "_SERVERS", {})
    monkeypatch.setattr(servers, "Forkserver", Closing)
    monkeypatch.setattr(servers, "available", lambda: Kind.LIMITS)


def server(file: Path, purpose: str = "") -> Any:
    return servers.server_of(str(file.resolve()), "digest", purpose)


def test_closing_the_servers_of_a_file_closes_all_of_it_and_no_others(
    fakes: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = [server(tmp_path / "own.py", purpose) for purpose in ("", "reload", "begin", "check")]
    other = server(tmp_path / "other.py")
    assert server(tmp_path / "own.py") is own[0]
    servers.close_servers(tmp_path / "own.py")
    assert [one.closed for one in own] == [1] * 4
    assert other.closed == 0
    monkeypatch.setattr(servers, "available", lambda: Kind.OFF)
    assert server(tmp_path / "own.py") is SERVER


def test_no_server_of_a_file_is_left_once_it_has_been_looked_at(
    fakes: None, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However looking at it ends, and where there is nothing to look at."""
    monkeypatch.setattr(running, "broken", lambda origin, records: ())
    monkeypatch.setattr(running, "timed", lambda origin, budget: None)
    what, results = of(folder), Results(tmp_path / "results")
    own = server(folder / "model.py", "reload")
    look(drawn(what), what, results, say=lambda text: None)
    assert own.closed == 1
    monkeypatch.setattr(running, "timed", lambda origin, budget: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        look(drawn(what), what, results, say=lambda text: None)
    assert own.closed == 2
    assert begun(replace(what, records=what.records[1:]), tmp_path / "results")
    assert own.closed == 3
    zoo = Subject("kan", what.bundle, what.records, what.home)
    two_lines = server(results.folder / "model.py", "begin")
    monkeypatch.setattr(running, "timed", lambda origin, budget: None)
    look(drawn(zoo), zoo, results, say=lambda text: None)
    assert two_lines.closed == 1


def test_the_secret_networks_that_are_reloaded_are_the_first_that_were_drawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By name anybody could foresee which, and late ones would never be."""
    (one,) = trained(tmp_path / "records", get_model("mlp-silu"), TASKS[0])
    every = tuple(one.updated(task=f"{name}@1", key=name) for name in TASKS)
    what = Subject("mlp-silu", "bundle", every, tmp_path / "records")
    plan, results = drawn(what), Results(tmp_path / "results")
    order = [audited.task for audited in plan.audited]
    assert sorted(order[:RELOADED]) != sorted(order)[:RELOADED]
    for record in every:
        recipe = record.recipe.model_copy(update={"evaluation_seeds": plan.seeds})
        save(record.updated(recipe=recipe), results.of("secret"))
    monkeypatch.setattr(running, "kept", lambda record, home: True)
    monkeypatch.setattr(running, "timed", lambda origin, budget: None)
    monkeypatch.setattr(running, "reloaded", lambda origin, kept: answered(kept))
    found = look(plan, what, results, say=lambda text: None)
    wanted = [(of, task) for of in ("secret", "submitted") for task in order[:RELOADED]]
    assert [(reload.of, reload.task) for reload in found.reloads] == wanted


def answered(kept: Kept) -> Reload:
    return Reload(task=kept.record.task, budget=kept.record.budget, of=kept.of)
