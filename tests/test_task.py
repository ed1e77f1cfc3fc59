"""Laws of tasks in general: streams that never meet, and a content hash that sees changes."""

from dataclasses import replace

import pytest
import torch
from torch import Generator, Tensor

from kansci.losses import squared_error
from kansci.sampling import stream, uniform
from kansci.task import Batch, Probe, Scale, Stage, Task

DOMAIN = ((0.0, 1.0), (-2.0, 2.0))


def truth(x: Tensor) -> Tensor:
    return torch.sin(x).sum(-1, keepdim=True)


def a_probe(split="test", count: int = 2_500, move: float = 0.0, at: int = 0) -> Probe:
    x = uniform(stream(f"test/{split}"), count, DOMAIN)
    y = truth(x)
    y[at] += move
    return Probe("domain", x, y, split)


def a_stage(domain=DOMAIN, scale: Scale = Scale(0.1, 2.0), factor: float = 1.0) -> Stage:
    def sample(generator: Generator, points: int) -> Batch:
        x = uniform(generator, points, domain)
        return x, truth(x)

    def loss(predict, x, y):
        return factor * squared_error(scale)(predict, x, y)

    return Stage("all", sample, loss, points=200)


def a_task(**changes) -> Task:
    fields = {
        "name": "sines",
        "version": 1,
        "family": "test",
        "domain": DOMAIN,
        "dim_out": 1,
        "stages": (a_stage(),),
        "probes": (a_probe("validation"), a_probe()),
        "source": "nowhere",
        "scale": Scale(0.1, 2.0),
    }
    return Task(**(fields | changes))


CHANGES = {
    "name": {"name": "cosines"},
    "version": {"version": 2},
    "family": {"family": "other"},
    "metric": {"metric": "relative_l2"},
    "order": {"order": 1},
    "domain": {"domain": (DOMAIN[0], (-2.0, 3.0))},
    "scale": {"scale": Scale(0.1, 2.001)},
    "a range of points": {"stages": (a_stage(domain=(DOMAIN[0], (-2.0, 2.001))),)},
    "a weight": {"stages": (a_stage(factor=1.001),)},
    "the points of a stage": {"stages": (replace(a_stage(), points=201),)},
    "the name of a stage": {"stages": (replace(a_stage(), name="one"),)},
    "stages": {"stages": (a_stage(), a_stage())},
    "a true answer": {"probes": (a_probe("validation"), a_probe(move=1e-3))},
    "a true answer at the end": {
        "probes": (a_probe("validation"), a_probe(move=1e-3, at=2_499)),
    },
    "the size of a probe": {"probes": (a_probe("validation"), a_probe(count=2_501))},
    "a split": {"probes": (a_probe("test"), a_probe())},
    "probes": {"probes": (a_probe(),)},
    "the tuning task": {"tuning": a_task()},
}


@pytest.mark.parametrize("changes", CHANGES.values(), ids=CHANGES.keys())
def test_the_content_hash_sees_what_a_task_is(changes: dict):
    assert a_task(**changes).content != a_task().content


def test_the_content_hash_sees_a_change_of_the_tuning_task():
    one, other = a_task(tuning=a_task()), a_task(tuning=a_task(stages=(a_stage(factor=2.0),)))
    assert one.content != other.content


@pytest.mark.parametrize("field", ["about", "source", "smallest"])
def test_the_content_hash_does_not_see_words(field: str):
    assert a_task(**{field: 7}).content == a_task().content


def test_the_content_hash_does_not_see_last_bits():
    """Also where nothing but rounding errors is left, as of a sine at a multiple of pi."""
    x = torch.linspace(0, 1, 50, dtype=torch.double).unsqueeze(-1)
    noise = 3e-16 * torch.randn(50, 1, generator=Generator().manual_seed(0), dtype=torch.double)
    for exact in (torch.ones_like(x), torch.sin(torch.pi * (x * 49).round())):
        near = torch.where(x > 0.3, exact, exact + noise)
        probes = [(Probe("p", x, y),) for y in (exact + 1e-3 * (x > 0.9), near + 1e-3 * (x > 0.9))]
        hashes = {
            a_task(domain=((0.0, 1.0),), probes=probe, stages=(ones(),)).content for probe in probes
        }
        assert len(hashes) == 1


def ones() -> Stage:
    def sample(generator: Generator, points: int) -> Batch:
        x = uniform(generator, points, ((0.0, 1.0),))
        return x, x

    return Stage("all", sample, squared_error(Scale()), 10)


def test_a_loss_that_is_not_finite_has_a_hash():
    nowhere = Stage("all", a_stage().sample, lambda predict, x, y: torch.tensor(torch.nan), 10)
    assert len(a_task(stages=(nowhere,)).content) == 64


def test_streams_are_the_same_each_time():
    one, same = (torch.rand(9, generator=stream("points", 3)) for _ in range(2))
    assert torch.equal(one, same)


def test_streams_of_different_purposes_and_seeds_share_nothing():
    drawn = torch.cat(
        [
            torch.rand(200, generator=stream(purpose, seed), dtype=torch.double)
            for purpose in ("points", "start", "poisson/test", "points/1")
            for seed in (0, 1, 11, 10**9)
        ]
    )
    assert len(drawn.unique()) == len(drawn)


def test_uniform_points_fill_their_box():
    x = uniform(stream("test"), 4_000, DOMAIN)
    assert x.shape == (4_000, 2)
    assert x.dtype == torch.double
    assert ((x >= torch.tensor([0.0, -2.0])) & (x <= torch.tensor([1.0, 2.0]))).all()
    torch.testing.assert_close(x.mean(0), torch.tensor([0.5, 0.0]).double(), atol=0.05, rtol=0)
    torch.testing.assert_close(
        x.amax(0) - x.amin(0), torch.tensor([1.0, 4.0]).double(), rtol=0.01, atol=0
    )


def test_the_squared_error_is_that_of_standardised_targets():
    x, y = torch.zeros(2, 1), torch.tensor([[1.0], [5.0]])
    loss = squared_error(Scale(100.0, 2.0))(lambda z: z + 3, x, y)
    assert loss.item() == 1.0


def test_the_trivial_error_is_one_or_a_guess_among_the_classes():
    assert a_task().trivial == 1
    classes = Probe("all", torch.zeros(3, 2).double(), torch.zeros(3, 4).double())
    assert a_task(metric="error_rate", dim_out=4, probes=(classes,)).trivial == 0.75


def test_a_task_has_a_key_and_judges_by_split():
    task = a_task(version=3)
    assert (task.key, task.dim_in) == ("sines@3", 2)
    assert [probe.split for probe in task.judged_by("validation")] == ["validation"]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"stages": ()}, "at least one stage and one test probe"),
        ({"probes": (a_probe("validation"),)}, "at least one stage and one test probe"),
        ({"domain": ((0.0, 1.0), (2.0, 2.0))}, r"low < high, got \(2.0, 2.0\)"),
        ({"dim_out": 2}, r"y \(point, 2\), got \(2500, 2\) and \(2500, 1\)"),
        ({"domain": (*DOMAIN, (0.0, 1.0))}, r"want x \(point, 3\)"),
        ({"probes": (Probe("p", torch.zeros(3, 2), torch.zeros(3, 1)),)}, "want float64"),
        ({"probes": (a_probe(move=torch.inf),)}, "want finite points and truths"),
    ],
)
def test_a_task_that_lacks_something_says_what(changes: dict, says: str):
    with pytest.raises(ValueError, match=f"^sines.*{says}"):
        a_task(**changes)
