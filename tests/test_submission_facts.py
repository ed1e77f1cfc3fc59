"""What a submission says of its cells that is not so is refused, whatever its keys say."""

from pathlib import Path
from typing import Any

import pytest
from ledgers import record
from submissions import here, submitted, written

from kansci.errors import UserError
from kansci.ledger import load_records, save
from kansci.record import Curve, Record
from kansci.submission import submitting
from kansci.submission.consistency import inconsistent
from kansci.submission.facts import Size, counted, counts
from kansci.submission.fields import safe_name
from kansci.submission.grid import complete, exact
from kansci.submission.ledger import load_ledger
from kansci.suite import get_suite
from kansci.transfer import has_scores

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
    sound = record("mykan", parameters=200, **curve((1, 1, 1), at=(1,)))
    assert inconsistent(sound) == ""
    assert reason in inconsistent(sound.updated(**changes))


def test_scores_want_the_spread_of_every_probe() -> None:
    known = record("mykan", points=(9,), spreads=(1.0,))
    assert has_scores(known)
    assert not has_scores(known.updated(spreads=()))
    assert has_scores(known.updated(spreads=(), metric="error_rate"))
