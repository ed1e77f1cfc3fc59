"""Whether committed tables are what committed Records give is found out, and said."""

import pytest
from ledgers import ladder, pool, record, speed, timing

import kansci.cli.slices
from kansci import cli
from kansci.api import get_board
from kansci.boards.board import rank
from kansci.boards.sheets import sheets
from kansci.cli.board import ordered
from kansci.cli.drift import LINES, drifted, strays, summary
from kansci.cli.written import texts
from kansci.figures import plots
from kansci.ledger import path_of, save
from kansci.statistics.significance import Comparison


def call(monkeypatch, *words):
    monkeypatch.setattr("sys.argv", ["kansci", *map(str, words)])
    with pytest.raises(SystemExit) as left:
        cli.main()
    return left.value.code or 0


@pytest.fixture
def places(tmp_path):
    """A ledger, its tables and a page."""
    for one in pool():
        save(one, tmp_path / "records")
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- boards -->\n<!-- /boards -->\nafter\n")
    return {
        "--records": tmp_path / "records",
        "--out": tmp_path / "boards",
        "--readme": page,
    }


def options(places):
    return [part for pair in places.items() for part in pair]


def everything():
    records, reference = pool(), ladder()
    standings = [(board, rank(board, records, reference)) for board in map(get_board, ordered())]
    comparisons = [Comparison(model="model-3", against="model-0", reason="to see")]
    return texts(standings, sheets(records, records, reference, comparisons))


def test_boards_that_are_built_twice_are_the_same_text():
    assert everything() == everything()


def test_the_headline_comes_first():
    assert ordered()[0] == "overall"
    assert next(iter(everything())) == "overall.md"


def test_tables_beside_the_boards_say_what_they_are_and_keep_their_columns():
    found = everything()
    for name in ("significance", "robustness", "profiles"):
        lines = [line for line in found[f"{name}.md"].splitlines() if line.startswith("|")]
        assert len({line.count("|") for line in lines}) == 1
        assert len(found[f"{name}.csv"].splitlines()) == len(lines) - 1
    assert "| model-3 | model-0 | to see | 3 | 1." in found["significance.md"]
    assert "1 comparisons of comparisons.toml" in found["significance.md"]
    assert "no Records of it" in found["robustness.md"]


def no_figures(monkeypatch):
    """They take seconds, and are not checked."""
    monkeypatch.setattr(plots, "figures", lambda *of: ({}, {}))


def test_what_was_written_is_found_unchanged_and_a_changed_record_is_found(
    monkeypatch, capsys, places
):
    no_figures(monkeypatch)
    assert call(monkeypatch, "board", *options(places)) == 0
    assert call(monkeypatch, "board", "--check", *options(places)) == 0
    assert "tables are what 24 Records give" in capsys.readouterr().out
    better = record("model-0", errors=[1e-6] * 3)
    assert path_of(better, places["--records"]).is_file()
    save(better, places["--records"])
    (places["--out"] / "gone.md").write_text("once a board\n")
    assert call(monkeypatch, "board", "--check", *options(places)) == 1
    said = capsys.readouterr().out
    for part in ("accuracy.csv:", "page.md:", "+++ recomputed", "gone.md:\n  no board makes it"):
        assert part in said


def test_timings_of_another_ledger_stand_on_boards_that_have_none_and_its_trainings_do_not(
    monkeypatch, capsys, places, tmp_path
):
    """The page may lie among its tables, as that of the quick suite does."""
    no_figures(monkeypatch)
    for one in (speed("model-0", timing(2.0)), record("stranger")):
        save(one, tmp_path / "other")
    places["--out"].mkdir()
    places["--readme"] = places["--readme"].rename(places["--out"] / "README.md")
    words = [*options(places), "--beside", tmp_path / "other"]
    assert call(monkeypatch, "board", *words) == 0
    assert call(monkeypatch, "board", "--check", *words) == 0
    assert "25 Records give" in capsys.readouterr().out
    assert "model-0" in (places["--out"] / "speed.csv").read_text()
    page = places["--readme"].read_text()
    assert "1 timings of" in page
    assert "stranger" not in page
    assert call(monkeypatch, "board", "--check", *options(places)) == 1


def test_a_submission_waits_for_whoever_merges_it_and_is_checked_from_then_on(
    monkeypatch, capsys, places
):
    no_figures(monkeypatch)
    assert call(monkeypatch, "board", *options(places)) == 0
    named = {"model": "mine", "submitted": "self-reported"}
    new = [one.model_copy(update=named) for one in pool() if one.model == "model-0"]
    monkeypatch.setattr(kansci.cli.slices, "load_ledger", lambda folder: [*pool(), *new])
    assert call(monkeypatch, "board", "--check", *options(places)) == 0
    assert "24 Records give.\nNot in them yet, and self-reported: mine;" in capsys.readouterr().out
    assert call(monkeypatch, "board", *options(places)) == 0
    new[0] = new[0].model_copy(update={"errors": new[1].errors})
    assert call(monkeypatch, "board", "--check", *options(places)) == 1
    assert "mine" in (places["--out"] / "accuracy.csv").read_text()


def test_a_slice_is_ranked_alone_and_an_empty_one_is_refused(monkeypatch, capsys, places):
    where = ("--records", places["--records"])
    assert call(monkeypatch, "board", "accuracy", *where, "--budget", 250, "--family", "pde") == 0
    assert "From 4 Records" in capsys.readouterr().out
    assert call(monkeypatch, "board", *where, "--suite", "none") == 2
    assert "unknown suite with Records 'none'" in capsys.readouterr().err
    assert call(monkeypatch, "board", *where, "--budget", 7) == 2
    assert "there are suites custom; families feynman, pde; budgets 250, 1000" in (
        capsys.readouterr().err
    )


def test_a_file_that_is_not_there_drifts_and_a_long_difference_is_cut(tmp_path):
    path = tmp_path / "a.md"
    assert drifted({path: "text"}) == {path: ["is not there"]}
    path.write_text("text")
    assert drifted({path: "text"}) == {}
    assert strays(tmp_path, [path]) == {}
    lines = summary("\n".join("abc"), "\n".join(map(str, range(30))))
    assert len(lines) == LINES + 1
    assert lines[-1].startswith("and ")


def test_records_of_other_tables_are_not_compared_with_the_ledgers(monkeypatch, places, capsys):
    assert call(monkeypatch, "board", "--check", "--records", places["--records"]) == 2
    assert "wants --out" in capsys.readouterr().err
