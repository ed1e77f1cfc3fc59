"""Suites are frozen: what is written here is what they are."""

from pathlib import Path

import pytest

from kansci import suite as module
from kansci.discover import get_task
from kansci.errors import UnknownName, UserError
from kansci.models import get_model
from kansci.recipe import Optimizer, Recipe
from kansci.suite import cells, get_suite, list_suites

TEN = (
    "mlp-silu", "mlp-tanh", "kan", "fastkan", "fasterkan",
    "relukan", "linearkan", "chebykan", "linear-rbf", "kan-one-layer",
)  # fmt: skip
TASKS = {
    "bumps_1d": (250,),
    "bumps_2d": (250,),
    "poisson": (250,),
    "helmholtz": (250,),
    "feynman27/I.12.11": (250,),
    "feynman27/I.16.6": (250,),
    "feynman27/II.35.18": (250,),
    "feynman27/III.17.37": (250,),
    "feynman27/I.6.2b": (250, 1_000),
    "feynman27/I.29.16": (250, 1_000),
}


def recipe(name: str, evaluations: int, points: int | None) -> Recipe:
    return Recipe(
        name=name,
        optimizers=(Optimizer(name="adam", evaluations=evaluations, schedule="cosine"),),
        rates=(0.03, 0.1),
        tuning_seeds=(100,),
        evaluation_seeds=(0, 1, 2),
        dtype="float32",
        points=points,
        resample=0,
        method="naive",
    )


def test_quick_is_frozen():
    quick = get_suite("quick")
    assert quick.models == TEN
    assert {task: group.budgets for group in quick.groups for task in group.tasks} == TASKS
    assert quick.recipes == {
        "continual": recipe("quick-continual", 120, None),
        "pde": recipe("quick-pde", 200, 512),
        "feynman": recipe("quick-feynman", 200, 500),
    }
    assert (quick.seconds, quick.speed_budget) == (120, 250)


def test_demo_has_two_models_and_three_tasks():
    demo = get_suite("demo")
    assert demo.models == ("mlp-silu", "kan")
    assert [cell.task.name for cell in cells(demo, models=[get_model("kan")])] == [
        "bumps_1d", "poisson", "feynman27/I.12.11",
    ]  # fmt: skip
    assert {cell.budget for cell in cells(demo)} == {250}
    assert len(cells(demo)) == 6


def test_suites_are_listed_as_they_grow_then_variants_and_the_references_last():
    grown = ["demo", "quick", "long", "continual", "digits", "standard", "full"]
    variants = ["patient", "other-dtype", "standard-joint"]
    variants += ["quick-joint", "quick-patient", "quick-other-dtype"]
    assert list_suites() == [*grown, *variants, "reference", "standard-reference"]


@pytest.mark.parametrize("name", list_suites())
def test_every_suite_names_what_there_is_and_has_a_recipe_for_it(name: str):
    suite = get_suite(name)
    assert suite.name == name
    assert suite.about
    for cell in cells(suite):
        assert cell.suite == name
        assert cell.recipe is suite.recipe(cell.task.family)
        assert not set(cell.recipe.tuning_seeds) & set(cell.recipe.evaluation_seeds)


def test_the_reference_is_trained_as_the_models_that_are_measured_against_it():
    quick, reference = get_suite("quick"), get_suite("reference")
    assert reference.recipes == quick.recipes
    assert {cell.task.name for cell in cells(reference)} == set(TASKS)


def test_the_reference_of_standard_fills_the_gaps_of_its_ladder():
    standard, reference = get_suite("standard"), get_suite("standard-reference")
    assert reference.recipes == standard.recipes
    own = {(cell.task.name, cell.budget) for cell in cells(standard)}
    between = {(cell.task.name, cell.budget) for cell in cells(reference)}
    assert {task for task, _ in own} == {task for task, _ in between}
    assert not own & between


VARIANTS = [
    ("standard", "patient", "optimizers"),
    ("standard", "other-dtype", "dtype"),
    ("standard", "standard-joint", "method"),
    ("quick", "quick-patient", "optimizers"),
    ("quick", "quick-other-dtype", "dtype"),
    ("quick", "quick-joint", "method"),
]


@pytest.mark.parametrize(("whole", "name", "changed"), VARIANTS)
def test_a_variant_trains_some_of_the_cells_of_its_suite_otherwise(whole, name, changed):
    known = {(cell.task.name, cell.budget): cell for cell in cells(get_suite(whole))}
    suite = get_suite(name)
    assert suite.models == get_suite(whole).models
    for cell in cells(suite):
        before = known[cell.task.name, cell.budget].recipe.model_dump()
        after = cell.recipe.model_dump()
        assert {key for key in before if before[key] != after[key]} == {"name", changed}


@pytest.mark.parametrize(("whole", "name"), [("standard", "patient"), ("quick", "quick-patient")])
def test_four_times_the_work_is_four_times_the_evaluations(whole, name):
    for family, recipe in get_suite(name).recipes.items():
        own = get_suite(whole).recipes[family]
        assert [o.evaluations for o in recipe.optimizers] == [
            4 * o.evaluations for o in own.optimizers
        ]


def test_the_cells_of_quick_are_every_model_on_every_task_at_every_budget():
    found = [(cell.task.name, cell.budget, cell.model.name) for cell in cells(get_suite("quick"))]
    assert found == [
        (task, budget, model)
        for task, budgets in TASKS.items()
        for budget in budgets
        for model in TEN
    ]


def test_a_choice_replaces_what_the_suite_has():
    quick = get_suite("quick")
    chosen = cells(
        quick,
        models=[get_model("kan", grid=3)],
        tasks=[get_task("feynman27/I.6.2b"), get_task("poisson")],
    )
    assert [(cell.task.name, cell.budget) for cell in chosen] == [
        ("feynman27/I.6.2b", 250), ("feynman27/I.6.2b", 1_000), ("poisson", 250),
    ]  # fmt: skip
    assert {cell.model.name for cell in chosen} == {"kan[grid=3]"}
    assert {cell.budget for cell in cells(quick, parameters=[60, 70])} == {60, 70}


def test_a_task_that_the_suite_does_not_have_runs_at_its_first_budgets():
    found = cells(get_suite("demo"), models=[get_model("kan")], tasks=[get_task("helmholtz")])
    assert [(cell.budget, cell.recipe.name) for cell in found] == [(250, "demo-pde")]


def test_an_unknown_suite_says_what_comes_close():
    with pytest.raises(UnknownName, match="unknown suite 'quik': did you mean 'quick'"):
        get_suite("quik")


def test_a_family_without_a_recipe_says_which_there_are():
    with pytest.raises(
        UserError, match="suite 'long' has no recipe for the family 'feynman': it has pde"
    ):
        cells(get_suite("long"), tasks=[get_task("feynman27/I.16.6")])


@pytest.mark.parametrize(
    "text",
    [
        None,
        "not toml",
        "[recipe.a]\nrates = [1]\n",
        "[suite.a]\nabout = ''\n[recipe.a]\noptimizers = [{ evaluations = 0 }]\n",
        "[recipe]\n[suite.a]\nabout = ''\nmodels = []\ngroups = []\nrecipes = { pde = 'gone' }\n",
    ],
)
def test_a_list_that_cannot_be_read_is_the_users_to_mend(
    text: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    if text is not None:
        (tmp_path / "suites.toml").write_text(text)
    monkeypatch.setattr(module, "home", lambda name: tmp_path)
    module._suites.cache_clear()
    try:
        with pytest.raises(UserError, match=r"suites.toml: no list of suites"):
            list_suites()
    finally:
        module._suites.cache_clear()
