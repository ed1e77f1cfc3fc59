"""Networks that are kept: read again, they answer as they did when they were judged."""

import json
from pathlib import Path

import pytest
import torch
from safetensors import safe_open

from kansci.children.messages import Nonsense
from kansci.children.parcels import facts_of, packed, unpacked
from kansci.discover import get_model, get_task
from kansci.engines.engine import execute
from kansci.errors import UserError
from kansci.ledger import pass_over, path_of, save, weights_beside
from kansci.measure import error
from kansci.recipe import Optimizer, Recipe
from kansci.record import Record
from kansci.suite import Cell
from kansci.together import Job
from kansci.training import Learned
from kansci.weights import kept, networks

RECIPE = Recipe(
    optimizers=(Optimizer(evaluations=3), Optimizer(name="lbfgs", evaluations=2, refine=2)),
    rates=(1e-2,),
    evaluation_seeds=(0, 1),
    tuning_seeds=(100,),
    points=50,
)
NAMES = (
    *("mlp-rff", "kan", "freeknotkan", "grkan", "kan-published"),  # drawn, divided, moving
    *("legendre", "kernel-ridge", "boosted-trees"),  # fitted
)


def job(*names: str, model: str = "kan", recipe: Recipe = RECIPE) -> Job:
    return Job(tuple(Cell(get_task(one), get_model(model), 250, recipe, "custom") for one in names))


def trained(home: Path, what: Job, workers: int = 0) -> list[Record]:
    records = list(execute([what], workers=workers, weights=home, gear="eager"))
    for record in records:
        save(record, home)
    return records


@pytest.mark.parametrize("model", NAMES)
def test_networks_read_again_have_the_errors_of_their_record(model: str, tmp_path: Path) -> None:
    recipe = RECIPE.model_copy(update={"dtype": "float64"})
    (record,) = trained(tmp_path, job("feynman27/I.12.11", model=model, recipe=recipe))
    assert record.status == "ok", record.reason
    assert kept(record, tmp_path)
    task, found = get_task(record.name), networks(record, tmp_path)
    for number, probe in enumerate(task.judged_by("test")):
        with torch.no_grad():
            answers = torch.stack([network(probe.x.double()) for network in found])
        errors = error(task.metric, answers, probe.y, task.scale)
        expected = torch.tensor(record.errors[-1][number], dtype=torch.double)
        torch.testing.assert_close(errors, expected, rtol=5e-6, atol=1e-9)  # of six digits


def test_tasks_that_train_together_have_each_their_own(tmp_path: Path) -> None:
    names = ("feynman27/I.12.11", "feynman27/II.6.15a")
    records = trained(tmp_path, job(*names), workers=1)
    assert len({record.weights for record in records}) == len(names)
    for record in records:
        std = networks(record, tmp_path)[0].state_dict()["std"]
        assert std.item() == pytest.approx(record.scale, rel=1e-5), record.name


def test_a_file_says_of_which_record_and_seeds_it_is(tmp_path: Path) -> None:
    (record,) = trained(tmp_path, job("feynman27/I.12.11"))
    with safe_open(weights_beside(path_of(record, tmp_path)), "pt") as file:
        about = json.loads(file.metadata()["kansci"])
    assert about == {"record": record.key, "seeds": [0, 1]}


def test_what_is_not_there_or_not_the_records_own_is_said(tmp_path: Path) -> None:
    (record,) = trained(tmp_path, job("feynman27/I.12.11"))
    path = weights_beside(path_of(record, tmp_path))
    data = path.read_bytes()
    with pytest.raises(UserError, match=r"fit the model.*source has changed"):
        networks(record, tmp_path, model=get_model("mlp-silu"))
    path.write_bytes(data[:-1] + b"?")
    assert not kept(record, tmp_path)
    with pytest.raises(UserError, match=r"want the weights of kan on feynman27/I\.12\.11, 250"):
        networks(record, tmp_path)
    path.unlink()
    with pytest.raises(UserError, match="No such file"):
        networks(record, tmp_path)
    with pytest.raises(UserError, match="want a Record whose weights were kept"):
        networks(record.updated(weights=""), tmp_path)


def test_what_is_trained_again_on_the_way_leaves_the_weights_of_a_record_that_stays(
    tmp_path: Path,
) -> None:
    what = job("feynman27/I.12.11", "feynman27/II.6.15a")
    first, second = trained(tmp_path, what)
    other = what.cells[0].recipe.model_copy(update={"rates": (1e-3, 2e-3)})  # as another machine
    for cell_again in execute([job(first.name, recipe=other)], workers=0, weights=tmp_path):
        assert cell_again.weights != first.weights
        assert kept(first, tmp_path), "before it is decided whether the Record stays"
        pass_over(cell_again, tmp_path)
    assert kept(first, tmp_path)
    assert kept(second, tmp_path)
    assert not list(tmp_path.rglob("*.new"))


def test_a_record_without_weights_leaves_none_of_an_earlier_one(tmp_path: Path) -> None:
    (record,) = trained(tmp_path, job("feynman27/I.12.11"))
    save(record.updated(weights=""), tmp_path)
    assert not weights_beside(path_of(record, tmp_path)).exists()


def test_failures_keep_nothing(tmp_path: Path) -> None:
    (record,) = trained(tmp_path, job("poisson", model="kernel-ridge"))
    assert (record.status, record.weights) == ("not_applicable", "")
    assert not list(tmp_path.rglob("*.safetensors"))


def learned(**state: torch.Tensor) -> Learned:
    one = torch.ones(2)
    return Learned([], one, one.bool(), (), parameters=1, adapted=0, lifted=True, state=state)


def test_numbers_that_nobody_asked_for_or_of_other_members_are_nonsense() -> None:
    def read(one: Learned, *, keep: bool) -> Learned:
        return unpacked(packed([one]), [facts_of(one)], 2, [[[], []]], keep=keep)[0]

    state = {"a.weight": torch.rand(2, 3), "count": torch.tensor([1, 2])}
    found = read(learned(**state), keep=True).state
    assert found.keys() == state.keys()
    assert all(torch.equal(found[name], one) for name, one in state.items())
    with pytest.raises(Nonsense, match="want no weights"):
        read(learned(**state), keep=False)
    with pytest.raises(Nonsense, match="of 2 members"):
        read(learned(weight=torch.rand(3, 3)), keep=True)
    for name in ("a\x1b[2J", "__metadata__"):
        with pytest.raises(ValueError, match="name"):
            facts_of(learned(**{name: torch.rand(2)}))
