"""A term that a recipe adds knows the network it is of, and every member has its own."""

import pytest
import torch
from torch.nn.utils import parameters_to_vector

from kansci.additions import Addition, with_additions
from kansci.discover import get_task
from kansci.gears.objective import Objective
from kansci.lifting.ensemble import Member
from kansci.losses import program_of
from kansci.models import get_model
from kansci.preparing import draw, prepare
from kansci.recipe import Optimizer, Recipe
from kansci.sampling import stream

TASK = get_task("feynman27/I.12.11")
RECIPE = Recipe(
    optimizers=(Optimizer(evaluations=3),),
    rates=(1e-2,),
    evaluation_seeds=(0,),
    dtype="float64",
    points=24,
)
MEMBERS = [Member(seed, 1e-2) for seed in (3, 4, 5)]


def weights(network):
    return torch.cat([weight.flatten() for weight in network.parameters()])


def pulled(predict, batch, own):
    """Half the squared distance from weights of its own, as strong as its own number says."""
    (x, *_), (anchor, strength) = batch, own
    away = predict.ask(weights) - anchor
    return strength * away.square().sum() / 2 + 0 * predict(x).sum()


def anchors(count):
    def own(batch):
        like = batch[0]
        strengths = torch.arange(1.0, len(like) + 1).to(like)
        return torch.full((len(like), count), 0.5).to(like), strengths

    return own


def asked(name, additions, **how):
    ensemble = prepare([TASK], get_model(name), 250, RECIPE, MEMBERS)
    sources = [stream("points", member.seed) for member in MEMBERS]
    batch = draw(ensemble, TASK.stages, RECIPE, sources)
    loss, batch = with_additions(TASK.stages[0].loss, batch, additions)
    return ensemble, Objective(ensemble, loss, batch, **how)(batch)


@pytest.mark.parametrize(
    ("name", "gear"),
    # Compiled once: programs are made of the same operations for every model, and dear.
    [("kan", "eager"), ("mlp-silu", "eager"), ("fastkan", "eager"), ("mlp-silu", "compiled")],
)
def test_a_term_that_asks_for_weights_adds_its_own_gradient(name, gear):
    ensemble, (plain, losses) = asked(name, ())
    own = anchors(ensemble.flat.shape[1])
    away = (
        torch.stack(
            [
                parameters_to_vector(list(ensemble.network(index).parameters()))
                for index in range(len(MEMBERS))
            ]
        ).detach()
        - 0.5
    )
    strengths = torch.tensor([1.0, 2.0, 3.0], dtype=torch.double).unsqueeze(-1)
    _, (gradients, totals) = asked(name, (Addition(pulled, own),), gear=gear)
    torch.testing.assert_close(gradients, plain + strengths * away)
    wanted = losses + (strengths * away.square()).sum(-1) / 2
    torch.testing.assert_close(totals, wanted)


def test_equal_additions_are_one_program():
    ensemble = prepare([TASK], get_model("kan"), 250, RECIPE, MEMBERS)
    batch = draw(ensemble, TASK.stages, RECIPE, None)
    additions = (Addition(pulled, anchors(3)),)
    first, more = with_additions(TASK.stages[0].loss, batch, additions)
    again, _ = with_additions(TASK.stages[0].loss, batch, (Addition(pulled, anchors(5)),))
    assert first is again
    assert len(more) == len(batch) + 2


def test_without_additions_loss_and_batch_are_what_they_were():
    loss, batch = TASK.stages[0].loss, (torch.zeros(1, 2, 2),)
    assert with_additions(loss, batch, ()) == (loss, batch)
    assert program_of(loss) is not None


def test_tensors_of_one_storage_are_laid_out_member_by_member():
    """A compiled program reads all members at the stride of the first."""
    shared = Addition(pulled, lambda batch: (torch.ones(5).expand(len(batch[0]), 5),))
    _, (*_, own) = with_additions(TASK.stages[0].loss, (torch.zeros(3, 2, 2),), (shared,))
    assert own.stride() == (5, 1)
