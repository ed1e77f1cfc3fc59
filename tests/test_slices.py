"""`board`, `plot`, `compare` and `site` choose Records by the same words."""

import json
from pathlib import Path

import pytest
from calling import call
from ledgers import PLACES, failed, pool

from kansci.cli.slices import samples
from kansci.ledger import save
from kansci.submission.ledger import LEDGERS

ALL = {"board": ["accuracy"], "plot": ["critical"], "compare": ["model-3", "model-0"], "site": []}


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Whole in the family `feynman`, and at the budget 250."""
    folder = tmp_path_factory.mktemp("ledger")
    for one in pool():
        if one.family == "feynman" or one.budget == 250 or one.model == "model-0":
            save(one, folder)
    return folder


@pytest.mark.parametrize(("command", "words"), ALL.items(), ids=ALL)
def test_where_nothing_is_left_every_command_says_the_same(command, words, ledger, tmp_path):
    where = ["--records", ledger, "--budget", 7]
    out = [] if command in ("board", "compare") else ["--out", tmp_path / "out"]
    said = call(command, *words, *where, *out)
    assert said.code == 2
    assert said.stderr == (
        f"kansci: no Records in {ledger} of all that is asked for: there are suites custom; "
        "families feynman, pde; budgets 250, 1000\n"
    )


def test_a_comparison_of_a_slice_has_its_cells(ledger):
    words = ["compare", "model-3", "model-0", "--records", ledger, "--json"]
    whole, part, both = (
        json.loads(call(*words, *more).stdout)["cells"]
        for more in ([], ["--family", "pde"], ["--budget", 250, "--budget", 1000])
    )
    assert (len(whole), len(part)) == (5, 1)
    assert both == whole


def test_a_site_of_a_slice_ranks_the_models_that_have_all_of_it(ledger, tmp_path):
    for name, words in (("whole", []), ("slice", ["--budget", 250])):
        said = call("site", "--records", ledger, "--out", tmp_path / name, *words)
        assert said.code == 0, said.stderr
    pages = [(tmp_path / name / "index.html").read_text() for name in ("whole", "slice")]
    whole, part = (page.count("1 missing") for page in pages)
    assert part == 0, "all models have the whole slice, and none is timed"
    assert whole > part


def test_a_figure_says_who_is_not_in_it_and_what_would_show_them(ledger, tmp_path):
    said = call("plot", "pareto", "--records", ledger, "--out", tmp_path)
    assert said.code == 0, said.stderr
    assert said.stdout.splitlines()[0] == (
        "not drawn: model-1, model-2, model-3 (cells missing); "
        "try --family feynman, which 4 of 4 have"
    )
    whole = call("plot", "pareto", "--records", ledger, "--out", tmp_path, "--family", "feynman")
    assert "not drawn" not in whole.stdout


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("critical", "want three models without a missing cell, got 1 of 4: try --family feynman"),
        ("critical --family feynman", "want three models and three tasks"),
        ("profiles --family feynman", "want a frozen reference on all 4 cells"),
        ("forgetting", "want Records of tasks in stages, got none"),
        ("edges --budget 250 --model kan --task poisson", "got --budget, which it does not take"),
        ("edges --output 1 --model kan --task poisson", "got --output, which it does not take"),
        ("critical --model kan", "got --model, which it does not take"),
        ("errors --suite a --suite b --model kan --task poisson", "at most one --suite"),
    ],
)
def test_a_figure_of_nothing_is_refused_in_one_line(words, reason, ledger, tmp_path):
    said = call("plot", *words.split(), "--records", ledger, "--out", tmp_path / "out")
    assert said.code == 2, said
    assert said.stderr.count("\n") == 1
    assert reason in said.stderr
    assert not (tmp_path / "out").exists()


def test_where_no_model_has_a_cell_to_score_no_map_is_drawn(tmp_path):
    save(failed("kan", PLACES[0], "not_applicable"), tmp_path / "records")
    said = call("plot", "tasks", "--records", tmp_path / "records", "--out", tmp_path / "out")
    assert said.code == 2
    assert "want a Record with something to score" in said.stderr


@pytest.mark.parametrize("name", LEDGERS)
def test_samples_beside_a_ledger_say_whether_the_order_holds_and_displace_nobody(name, tmp_path):
    ledger, beside = tmp_path / name, tmp_path / "samples" / name
    for one in pool():
        save(one, ledger)
        other = one.recipe.model_copy(update={"dtype": "float64"})
        save(one.updated(recipe=other, key=f"other {one.key}", suite="other"), beside)
    call("board", "--records", ledger, "--out", tmp_path / "out")
    line = next(
        line
        for line in (tmp_path / "out" / "robustness.csv").read_text().splitlines()
        if line.startswith("the other dtype")
    )
    assert line.split(",")[3] == "1.0"
    assert "not used" not in (tmp_path / "out" / "accuracy.md").read_text()
    assert samples(beside) == []
    assert samples(tmp_path / next(other for other in LEDGERS if other != name)) == []
