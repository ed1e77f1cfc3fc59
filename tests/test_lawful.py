"""What a file says of its derivatives, put to the test where the file cannot reach."""

from functools import partial
from pathlib import Path

import pytest
import torch
from auditing import RECIPE
from torch import nn

from kansci.discover import Origin, digest_of, get_task
from kansci.models import Model, get_model
from kansci.runner import unfinished
from kansci.sandbox import available, describe, errand
from kansci.verification import lawful, lines
from kansci.verification.reloading import written

isolating = pytest.mark.skipif(
    not available().isolated, reason="this machine has no bubblewrap, or does not permit it"
)
SIZE, BUDGET = (2, 1), 250
LIAR = """
import kansci.testing
from torch import nn
from kansci.models import Model

def nothing(subject):
    "It has those that it declares."
    return iter(())

kansci.testing.LAWS["derivatives"] = nothing

def build(dim_in, dim_out, parameters):
    return nn.Sequential(nn.Linear(dim_in, 9), nn.{act}(), nn.Linear(9, dim_out))

model = Model("liar", build, derivatives={declared})
"""


def asked(model: Model, points: torch.Tensor) -> torch.Tensor:
    """Of a network in this process."""
    dim_in, dim_out = SIZE
    said = lines.answers(model, dim_in, dim_out, BUDGET, written({"points": points}))
    return lines.load(lines.b64decode(said))["answers"]


def shared(model: Model, order: int) -> float:
    return lines.share(partial(asked, model), SIZE[0], order)


@pytest.mark.parametrize("name", ["mlp-relu", "linearkan", "kan-one-layer", "boosted-trees"])
def test_networks_in_pieces_have_no_more_derivatives_than_they_declare(name: str) -> None:
    model = get_model(name)
    assert model.derivatives is not None
    assert shared(model, model.derivatives + 1) <= lines.SHARE


@pytest.mark.parametrize("name", ["mlp-tanh", "kan", "fastkan", "relukan", "legendre"])
def test_networks_with_more_derivatives_than_they_declare_are_found(name: str) -> None:
    for order in range(1, lawful.TOP + 1):
        assert shared(get_model(name), order) > 2 * lines.SHARE


class Single(nn.Linear):
    """Names its dtype."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(x.float()).tanh()


def test_a_network_that_computes_in_single_precision_has_derivatives_too() -> None:
    single = Model("single", lambda dim_in, dim_out, parameters: Single(dim_in, dim_out))
    assert shared(single, 2) > 2 * lines.SHARE


def test_answers_that_are_no_numbers_are_no_way_out() -> None:
    for wrong in (torch.full((1, 1), torch.nan), torch.zeros(3, 1)):
        with pytest.raises(ValueError, match="want a finite answer at each point"):
            lines.share(lambda points, wrong=wrong: wrong.expand(len(wrong), 1), 2, 1)


def test_one_answer_beyond_all_others_hides_none_of_them() -> None:
    def spiked(points: torch.Tensor) -> torch.Tensor:
        answers = points.sum(-1, keepdim=True).sin()
        answers[0] = 1e30
        return answers

    assert lines.share(spiked, 2, 2) > 0.9


def liar(folder: Path, **given: object) -> Origin:
    path = folder / "liar.py"
    path.write_text(LIAR.format(**given))
    return Origin("liar", str(path), digest_of(path))


@isolating
@pytest.mark.parametrize(
    ("act", "declared", "flagged"), [("Tanh", 0, True), ("Tanh", 3, True), ("ReLU", 1, False)]
)
def test_a_file_that_takes_a_law_away_is_bound_by_it(
    act: str, declared: int, flagged: bool, tmp_path: Path
) -> None:
    origin = liar(tmp_path, act=act, declared=declared)
    assert describe(origin.file).derivatives == declared
    size = dict(zip(("dim_in", "dim_out", "parameters"), (*SIZE, BUDGET), strict=True))
    said = errand(origin, lawful.CHECK, purpose="check", **size)
    assert {one["name"]: one["status"] for one in said["laws"]}["derivatives"] == "holds"
    record = unfinished(get_task("feynman27/I.12.11"), get_model("mlp-tanh"), BUDGET, RECIPE)
    found = lawful.broken(origin, [record])
    assert len(found) == flagged
    assert all(f"declares derivatives={declared}, and on" in one for one in found)
