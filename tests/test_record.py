"""A Record survives its file, whatever became of it; old files load for ever."""

import json
import math
from pathlib import Path

import pytest
from pydantic import ValidationError

from kansci.discover import get_task
from kansci.ledger import load, load_records
from kansci.models import Model, get_model
from kansci.recipe import Optimizer, Recipe
from kansci.record import FAILED, SCHEMA, Record, Speed, record_key
from kansci.runner import record_key_of, run

OLD = Path(__file__).parent / "data" / "records_v1"
TASK = get_task("feynman27/I.12.11")
RECIPE = Recipe(
    optimizers=(Optimizer(evaluations=3),), rates=(1e-2,), evaluation_seeds=(0, 1), points=8
)
RECORD = run(TASK, get_model("mlp-silu"), 250, RECIPE)


def test_numbers_that_are_not_finite_survive_json():
    errors = (((math.nan, 0.5), (math.inf, -math.inf)),)
    record = RECORD.updated(errors=errors, members=("diverged", "ok"))
    text = record.model_dump_json()
    again = Record.model_validate_json(text)
    assert again.model_dump_json() == text
    assert math.isnan(again.errors[0][0][0])
    assert again.errors[0][1] == (math.inf, -math.inf)
    assert json.loads(text)["errors"][0][0][0] == "NaN"


def test_numbers_keep_six_digits_and_keep_them_again():
    record = RECORD.updated(errors=(((1 / 3,),),), seconds=123.456789)
    assert record.errors == (((0.333333,),),)
    assert record.seconds == 123.457
    assert record.updated(errors=record.errors) == record


@pytest.mark.parametrize("value", [None, "much", [1.0], {}])
def test_what_is_no_number_is_refused_as_such(value):
    with pytest.raises(ValidationError, match=r"errors\.0\.0\.0"):
        RECORD.updated(errors=[[[value]]])


@pytest.mark.parametrize(
    "change",
    [{"colour": "red"}, {"schema_version": SCHEMA + 1}, {"status": "fine"}, {"budget": "many"}],
    ids=str,
)
def test_what_a_record_does_not_have_is_refused(change):
    with pytest.raises(ValidationError):
        Record.model_validate({**RECORD.model_dump(), **change})


def test_a_record_cannot_be_changed():
    with pytest.raises(ValidationError):
        RECORD.budget = 3  # type: ignore[misc]


def test_failed_members_are_counted():
    members = ("ok", "diverged", "crashed", "not_applicable")
    assert RECORD.updated(members=members).failed == 2
    assert "does_not_fit" not in FAILED


def test_the_name_of_a_task_is_without_its_version():
    assert RECORD.task == "feynman27/I.12.11@1"
    assert RECORD.name == "feynman27/I.12.11"


def parts(**changes):
    base = {"task_content": "t", "model": "m", "model_source": "s", "budget": 1, "recipe": RECIPE}
    return {**base, **changes}


@pytest.mark.parametrize(
    "change",
    [
        {"task_content": "u"},
        {"model": "m[grid=3]"},
        {"model_source": "r"},
        {"budget": 2},
        {"recipe": RECIPE.model_copy(update={"rates": (2e-2,)})},
        {"recipe": RECIPE.model_copy(update={"dtype": "float64"})},
        {"recipe": RECIPE.model_copy(update={"resample": 1})},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_key_depends_on_all_that_decides_numbers(change):
    assert record_key(**parts(**change)) != record_key(**parts())


def test_a_key_does_not_depend_on_the_name_of_a_recipe():
    renamed = RECIPE.model_copy(update={"name": "mine"})
    assert record_key(**parts(recipe=renamed)) == record_key(**parts())


def test_parts_of_a_key_do_not_run_into_each_other():
    assert record_key(**parts(model="ms", model_source="")) != record_key(**parts())


def test_the_key_of_a_record_is_that_of_its_cell_and_of_no_machine():
    key, source = record_key_of(TASK, get_model("mlp-silu"), 250, RECIPE)
    assert (RECORD.key, RECORD.model_source) == (key, source)
    meta = RECORD.environment.model_copy(update={"device": "cuda", "processor": "another"})
    assert RECORD.updated(environment=meta).key == key


def test_options_and_layers_are_part_of_the_key_and_a_docstring_is_not():
    kinds = [get_model("kan"), get_model("kan", grid=4), get_model("fastkan")]
    keys = {record_key_of(TASK, model, 250, RECIPE)[0] for model in kinds}
    assert len(keys) == 3

    def one():
        def build(dim_in, dim_out, parameters):
            return get_model("kan").build(dim_in, dim_out, parameters)

        return build

    def other():
        def build(dim_in, dim_out, parameters):
            """Builds a network."""
            return get_model("kan").build(dim_in, dim_out, parameters)  # with a remark

        return build

    hashes = {Model("mine", make()).source_hash(2, 1, 250) for make in (one, other)}
    assert len(hashes) == 1


def test_records_of_schema_1_load_for_ever():
    """Fields are added with defaults and never renamed."""
    ok, failed, speed = (load(OLD / f"{name}.json") for name in ("ok", "failed", "speed"))
    assert isinstance(ok, Record)
    assert isinstance(failed, Record)
    assert isinstance(speed, Speed)
    assert (ok.status, ok.members) == ("ok", ("ok", "ok"))
    assert (failed.status, failed.failed) == ("ok", 1)
    assert math.isnan(failed.errors[0][0][1])
    assert len(speed.timings) == 4
    assert len(load_records(OLD)) == 3
