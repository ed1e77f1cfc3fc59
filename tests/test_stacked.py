"""Stacked weights lie in rows and come back as they were."""

import torch
from torch import nn

from kansci.lifting.stacked import Rows, first_names, named, stacked

CPU = torch.device("cpu")


class Tied(nn.Module):
    """A weight of two names, one that is frozen, a single number, and a buffer."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.two = nn.Linear(2, 3), nn.Linear(2, 3, bias=False)
        self.two.weight = self.one.weight
        self.factor = nn.Parameter(torch.rand(()))
        self.frozen = nn.Parameter(torch.rand(4), requires_grad=False)
        self.register_buffer("grid", torch.rand(5))


def networks(count: int = 3) -> list[nn.Module]:
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(0)
        return [Tied() for _ in range(count)]


def test_what_is_trained_and_what_is_not_are_stacked_apart_each_once():
    trained, fixed = stacked(networks(), CPU)
    assert {name: tuple(one.shape) for name, one in trained.items()} == {
        "one.weight": (3, 3, 2),
        "one.bias": (3, 3),
        "factor": (3,),
    }
    assert {name: tuple(one.shape) for name, one in fixed.items()} == {
        "frozen": (3, 4),
        "grid": (3, 5),
    }


def test_rows_hold_the_weights_of_each_member_and_views_share_their_memory():
    every = networks()
    trained, _ = stacked(every, CPU)
    rows = Rows(trained)
    flat = rows.join(trained)
    assert flat.shape == (3, 6 + 3 + 1)
    views = rows.views(flat)
    assert list(views) == list(trained)
    for name, one in trained.items():
        assert torch.equal(views[name], one)
    flat.mul_(2)
    for member, network in enumerate(every):
        alone = rows.views(flat[member])
        for name, one in alone.items():
            torch.testing.assert_close(one, 2 * named(network)[name].detach())
            assert torch.equal(one, views[name][member])


def test_every_name_of_a_shared_weight_leads_to_its_first():
    first = first_names(Tied())
    assert first["two.weight"] == first["one.weight"] == "one.weight"
    assert all(first[name] == name for name in named(Tied()))
