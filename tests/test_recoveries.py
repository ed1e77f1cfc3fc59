"""Formulas read off networks: Records of them, the command and the board."""

import json
import math
from functools import partial
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest
import sympy
import torch
from calling import call

from kansci.api import get_board, rank
from kansci.discover import get_task
from kansci.environment import environment
from kansci.errors import UserError
from kansci.ledger import load, load_records, path_of, save
from kansci.models import get_model
from kansci.reading import Formula, Reading, reading_key
from kansci.recipe import Optimizer, Recipe, Sparse
from kansci.recovery import readings as recoveries
from kansci.recovery import searches
from kansci.recovery.readings import blank, perform, score, shortened
from kansci.recovery.searches import Search
from kansci.symbolic import operon as breeding

TASK = get_task("feynman27/II.36.38")  # a + alpha*b
RECIPE = Recipe(
    optimizers=(Optimizer(evaluations=30),),
    rates=(3e-2,),
    evaluation_seeds=(0, 1),
    points=100,
    sparse=Sparse(strength=1e-3),
)
SMALL = get_task("feynman27/II.38.3")  # a/b
SEARCH = Search(SMALL, get_model("linearkan", widths=(2, 1, 1)), 60, RECIPE, 1, 10, tries=0)


@pytest.fixture
def few_names(monkeypatch: pytest.MonkeyPatch):
    """Three functions to choose from: searching among all of them takes seconds."""
    few = partial(searches.symbolic, names=("0", "x", "x^2"))
    monkeypatch.setattr(searches, "symbolic", few)


def reading(model: str = "kan", task: str = "a@1", exact: int = 0, **changes: object) -> Reading:
    fields = {
        "key": f"{model} {task}",
        "task": task,
        "task_content": "",
        "truth": "x",
        "model": model,
        "model_source": "",
        "budget": 250,
        "settings": {},
        "status": "ok",
        "formulas": tuple(
            Formula(seed=seed, status="ok", text="x", exact=seed < exact, distance=0.5)
            for seed in range(4)
        ),
        "environment": environment(torch.device("cpu")),
    }
    return Reading.model_validate({**fields, **changes})


def test_a_true_formula_is_exact_and_accurate_by_its_text_alone():
    found = score(TASK, sympy.sympify("a + 1.0000001*alpha*b + 0.25"))
    assert found["exact"]
    assert found["text"] == "a + 1.0000001*alpha*b + 0.25"
    assert math.isclose(found["nrmse"], 0.25 / TASK.scale.std, rel_tol=1e-3)
    assert not found["accurate"]  # a constant too many is no good prediction


@pytest.mark.parametrize("text", ["a**alpha", "+".join(f"sin({n}.5*a)" for n in range(300))])
def test_what_is_no_formula_of_the_list_is_an_invalid_output(text: str):
    assert score(TASK, sympy.sympify(text))["status"] == "invalid_output"


def test_numbers_of_a_formula_have_eight_digits():
    assert str(shortened(sympy.sympify("x*1.23456789012"))) == "1.2345679*x"


@pytest.mark.usefixtures("few_names")
def test_a_network_becomes_a_formula_for_each_seed():
    record = perform(SEARCH, blank(SEARCH))
    assert record.status == "ok"
    assert [formula.seed for formula in record.formulas] == [0, 1]
    for formula in record.formulas:
        assert formula.status == "ok"
        assert formula.edges
        assert set(map(str, sympy.sympify(formula.text).free_symbols)) <= {"a", "b"}


@pytest.mark.usefixtures("few_names")
def test_a_search_whose_time_is_over_is_a_formula_that_was_not_found():
    hurried = SEARCH._replace(seconds=0.0)
    record = perform(hurried, blank(hurried))
    assert record.status == "timeout"
    assert {formula.status for formula in record.formulas} == {"timeout"}
    assert not any(formula.exact for formula in record.formulas)


def test_a_model_without_edges_does_not_apply_and_one_too_large_does_not_fit():
    for model, budget, status in (("mlp-silu", 60, "not_applicable"), ("kan", 3, "does_not_fit")):
        search = SEARCH._replace(model=get_model(model), budget=budget)
        record = perform(search, blank(search))
        assert (record.status, record.formulas) == (status, ())
        assert record.reason


def test_whatever_breaks_a_search_is_a_row_with_its_reason(monkeypatch: pytest.MonkeyPatch):
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("of its own")

    monkeypatch.setattr(searches, "symbolic", broken)
    record = perform(SEARCH, blank(SEARCH))
    assert record.status == "crashed"
    assert record.reason == "ZeroDivisionError: of its own"


def test_keys_differ_where_anything_that_decides_a_formula_does():
    starts = [
        blank(search)
        for search in (
            SEARCH,
            SEARCH._replace(tries=1),
            SEARCH._replace(budget=61),
            SEARCH._replace(recipe=RECIPE.model_copy(update={"evaluation_seeds": (0,)})),
            SEARCH._replace(task=get_task("feynman27/II.2.42")),
        )
    ]
    assert len({start.key for start in starts}) == len(starts)
    assert blank(SEARCH).key == starts[0].key


def test_genetic_programming_has_neither_budget_nor_recipe(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(recoveries, "release", lambda: "pyoperon 0")
    a, b, alpha = sympy.symbols("a b alpha", real=True)
    monkeypatch.setattr(searches, "operon", lambda *_, **__: a + b * alpha)
    search = SEARCH._replace(task=TASK, model=None)
    record = perform(search, blank(search))
    assert (record.model, record.budget, record.recipe) == ("operon", 0, None)
    assert all(formula.exact for formula in record.formulas)


def test_without_pyoperon_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch):
    def version(_: str) -> str:
        raise PackageNotFoundError

    monkeypatch.setattr(breeding, "version", version)
    with pytest.raises(UserError, match=r"kansci\[sr\]"):
        breeding.release()


def test_readings_survive_their_files(tmp_path: Path):
    record = reading(formulas=(Formula(seed=0, status="timeout", reason="late"),))
    path = save(record, tmp_path)
    assert path == path_of(record, tmp_path) == tmp_path / "kan" / "a" / "recovery-250.json"
    assert load(path).model_dump_json() == record.model_dump_json()
    assert math.isnan(load_records(tmp_path)[0].formulas[0].nrmse)


def test_the_board_ranks_by_formulas_recovered_and_marks_the_bar():
    records = [
        reading("kan", "a@1", exact=3),
        reading("kan", "b@1", exact=1),
        *(reading("operon", task, exact=4, budget=0) for task in ("a@1", "b@1")),
    ]
    bar, kan = rank("recovery", records)
    assert (bar.model, bar.score, bar.control) == ("operon", 1.0, True)
    assert "the bar" in bar.note
    assert (kan.rank, kan.score, kan.columns["exact"]) == (2, 0.5, "4 of 8")
    assert kan.low <= kan.score <= kan.high
    assert rank("recovery", records[::-1]) == [bar, kan]


def test_what_may_be_compared_is_of_one_content_one_source_and_one_way_to_read():
    every = [
        reading(model, task) for model in ("kan", "fastkan", "relukan") for task in ("a@1", "b@1")
    ]
    now = environment(torch.device("cpu"))
    newer = {"environment": now.model_copy(update={"started": "2127"})}

    def rows(records):
        return {row.model: row for row in rank("recovery", records)}

    other = reading("operon", "a@1", task_content="other", key="1", **newer)
    found = rows([*every, other])
    assert (found["kan"].stale, found["operon"].stale) == (0, 1)  # most models, not the newest
    harder = reading("kan", "a@1", settings={"patience": 9}, key="2", **newer)
    found = rows([*every[1:], harder])
    assert (found["kan"].unused, found["kan"].missing, found["kan"].rank) == (1, 1, None)
    changed = reading("kan", "a@1", model_source="changed", key="3", **newer)
    found = rows([*every, changed])
    assert (found["kan"].stale, found["kan"].missing) == (2, 1)


def test_failures_and_holes_show_and_are_never_filled_in():
    lost = (Formula(seed=0, status="timeout"), Formula(seed=1, status="ok", exact=True))
    records = [
        reading("kan", "a@1", formulas=lost),
        reading("fastkan", "a@1", exact=4),
        reading("fastkan", "b@1", exact=4),
        reading("mlp-silu", "a@1", status="not_applicable", formulas=()),
    ]
    rows = {row.model: row for row in rank("recovery", records)}
    assert (rows["kan"].rank, rows["kan"].missing, rows["kan"].failed) == (None, 1, 1)
    assert (rows["mlp-silu"].not_applicable, rows["mlp-silu"].score) == (1, None)
    assert rows["fastkan"].rank == 1


def test_a_formula_that_fails_never_raises_a_rate():
    one, other = reading(exact=2), reading(exact=2)
    worse = other.model_copy(
        update={"formulas": (Formula(seed=0, status="crashed"), *other.formulas[1:])}
    )
    before, after = (rank("recovery", [record])[0].score for record in (one, worse))
    assert (before, after) == (0.5, 0.25)


def test_other_boards_do_not_know_of_readings():
    for name in ("accuracy", "speed", "forgetting", "efficiency"):
        assert rank(name, [reading()]) == []
    assert get_board("recovery").kinds == (Reading,)


@pytest.mark.usefixtures("few_names")
def test_the_command_goes_on_where_it_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("kansci.cli.recover.recipe_of", lambda *_: RECIPE)
    words = [
        "recover",
        "--model",
        "linearkan[widths=2-1-1]",
        "--task",
        SMALL.name,
        "--parameters",
        "60",
    ]
    words += ["--out", str(tmp_path), "--json", "--seconds", "5"]
    first = call(*words)
    assert first.code == 0, first.stderr
    (record,) = json.loads(first.stdout)["records"]
    assert record["truth"] == "a/b"
    monkeypatch.setattr("kansci.cli.recover.perform", None)  # nothing is left to do
    again = call(*words)
    assert json.loads(again.stdout)["records"] == [record]


def test_a_task_without_a_formula_is_refused_in_one_line():
    result = call("recover", "--model", "kan", "--task", "bumps_1d")
    assert result.code == 2
    assert "want a regression on a formula" in result.stderr


def test_a_key_hashes_the_order_of_nothing():
    common = {"task_content": "t", "model": "m", "model_source": "s", "budget": 1, "recipe": None}
    keys = [
        reading_key(**common, seeds=(0,), settings=settings)
        for settings in ({"a": 1, "b": 2}, {"b": 2, "a": 1})
    ]
    assert keys[0] == keys[1]
