"""Boards read bundles beside Records, and say what came of verifying them."""

import json
import shutil
from pathlib import Path

import pytest
from calling import call
from ledgers import grid, record
from submissions import here, submitted

from kansci.api import get_board, rank
from kansci.boards import tables
from kansci.boards.board import Row
from kansci.boards.latex import latex
from kansci.cli import submit as cli
from kansci.errors import UserError
from kansci.ledger import load as load_record
from kansci.ledger import save
from kansci.record import Record
from kansci.submission import submitting
from kansci.submission.bundle import Bundle, read
from kansci.submission.ledger import load_ledger, shown_suites, unshown
from kansci.submission.status import _Verdict, status_of
from kansci.verification.verdict import Verification

BOARD = get_board("accuracy")


@pytest.fixture
def bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bundle:
    """In `models` of a ledger; `records` has a Record of another model."""
    monkeypatch.setattr(submitting, "foreign", here)
    found = submitted(tmp_path / "leaderboards")
    for one in found.records:
        save(one.model_copy(update={"model": "kan"}), tmp_path / "leaderboards" / "records")
    return found


def verify(bundle: Bundle, status: str, digest: str = "") -> None:
    said = verdict(bundle, status=status, bundle=digest or bundle.digest)
    bundle.verification.write_text(json.dumps(said), encoding="utf-8")


def verdict(bundle: Bundle, /, **changes: object) -> dict[str, object]:
    """As much of a verification as boards look at."""
    said = {
        **{"schema_version": 1, "kansci_protocol": 1, "suite": "demo", "secret": "a" * 64},
        **{"name": bundle.name, "bundle": bundle.digest, "status": "verified", "reasons": []},
        **{"seeds": [7], "compared": [{"task": "poisson"}]},
    }
    return said | changes


def row_of(folder: str, model: str = "mykan") -> Row:
    return next(row for row in rank(BOARD, folder) if row.model == model)


@pytest.mark.parametrize("folder", ["leaderboards", "leaderboards/records"])
def test_a_ledger_is_its_records_and_its_bundles(bundle: Bundle, folder: str) -> None:
    assert {one.model for one in load_ledger(folder)} == {"kan", "mykan"}
    assert row_of(folder).submitted == "self-reported"
    assert row_of(folder, "kan").submitted == ""


def test_records_elsewhere_are_no_ledger(bundle: Bundle, tmp_path: Path) -> None:
    (tmp_path / "leaderboards").rename(tmp_path / "runs")
    assert {one.model for one in load_ledger("runs/records")} == {"kan"}


def test_a_bundle_of_another_suite_widens_no_grid(bundle: Bundle) -> None:
    for one in bundle.records:
        save(one.model_copy(update={"model": "kan", "suite": "other"}), Path("leaderboards/other"))
    assert {one.model for one in load_ledger("leaderboards/other")} == {"kan"}
    shutil.rmtree("leaderboards/records")
    assert {one.model for one in load_ledger("leaderboards")} == {"mykan"}


def test_a_bundle_widens_no_grid_that_is_not_whole_yet(bundle: Bundle) -> None:
    first, *others = Path("leaderboards/records/kan").rglob("*.json")
    cell = load_record(first)
    first.unlink()
    assert others
    mine = [one for one in load_ledger("leaderboards") if one.model == "mykan"]
    assert len(mine) == len(bundle.records) - 1
    assert (cell.name, cell.budget) not in {(one.name, one.budget) for one in mine}
    assert row_of("leaderboards", "kan").rank is not None


def test_a_suite_that_no_board_of_the_ledger_shows_is_refused(tmp_path: Path) -> None:
    for suite, home in (("quick", "records"), ("standard", "standard")):
        one = record("kan").model_copy(update={"suite": suite})
        save(one, tmp_path / "leaderboards" / home)
    with pytest.raises(UserError, match=r"show, quick or standard, got demo; --out FOLDER") as said:
        submitted(tmp_path / "leaderboards")
    assert "\n" not in str(said.value)
    assert not (tmp_path / "leaderboards" / "models").exists()


def test_timings_formulas_and_bounds_are_of_no_suite_that_is_shown(tmp_path: Path) -> None:
    for stem in (
        "speed-250",
        "speed-250-float32-eager-cpu",
        "recovery-60",
        "a-b-60",
        "quick-joint-60",
    ):
        path = tmp_path / "records" / "kan" / f"{stem}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("{}", encoding="utf-8")
    assert shown_suites(tmp_path) == {"a-b"}
    assert unshown("demo", tmp_path / "nowhere") == ""


def test_the_command_says_when_no_board_of_kansci_would_show_a_bundle(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cli, "_checked", read)
    words = ["submit", "--check", "mykan", "--json"]
    monkeypatch.setattr(cli, "home", lambda name: Path(name))  # whose Records are of this suite
    assert "note" not in call(*words).stderr
    save(record("kan").model_copy(update={"suite": "quick"}), Path("other/records"))
    monkeypatch.setattr(cli, "home", lambda name: Path("other"))
    said = call(*words)
    assert "note: in a pull request no board would show it" in said.stderr
    assert said.stderr.rstrip().endswith("show, quick, got demo")
    assert json.loads(said.stdout)["status"] == "self-reported"


@pytest.mark.parametrize("status", ["verified", "flagged"])
def test_a_verification_holds_for_the_bundle_that_it_names_alone(
    bundle: Bundle, status: str
) -> None:
    verify(bundle, status)
    assert row_of("leaderboards").submitted == status
    verify(bundle, status, digest="0" * 64)
    assert row_of("leaderboards").submitted == "self-reported"


@pytest.mark.parametrize("text", ["", "[]", '{"bundle": 1, "status": "verified"}', "[" * 10**5])
def test_a_verification_that_cannot_be_read_is_one_line(bundle: Bundle, text: str) -> None:
    bundle.verification.write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=r"verification\.json"):
        status_of(bundle)


@pytest.mark.parametrize("field", ["schema_version", "name", "secret", "seeds", "compared"])
def test_a_verification_has_the_shape_of_a_real_one(bundle: Bundle, field: str) -> None:
    said = verdict(bundle)
    del said[field]
    bundle.verification.write_text(json.dumps(said), encoding="utf-8")
    with pytest.raises(UserError, match=f"{field}: Field required"):
        status_of(bundle)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"name": "other"}, "want the verification of 'mykan', got one of 'other'"),
        ({"suite": "quick"}, "want the verification of its suite 'demo', got one of 'quick'"),
        ({"reasons": [{"check": "Records"}]}, "want no reasons where the status is verified"),
        ({"compared": []}, "want cells that were compared where the status is verified"),
        ({"seeds": []}, "seeds"),
        ({"secret": "short"}, "secret"),
    ],
)
def test_a_verification_that_contradicts_itself_is_one_line(
    bundle: Bundle, changes: dict[str, object], reason: str
) -> None:
    bundle.verification.write_text(json.dumps(verdict(bundle, **changes)), encoding="utf-8")
    with pytest.raises(UserError, match=reason) as error:
        status_of(bundle)
    assert "\n" not in str(error.value)


def test_the_fields_that_boards_look_at_are_those_of_a_verification() -> None:
    assert set(_Verdict.model_fields) <= set(Verification.model_fields)


def test_a_spoilt_bundle_stops_the_board_in_one_line(bundle: Bundle) -> None:
    bundle.model.write_text("model = None", encoding="utf-8")
    said = call("board", "accuracy", "--records", "leaderboards")
    assert (said.code, said.stderr.count("\n")) == (2, 1)
    assert "has changed since the manifest" in said.stderr


def test_no_record_says_of_itself_that_it_was_verified() -> None:
    one = record("mykan").model_copy(update={"submitted": "verified"})
    assert "submitted" not in one.model_dump_json()
    with pytest.raises(ValueError, match="not for its Records to say"):
        Record.model_validate_json(one.model_dump_json()[:-1] + ',"submitted":"verified"}')


@pytest.mark.parametrize(
    ("status", "marked"), [("", ""), ("verified", ""), ("self-reported", " ‡"), ("flagged", " ‡")]
)
def test_every_table_marks_what_is_not_verified_and_says_the_status(
    status: str, marked: str
) -> None:
    records = [one.model_copy(update={"submitted": status}) for one in grid("a", 0)]
    (row,) = rank(BOARD, records)
    text = tables.markdown(BOARD, [row])
    assert f"| a{marked} |" in text
    assert (tables.NOT_OURS in text) == bool(marked)
    assert tables.remarks(row) == status
    assert tables.csv(BOARD, [row]).rstrip().endswith(f",{status}")
    assert (r"\textdaggerdbl" in latex(BOARD, [row])) == bool(marked)
