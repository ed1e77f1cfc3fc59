"""What a submission says of its cells that is not so is refused, whatever its keys say."""

from math import inf, nan
from pathlib import Path
from typing import Any

import pytest
from ledgers import RECIPE, record
from submissions import here, submitted, written

from kansci.discover import home
from kansci.errors import UserError
from kansci.ledger import load_records, save
from kansci.models import get_model
from kansci.record import Curve, Record, Trial
from kansci.statistics.transfer import has_scores
from kansci.submission import submitting
from kansci.submission.consistency import inconsistent
from kansci.submission.facts import Size, counted, counts
from kansci.submission.fields import safe_name
from kansci.submission.grid import complete, exact
from kansci.submission.ledger import load_ledger
from kansci.suite import get_suite, list_suites

NOTHING: dict[str, Any] = {"members": (), "errors": (), "parameters": None}
LIES: dict[str, tuple[dict[str, Any], str]] = {
    "cluster": ({"cluster": "all"}, "want the cluster of"),
    "trivial": ({"trivial": 1_000.0}, "want the trivial of"),
    "family": ({"family": "made-up"}, "want the family of"),
    "scale": ({"scale": 9.0}, "want the scale of"),
    "metric": ({"metric": "error_rate"}, "want the metric of"),
    "stages": ({"stages": ("mine",)}, "want the stages of"),
    "points": ({"points": (7,)}, "want the points of"),
    "version": ({"task": "poisson@7"}, "want each cell of the suite once"),
    "another's cell": ({"task": "feynman27/I.12.11@1"}, "want "),
    "parameters": ({"parameters": 3}, "parameters, as its network has, got 3"),
    "too large for it": ({"status": "does_not_fit", **NOTHING}, "want answers of its network"),
}


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of a model, with Records of all cells in `made` beside it."""
    return written(tmp_path_factory.mktemp("facts"))


def records_of(file: Path) -> list[Record]:
    found = load_records(file.parent / "made")
    return [one for one in found if isinstance(one, Record)]


def test_what_the_engine_wrote_is_so(file: Path) -> None:
    model, suite = here(file), get_suite("demo")
    exact(model, suite, records_of(file), "again")


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_about_a_cell_is_refused_with_what_is_so(lie: str, file: Path) -> None:
    changes, reason = LIES[lie]
    told = [one.updated(**changes) if one.name == "poisson" else one for one in records_of(file)]
    with pytest.raises(UserError, match=reason) as error:
        complete(here(file), get_suite("demo"), told, "again")
    assert "\n" not in str(error.value)


def test_a_record_beside_those_of_the_suite_is_refused(file: Path) -> None:
    """Boards rank nobody who lacks a cell that any model has."""
    every = records_of(file)
    surplus = every[0].updated(task="nothing@1", budget=123_456, key="0" * 64)
    found = complete(here(file), get_suite("demo"), [*every, surplus], "again")
    assert {one.key for one in found} == {one.key for one in every}
    with pytest.raises(UserError, match="got 1 more: nothing at 123456"):
        exact(here(file), get_suite("demo"), [*every, surplus], "again")


def test_sizes_are_those_of_networks_and_none_where_none_fits(file: Path) -> None:
    model = here(file)
    fits, small = Size(2, 1, 250, 1), Size(2, 1, 1, 1)
    found = counts(model, [fits, small, fits])
    assert found[small] is None
    assert 0 < (found[fits] or 0) <= 250
    assert counted(model, [list(fits)]) == [found[fits]]  # as it is asked in the sandbox


@pytest.mark.parametrize("where", ["the zoo", "records"])
def test_a_bundle_of_another_models_name_stops_the_ledger(
    where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(submitting, "foreign", here)
    monkeypatch.setattr(submitting, "free_name", lambda name, out: name)
    found = submitted(tmp_path / "leaderboards", "Kan" if where == "the zoo" else "mykan")
    name = "fastkan" if where == "the zoo" else "MyKAN"
    save(found.records[0].updated(model=name), tmp_path / "leaderboards" / "records")
    with pytest.raises(UserError, match="another model has that name"):
        load_ledger(tmp_path / "leaderboards")


def test_two_bundles_of_one_name_but_for_case_stop_the_ledger(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(submitting, "foreign", here)
    monkeypatch.setattr(submitting, "free_name", lambda name, out: name)
    folder = tmp_path / "leaderboards"
    submitted(folder)
    submitted(tmp_path / "elsewhere", "MyKan").folder.rename(folder / "models" / "MyKan")
    with pytest.raises(UserError, match="mykan: another model has that name"):
        load_ledger(folder)


@pytest.mark.parametrize("name", ["com1", "COM9", "lpt5", "nul"])
def test_names_that_a_system_keeps_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="keeps for itself"):
        safe_name(name)


def curve(*losses: tuple[float, ...], at: tuple[int, ...]) -> dict[str, Any]:
    return {"curves": (Curve(stage="part 0", evaluations=at, losses=losses),)}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        (curve(at=()), "evaluations of a curve that rise"),
        (curve((1, 1, 1), (1, 1, 1), at=(5, 5)), "evaluations of a curve that rise"),
        (curve((1, 1, 1), (1, 1), at=(1, 2)), "losses of 3 members"),
        (curve((1, 1), at=(1,)), "losses of 3 members"),
        ({"points": (0,)}, "points of at least 1"),
        ({"spreads": (float("nan"),)}, "spreads of at least 0"),
        ({"spreads": (-1.0,)}, "spreads of at least 0"),
    ],
)
def test_numbers_that_no_board_can_be_made_of_are_refused(
    changes: dict[str, Any], reason: str
) -> None:
    once = {"rate": 0.01, "tuning": (Trial(rate=0.01, seed=0, score=1),)}
    sound = record("mykan", parameters=200, **once, **curve((1, 1, 1), at=(1,)))
    assert inconsistent(sound) == ""
    assert reason in inconsistent(sound.updated(**changes))


BAD = ((nan, nan, 1e-3),)
EDITED: dict[str, tuple[dict[str, Any], str]] = {
    "failures are ok": ({"errors": (BAD,)}, "ok to be numbers"),
    "failures do not apply": (
        {"errors": (BAD,), "members": ("not_applicable", "does_not_fit", "ok")},
        "ok or failed, got 'not_applicable'",
    ),
    "one stage of two": (
        {"stages": ("a", "b"), "errors": (((1, 1, inf),), ((1, 1, 1),))},
        "ok to be numbers",
    ),
    "nobody failed": ({"members": ()}, "want "),
    "none is scored": ({"status": "not_applicable"}, "want the status 'ok' of its members"),
    "failures, all of them": (
        {"members": ("diverged",) * 3, "status": "does_not_fit"},
        "want the status 'diverged'",
    ),
    "honest failures": (
        {"errors": (BAD,), "members": ("diverged", "invalid_output", "ok")},
        "",
    ),
    "honest, and none is left": (
        {"errors": ((nan,) * 3,), "members": ("diverged",) * 3, "status": "diverged"},
        "",
    ),
    "a crash": ({"errors": (), "members": ("crashed",) * 3, "status": "crashed"}, ""),
}


@pytest.mark.parametrize("how", EDITED)
def test_a_member_that_failed_cannot_be_edited_into_one_that_did_not(how: str) -> None:
    changes, reason = EDITED[how]
    if changes.get("errors") and isinstance(changes["errors"][0][0], float):
        changes = {**changes, "errors": (changes["errors"],)}
    once = {"rate": 0.01, "tuning": (Trial(rate=0.01, seed=0, score=1),)}
    found = inconsistent(record("mykan", **once).updated(**changes))
    assert (reason in found) if reason else found == ""


def tuned(rate: float | None, *scores: float, trials: int = 4) -> Record:
    """Of two rates and two seeds; a score for each pair, the seeds of a rate side by side."""
    recipe = RECIPE.model_copy(update={"rates": (0.01, 0.1), "tuning_seeds": (7, 8)})
    pairs = [(one, seed) for one in recipe.rates for seed in recipe.tuning_seeds]
    tuning = tuple(
        Trial(rate=one, seed=seed, score=score)
        for (one, seed), score in zip(pairs[:trials], scores, strict=False)
    )
    return record("mykan", recipe=recipe, rate=rate, tuning=tuning)


@pytest.mark.parametrize(
    ("one", "reason"),
    [
        (tuned(0.01, 1, 1, 2, 2), ""),
        (tuned(0.1, 1, 1, 2, 2), "want the rate whose trials end best, 0.01, got 0.1"),
        (tuned(0.1, 9, -9, 0, -1), ""),  # by the mean over seeds
        (tuned(0.01, 1.00001, 1.00001, 1, 1), ""),  # equal, before six digits were kept
        (tuned(0.01, 1.0001, 1, 1, 1), "end best, 0.1, got 0.01"),
        (tuned(0.01, inf, 1, 2, 2), "end best, 0.1, got 0.01"),
        (tuned(0.01, inf, inf, inf, inf), ""),
        (tuned(0.01, nan, 1, 2, 2), "that are numbers, got NaN"),
        (tuned(0.05, 1, 1, 2, 2), "want a rate of 0.01, 0.1, got 0.05"),
        (tuned(0.01, 1, 1, 2, trials=3), "want trials of 0.01, 0.1, each on 2 seeds, got 3"),
        (tuned(0.01), "each on 2 seeds, got 0"),
        (tuned(None), "want a rate where networks were trained, got none"),
    ],
)
def test_a_rate_is_the_best_of_the_trials_that_the_recipe_makes(one: Record, reason: str) -> None:
    found = inconsistent(one)
    assert (reason in found) if reason else found == ""
    assert "\n" not in found


@pytest.mark.parametrize("folder", ["records", "standard"])
def test_the_rates_of_the_ledger_are_the_best_of_their_trials(folder: str) -> None:
    ledger = [one for one in load_records(home("leaderboards") / folder) if type(one) is Record]
    settings = {one.model: get_model(one.model).settings for one in ledger}
    tuned = [one for one in ledger if one.suite in list_suites()]  # others are tuned elsewhere
    assert len(tuned) > 100
    assert {inconsistent(one, settings[one.model]) for one in tuned} == {""}


def test_scores_want_the_spread_of_every_probe() -> None:
    known = record("mykan", points=(9,), spreads=(1.0,))
    assert has_scores(known)
    assert not has_scores(known.updated(spreads=()))
    assert has_scores(known.updated(spreads=(), metric="error_rate"))
