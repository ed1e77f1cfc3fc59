"""A recipe that makes no sense is refused, and one that is unchanged keeps its key."""

import json
from hashlib import sha256

import pytest
from pydantic import ValidationError

from kansci.recipe import HISTORY, Optimizer, Recipe

OLD = Recipe(
    name="old",
    optimizers=(
        Optimizer(evaluations=2000),
        Optimizer(name="sgd", evaluations=30, schedule="constant"),
    ),
    rates=(1e-5, 1e-2),
    tuning_seeds=(100,),
    evaluation_seeds=(0, 1),
    dtype="float64",
    points=64,
)


def test_the_content_of_the_first_recipes_is_what_it_was():
    """Field by field: their Records have these hashes in their keys."""
    assert OLD.content() == (
        '{"optimizers":[{"name":"adam","evaluations":2000,"schedule":"cosine"},'
        '{"name":"sgd","evaluations":30,"schedule":"constant"}],'
        '"rates":[0.00001,0.01],"tuning_seeds":[100],"evaluation_seeds":[0,1],'
        '"dtype":"float64","points":64,"resample":0,"method":"naive"}'
    )
    assert OLD.digest == "e972857cc4b2"


def test_a_name_and_a_version_are_for_people():
    renamed = OLD.model_copy(update={"name": "new", "version": 2})
    assert (renamed.content(), renamed.digest) == (OLD.content(), OLD.digest)


def test_scored_seeds_are_content_but_not_digest():
    other = OLD.model_copy(update={"evaluation_seeds": (7,)})
    assert other.content() != OLD.content()
    assert other.digest == OLD.digest
    assert OLD.digest == sha256(OLD.content(scored=False).encode()).hexdigest()[:12]


@pytest.mark.parametrize(
    "options",
    [
        {"warmup": 3},
        {"clip": 1.0},
        {"name": "adamw", "decay": 0.1},
        {"name": "lbfgs", "history": 7},
        {"name": "lbfgs"},
    ],
    ids=str,
)
def test_what_was_added_later_is_content_where_it_is_used(options):
    recipe = OLD.model_copy(update={"optimizers": (Optimizer(evaluations=9, **options),)})
    content = json.loads(recipe.content())["optimizers"][0]
    assert options.items() <= content.items()
    later = set(content) & Optimizer.added
    assert later == set(options) - {"name"} | (
        {"history"} if "lbfgs" in options.values() else set()
    )


def test_every_recipe_of_lbfgs_says_its_history():
    assert Optimizer(name="lbfgs", evaluations=3).history == HISTORY
    assert Optimizer(name="lbfgs", evaluations=3, history=4).history == 4
    assert Optimizer(evaluations=3).history is None


def test_a_recipe_survives_json():
    named = [Optimizer(name="lbfgs", evaluations=3), Optimizer(evaluations=3, warmup=1, clip=2)]
    recipe = OLD.model_copy(update={"optimizers": tuple(named)})
    assert Recipe.model_validate_json(recipe.model_dump_json()) == recipe
    assert Recipe.model_validate_json(OLD.content()).content() == OLD.content()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"warmup": 10}, "want warmup < evaluations = 10, got 10"),
        ({"decay": 0.1}, "decay is of adamw, got 0.1 for adam: use adamw"),
        ({"name": "adamw"}, "adamw wants decay > 0, got 0"),
        ({"history": 3}, "history is of lbfgs, got 3 for adam"),
        ({"name": "lbfgs", "history": 0}, "greater than 0"),
        ({"name": "lbfgs", "clip": 1.0}, "clip is of a learning rate, lbfgs has none"),
        ({"name": "lm", "warmup": 2}, "warmup is of a learning rate, lm has none"),
        ({"clip": 0.0}, "greater than 0"),
        ({"decay": float("inf"), "name": "adamw"}, "finite"),
        ({"name": "newton"}, "lbfgs"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_options_that_make_no_sense_are_refused(options, message):
    with pytest.raises(ValidationError, match=message):
        Optimizer(**{"evaluations": 10, **options})


@pytest.mark.parametrize("method", [["replay"], {"name": "ewc"}, "forget-me-not", 3])
def test_a_method_that_is_none_is_refused(method):
    text = json.dumps({**json.loads(OLD.model_dump_json()), "method": method})
    with pytest.raises(ValidationError, match=r"method\n.*'lwf' or 'frozen'"):
        Recipe.model_validate_json(text)


@pytest.mark.parametrize("name", ["lbfgs", "lm"])
def test_what_compares_losses_wants_a_loss_that_stays(name):
    optimizers = (Optimizer(evaluations=5), Optimizer(name=name, evaluations=5))
    with pytest.raises(ValidationError, match=f"{name} wants a loss that stays as it is, got resa"):
        Recipe(optimizers=optimizers, rates=(0.1,), evaluation_seeds=(0,), resample=10)
