"""How fast one plain network is, beside the reference: shape and sense, never a time."""

import math

import numpy as np
import pytest
import torch
from torch import nn

import kansci.speed.clock
import kansci.speed.ratio
from kansci.errors import DoesNotFit
from kansci.models import Model, get_model
from kansci.record import Speed
from kansci.speed.ratio import measure, speed_key, widened

WORKS = ("forward", "forward + backward")
SHAPES = [(s, w) for s in ("equal parameters", "equal width") for w in WORKS]


@pytest.fixture(autouse=True)
def short_blocks(monkeypatch):
    monkeypatch.setattr(kansci.speed.clock, "BLOCKS", 5)
    monkeypatch.setattr(kansci.speed.clock, "BLOCK_SECONDS", 1e-3)


def submitted(make):
    def build(dim_in, dim_out, parameters):
        return make(dim_in, dim_out)

    return Model("submitted", build)


def timings(model):
    """Of a model that could be measured: a failure has none, of which everything is true."""
    speed = measure(model, 250)
    assert (speed.status, speed.reason) == ("ok", "")
    assert speed.timings
    return speed.timings


def test_a_model_with_widths_has_four_timings():
    speed = measure(get_model("kan"), 250, suite="quick")
    assert (speed.status, speed.reason) == ("ok", "")
    assert [(timing.shape, timing.work) for timing in speed.timings] == SHAPES
    assert (speed.model, speed.reference, speed.budget) == ("kan", "mlp-silu", 250)
    assert speed.parameters is not None
    assert speed.parameters <= 250
    assert (speed.name, speed.family, speed.suite) == ("speed", "speed", "quick")
    assert speed.key == speed_key(get_model("kan"), 250)


@pytest.mark.parametrize(
    "model",
    [get_model("linear-rbf"), submitted(lambda i, o: nn.Linear(i, o))],
    ids=lambda model: model.name,
)
def test_a_model_without_widths_has_two_timings(model):
    speed = measure(model, 250)
    assert [(timing.shape, timing.work) for timing in speed.timings] == SHAPES[:2]
    assert speed.status == "ok"


def test_the_reference_is_about_as_fast_as_itself():
    speed = measure(get_model("mlp-silu"), 250)
    assert len(speed.timings) == 4
    for timing in speed.timings:
        assert 0.5 < timing.ratio < 2


def test_a_timing_is_a_ratio_with_its_interval_and_the_milliseconds_behind_it():
    for timing in timings(get_model("fastkan")):
        assert timing.low <= timing.ratio <= timing.high
        assert timing.spread >= 0
        assert (timing.blocks, timing.batch) == (5, kansci.speed.ratio.BATCH)
        assert min(timing.cpu_ms, timing.wall_ms, timing.reference_cpu_ms) > 0


def test_a_network_that_does_more_work_is_slower():
    def deep(dim_in, dim_out):
        return nn.Sequential(
            nn.Linear(dim_in, 4), *(nn.Tanh() for _ in range(200)), nn.Linear(4, dim_out)
        )

    assert all(timing.ratio > 2 for timing in timings(submitted(deep)))


def raising(problem):
    def make(dim_in, dim_out):
        raise problem

    return submitted(make)


@pytest.mark.parametrize(
    ("model", "status", "reason"),
    [
        (raising(ValueError("no\nway")), "crashed", "ValueError: no way"),
        (raising(SystemExit(3)), "crashed", "SystemExit: 3"),
        (raising(DoesNotFit("too small")), "does_not_fit", "too small"),
        (submitted(lambda i, o: nn.Linear(300, o)), "crashed", "trainable numbers, got 301"),
        (submitted(lambda i, o: nn.Linear(i + 1, o)), "crashed", "shapes cannot be multiplied"),
    ],
    ids=["raises", "leaves", "does not fit", "too big", "takes no such points"],
)
def test_a_model_that_fails_is_a_row_with_its_reason(model, status, reason, monkeypatch):
    monkeypatch.setattr(Model, "source_hash", lambda *_: "hash")  # which builds as well
    speed = measure(model, 250)
    assert speed.status == status
    assert reason in speed.reason
    assert "\n" not in speed.reason
    assert speed.timings == ()
    assert Speed.model_validate_json(speed.model_dump_json()) == speed


def test_only_models_of_the_zoo_with_widths_are_widened():
    wide = widened(get_model("kan", grid=3))
    assert wide is not None
    assert wide.name == "kan[widths=2-64-64-1,grid=3]"
    assert widened(get_model("kan-one-layer")) is None
    assert widened(submitted(nn.Linear)) is None


def test_a_key_depends_on_the_model_and_the_budget():
    names = ("kan", "kan[grid=3]", "mlp-silu")
    keys = {speed_key(get_model(name), budget) for name in names for budget in (250, 1_000)}
    assert len(keys) == 6


def test_measuring_leaves_global_generators_alone():
    def reseeds(dim_in, dim_out):
        torch.manual_seed(0)  # noqa: TID251 - what a careless model does
        np.random.seed(0)  # noqa: NPY002, TID251
        return nn.Linear(dim_in, dim_out)

    before = torch.get_rng_state(), str(np.random.get_state())  # noqa: NPY002
    measure(submitted(reseeds), 250)
    assert torch.equal(torch.get_rng_state(), before[0])
    assert str(np.random.get_state()) == before[1]  # noqa: NPY002


def test_numbers_of_a_speed_are_finite():
    assert all(math.isfinite(one.ratio * one.high) for one in timings(get_model("linear-rbf")))
    assert measure(get_model("linear-rbf"), 250).load >= 0
