"""A run: what goes in, what comes out, and what becomes of a model that misbehaves."""

import json
import random
from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from kansci.discover import get_task
from kansci.errors import DoesNotFit, OutOfTime
from kansci.lesson import log_spaced
from kansci.lifting.ensemble import Member
from kansci.losses import squared_error
from kansci.models import Model, get_model
from kansci.plan import steps_of
from kansci.preparing import maker, prepare
from kansci.recipe import Optimizer, Recipe
from kansci.record import Curve, Record
from kansci.runner import Judge, run, run_job
from kansci.sampling import stream, uniform
from kansci.suite import Cell
from kansci.task import Probe, Scale, Stage, Task
from kansci.together import Job
from kansci.training import learn
from kansci.way import Watch

POISSON = get_task("poisson")
MLP = get_model("mlp-silu")
SCALE = Scale(0.2, 0.7)


def sine(name="sine", pace=3.0, **changes):
    """Two stages, two test probes and a validation probe on [0, 2]."""

    def truth(x):
        return torch.sin(pace * x)

    def stage(low, high):
        def sample(generator, points):
            x = uniform(generator, points, ((low, high),))
            return x, truth(x)

        return Stage(f"from {low:g}", sample, squared_error(SCALE), points=24)

    def probe(low, high, split):
        x = torch.linspace(low, high, 21, dtype=torch.double).unsqueeze(-1)
        return Probe(f"{split} from {low:g}", x, truth(x), split)

    task = Task(
        name=name,
        version=1,
        family="continual",
        domain=((0.0, 2.0),),
        dim_out=1,
        stages=(stage(0.0, 1.0), stage(1.0, 2.0)),
        probes=(
            probe(0.0, 1.0, "test"),
            probe(1.0, 2.0, "test"),
            probe(0.0, 2.0, "test"),
            probe(0.0, 2.0, "validation"),
        ),
        source="a test",
        scale=SCALE,
    )
    return replace(task, **changes)


def with_answers(task, split, answer):
    probes = [replace(p, answers=answer(p.y)) if p.split == split else p for p in task.probes]
    return replace(task, probes=tuple(probes))


def recipe(steps=10, rates=(1e-2,), **more):
    adam = Optimizer(evaluations=steps)
    more = {"evaluation_seeds": (0, 1), **more}
    return Recipe(optimizers=(adam,), rates=rates, **more)


def without_environment(record):
    return record.updated(environment=ENVIRONMENT, seconds=0, memory=0).model_dump_json()


TASK = sine()
ENVIRONMENT = run(TASK, MLP, 250, recipe(1)).environment


class Plain(nn.Module):
    def __init__(self, dim_in=1, dim_out=1):
        super().__init__()
        self.first, self.last = nn.Linear(dim_in, 8), nn.Linear(8, dim_out)

    def forward(self, x):
        return self.last(F.silu(self.first(x)))


def network(kind):
    """A model of one kind of network, whatever the budget is."""

    def build(dim_in, dim_out, parameters):
        return kind(dim_in, dim_out)

    return Model(kind.__name__, build)


def test_errors_are_stages_by_probes_by_members():
    record = run(TASK, MLP, 250, recipe(evaluation_seeds=(0, 1, 2)))
    assert np.shape(record.errors) == (2, 3, 3)
    assert record.stages == ("from 0", "from 1")
    assert record.probes == ("test from 0", "test from 1", "test from 0")
    assert record.members == ("ok",) * 3
    assert record.parameters == 222


def test_errors_are_those_of_the_predictions_by_hand():
    choice = recipe(dtype="float64")
    record = run(TASK, MLP, 250, choice)
    tests = TASK.judged_by("test")
    members = [Member(seed, record.rate) for seed in choice.evaluation_seeds]
    ensemble = prepare([TASK], MLP, 250, choice, members)
    (learned,) = learn(ensemble, [TASK], choice, "test")
    for stage in range(2):
        for index, probe in enumerate(tests):
            answer = learned.predictions[stage][index]
            assert answer.dtype == torch.double
            assert answer.shape == (2, 21, 1)
            error = (answer - probe.y).square().mean((1, 2)).sqrt() / SCALE.std
            assert record.errors[stage][index] == pytest.approx(error.tolist(), rel=1e-5)


def test_a_member_gets_in_company_what_it_gets_alone():
    both, one = (
        run(TASK, MLP, 250, recipe(dtype="float64", evaluation_seeds=seeds))
        for seeds in ((0, 1), (1,))
    )
    assert np.array(both.errors)[..., 1:] == pytest.approx(np.array(one.errors), rel=1e-5)


def test_the_same_call_gives_the_same_record():
    choice = recipe(rates=(1e-3, 1e-2), tuning_seeds=(5, 6))
    first, second = (run(TASK, MLP, 250, choice) for _ in range(2))
    assert without_environment(first) == without_environment(second)


@pytest.mark.parametrize("task", [TASK, POISSON], ids=lambda task: task.name)
def test_true_answers_of_test_probes_change_nothing_but_errors(task):
    choice = recipe(3, rates=(1e-3, 1e-2), points=16)
    record = run(task, MLP, 250, choice)
    other = run(with_answers(task, "test", lambda y: 3 - 2 * y), MLP, 250, choice)
    same = {"rate", "tuning", "tuned_by", "curves", "parameters", "status"}
    assert record.model_dump(include=same) == other.model_dump(include=same)
    assert record.errors != other.errors
    assert record.task_content != other.task_content


def test_rates_are_chosen_on_the_validation_probes():
    choice = recipe(30, rates=(1e-4, 3e-2, 1e-5), tuning_seeds=(5, 6))
    record = run(TASK, MLP, 250, choice)
    assert record.rate == 3e-2
    assert "validation probes of sine@1" in record.tuned_by
    assert [(trial.rate, trial.seed) for trial in record.tuning] == [
        (rate, seed) for rate in choice.rates for seed in (5, 6)
    ]
    best = min(choice.rates, key=lambda rate: score_of(record, rate))
    assert record.rate == best
    untrained = with_answers(TASK, "validation", lambda y: torch.zeros_like(y) + SCALE.mean)
    assert run(untrained, MLP, 250, choice).tuning != record.tuning


def score_of(record, rate):
    return np.mean([trial.score for trial in record.tuning if trial.rate == rate])


def test_rates_are_chosen_on_the_tuning_task_where_there_is_one():
    other = sine("another", pace=-1.0)
    record = run(replace(TASK, tuning=other), MLP, 250, recipe(rates=(1e-3, 1e-2)))
    assert "another@1" in record.tuned_by
    tuned = run(other, MLP, 250, recipe(rates=(1e-3, 1e-2)))
    assert record.tuning == tuned.tuning
    assert record.tuning != run(TASK, MLP, 250, recipe(rates=(1e-3, 1e-2))).tuning


def test_rates_are_chosen_by_the_own_loss_where_there_are_no_validation_probes():
    record = run(POISSON, MLP, 250, recipe(20, rates=(1e-5, 1e-2), points=32))
    assert record.tuned_by == "the task's own loss on fresh points"
    assert record.rate == min(record.recipe.rates, key=lambda rate: score_of(record, rate))


def test_a_rate_that_explodes_is_not_chosen():
    class Fragile(Plain):
        def forward(self, x):
            y = super().forward(x)
            return torch.where(y.abs() > 100, torch.nan, y)

    for task in (TASK, replace(TASK, probes=TASK.judged_by("test"))):
        record = run(task, network(Fragile), 250, recipe(rates=(1e3, 1e-2)))
        assert record.rate == 1e-2
        assert record.status == "ok"


def test_an_exact_answer_is_the_best_of_all():
    class Constant(nn.Module):
        def __init__(self, dim_in, dim_out):
            super().__init__()
            self.weight = nn.Parameter(torch.zeros(1))

        def forward(self, x):
            return 0 * x + self.weight

    truth = with_answers(TASK, "validation", lambda y: 0 * y + SCALE.mean)
    flat = replace(truth.stages[0], loss=lambda predict, x, y: (0 * predict(x)).sum())
    record = run(replace(truth, stages=(flat,)), network(Constant), 250, recipe(dtype="float64"))
    assert record.status == "ok"
    assert record.tuning[0].score < -6


class RaisesInBuild(Plain):
    def __init__(self, *dims):
        raise ValueError("no such\nnetwork")


class LeavesInForward(Plain):
    def forward(self, x):
        raise SystemExit(3)


class RaisesInForward(Plain):
    def forward(self, x):
        raise RuntimeError("lost the way")


class TooManyOutputs(Plain):
    def __init__(self, dim_in, dim_out):
        super().__init__(dim_in, dim_out + 1)


class NoOutputDimension(Plain):
    def forward(self, x):
        return super().forward(x).squeeze(-1)


class Diverges(Plain):
    def forward(self, x):
        return super().forward(x) * torch.inf


class JudgedNaN(Plain):
    def forward(self, x):
        return super().forward(x) * (1 if self.training else torch.nan)


class TooBig(Plain):
    def __init__(self, dim_in, dim_out):
        super().__init__(dim_in, dim_out)
        self.more = nn.Parameter(torch.zeros(1_000))


class NothingToTrain(nn.Module):
    def __init__(self, *dims):
        super().__init__()

    def forward(self, x):
        return 0 * x


class Misfit(Plain):
    def __init__(self, *dims):
        raise DoesNotFit("the smallest network has 300 trainable numbers, want <= 250")


class NeedsMuch(Plain):
    def __init__(self, *dims):
        raise MemoryError("no room")


class NeedsMuchOnTheDevice(Plain):
    def forward(self, x):
        raise torch.OutOfMemoryError("CUDA out of memory")


FATES = [
    (RaisesInBuild, "crashed", "ValueError: no such network"),
    (LeavesInForward, "crashed", "SystemExit: 3"),
    (RaisesInForward, "crashed", "RuntimeError: lost the way"),
    (TooBig, "crashed", "want 1 to 250 trainable numbers, got 1025"),
    (NothingToTrain, "crashed", "want 1 to 250 trainable numbers, got 0"),
    (TooManyOutputs, "invalid_output", "for points (2, 1) want (2, 1), got (2, 2)"),
    (NoOutputDimension, "invalid_output", "for points (2, 1) want (2, 1), got (2,)"),
    (Diverges, "diverged", "the training loss is not finite"),
    (JudgedNaN, "invalid_output", "predictions are not finite"),
    (Misfit, "does_not_fit", "the smallest network has 300"),
    (NeedsMuch, "out_of_memory", "no room"),
    (NeedsMuchOnTheDevice, "out_of_memory", "CUDA out of memory"),
]


@pytest.mark.parametrize(("kind", "status", "reason"), FATES, ids=lambda fate: str(fate)[:30])
def test_whatever_becomes_of_a_model_is_a_record_with_a_reason(kind, status, reason):
    record = run(TASK, network(kind), 250, recipe(2))
    assert record.status == status
    assert reason in record.reason
    assert "\n" not in record.reason
    assert record.members == (() if status == "does_not_fit" else (status,) * 2)
    again = Record.model_validate_json(record.model_dump_json())
    assert again.model_dump_json() == record.model_dump_json()


def test_outputs_that_lie_the_wrong_way_round_are_refused():
    class Turned(Plain):
        def forward(self, x):
            return super().forward(x).mT

    probes = tuple(replace(probe, answers=probe.y.expand(-1, 2).clone()) for probe in TASK.probes)
    record = run(replace(TASK, dim_out=2, probes=probes), network(Turned), 250, recipe(2))
    assert record.status == "invalid_output"


def test_a_model_without_the_derivatives_of_a_task_is_not_applicable():
    record = run(POISSON, get_model("linearkan"), 250, recipe(2))
    assert record.status == "not_applicable"
    assert record.reason == "takes second derivatives, the model has 1"
    assert record.failed == 0


def test_a_run_out_of_time_is_a_timeout():
    left = iter(range(5))

    class Impatient(Watch):
        def steps(self, count):
            if next(left, None) is None:
                raise OutOfTime("wanted at most 5 steps")

    record = run(TASK, MLP, 250, recipe(), watch=Impatient())
    assert (record.status, record.reason) == ("timeout", "wanted at most 5 steps")


def test_what_is_known_of_a_training_that_did_not_end_is_kept():
    left = iter(range(2 * 250 + 250 + 120))

    class Impatient(Watch):
        def steps(self, count):
            if next(left, None) is None:
                raise MemoryError("enough")

    record = run(TASK, MLP, 250, recipe(250), watch=Impatient())
    whole = run(TASK, MLP, 250, recipe(250))
    assert record.status == "out_of_memory"
    assert (record.rate, record.tuning) == (whole.rate, whole.tuning)
    assert [curve.stage for curve in record.curves] == ["from 0", "from 1"]
    for curve, full in zip(record.curves, whole.curves, strict=True):
        assert curve.losses == full.losses[: len(curve.losses)]
    assert 0 < len(record.curves[1].losses) < len(whole.curves[1].losses)


def test_cells_of_one_job_get_what_they_get_alone():
    slower = sine("slower", pace=2.0)
    choice = recipe(dtype="float64", rates=(1e-3, 1e-2))
    cells = tuple(Cell(task, MLP, 250, choice, "custom") for task in (TASK, slower))
    records = run_job(Job(cells))
    for task, record in zip((TASK, slower), records, strict=True):
        alone = run(task, MLP, 250, choice)
        assert (record.task, record.key, record.rate) == (task.key, alone.key, alone.rate)
        assert np.array(record.errors) == pytest.approx(np.array(alone.errors), rel=1e-5)


def test_a_curve_that_the_job_does_not_have_is_refused():
    judge = Judge(Job((Cell(TASK, MLP, 250, recipe(), "custom"),)))
    good = Curve(stage="from 0", evaluations=(1,), losses=((1.0, 2.0),))
    judge.keep(0, good)
    bad = [(1, good), (0, good.model_copy(update={"stage": "x"}))]
    bad += [(0, good.model_copy(update={"losses": ((1.0,) * 3,)}))]
    for place, curve in bad:
        with pytest.raises(ValueError, match="want a curve"):
            judge.keep(place, curve)
    assert judge.failed("timeout", "late")[0].curves == (good,)


def test_every_evaluation_is_watched():
    steps = []

    class Counting(Watch):
        def steps(self, count):
            steps.append(count)

    task = replace(TASK, tuning=replace(TASK, stages=TASK.stages[:1]))
    run(task, MLP, 250, recipe(7), watch=Counting())
    assert sum(steps) == steps_of(Cell(task, MLP, 250, recipe(7), "custom")) == 7 * (1 + 2)


def test_a_run_leaves_global_generators_alone():
    class Reseeds(Plain):
        def __init__(self, dim_in, dim_out):
            torch.manual_seed(0)  # noqa: TID251 - what a careless model does
            np.random.seed(0)  # noqa: NPY002, TID251
            random.seed(0)
            super().__init__(dim_in, dim_out)

        def forward(self, x):
            return F.dropout(super().forward(x), 0.1, self.training)

    def states():
        return torch.get_rng_state().tolist(), str(np.random.get_state()), random.getstate()  # noqa: NPY002

    before = states()
    assert run(TASK, network(Reseeds), 250, recipe(2)).status == "ok"
    assert states() == before


def test_a_failed_member_is_reported_beside_the_others_and_never_dropped():
    class Cursed(Plain):
        """Explodes for half of all seeds."""

        def __init__(self, dim_in, dim_out):
            super().__init__(dim_in, dim_out)
            self.register_buffer("curse", torch.where(torch.randn(()) > 0, torch.nan, 1.0))

        def forward(self, x):
            return self.curse * super().forward(x)

    model = network(Cursed)
    ensemble = prepare([TASK], model, 250, recipe(), [Member(seed, 1e-2) for seed in range(10)])
    cursed = ensemble.fixed["network.curse"].isnan().tolist()
    seeds = (cursed.index(False), cursed.index(True))
    record = run(TASK, model, 250, recipe(evaluation_seeds=seeds, tuning_seeds=seeds))
    assert record.status == "ok"
    assert record.members == ("ok", "diverged")
    assert record.failed == 1
    assert record.reason == "the training loss is not finite"
    errors = np.array(record.errors)
    assert np.isfinite(errors[..., 0]).all()
    assert np.isnan(errors[..., 1]).all()


class Counted:
    """A stage's sampler that remembers what it drew."""

    def __init__(self, stage):
        self.sample, self.drawn = stage.sample, []

    def __call__(self, generator, points):
        batch = self.sample(generator, points)
        self.drawn.append(batch[0])
        return batch


def drawn(choice, members=1):
    counted = Counted(TASK.stages[0])
    stage = replace(TASK.stages[0], sample=counted)
    ensemble = prepare([TASK], MLP, 250, choice, [Member(seed, 1e-2) for seed in range(members)])
    learn(ensemble, [replace(TASK, stages=(stage,))], choice, None)
    return counted.drawn[:-members]  # the last are the fresh ones of the own loss


def test_points_are_drawn_once_a_stage_or_as_often_as_the_recipe_says():
    assert len(drawn(recipe(10))) == 1
    again = drawn(recipe(10, resample=4))
    assert len(again) == 3
    assert not torch.equal(again[0], again[1])


def test_members_draw_points_of_their_own_from_their_seeds():
    first, second = drawn(recipe(1), members=2)
    assert not torch.equal(first, second)
    assert torch.equal(first, TASK.stages[0].sample(stream("points", 0), 24)[0])


def test_a_recipe_may_choose_how_many_points():
    assert [len(x) for x in drawn(recipe(1))] == [24]
    assert [len(x) for x in drawn(recipe(1, points=7))] == [7]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_networks_have_the_type_of_the_recipe(dtype):
    built = maker(TASK, MLP, 250, recipe(dtype=dtype))()
    kinds = {tensor.dtype for tensor in built.state_dict().values()}
    assert kinds == {getattr(torch, dtype)}


@pytest.mark.parametrize("drop", [0.0, 0.1], ids=["lifted", "looped"])
def test_a_forward_of_ones_own_with_silu_learns_a_pde(drop):
    """`silu_backward` has no forward derivative under `no_grad`: no loss may be taken there."""

    class Own(Plain):
        def forward(self, x):
            z = F.silu(self.first(x))
            return self.last(F.dropout(z, drop, self.training) if drop else z)

    record = run(POISSON, network(Own), 250, recipe(3, points=16))
    assert (record.status, record.reason) == ("ok", "")
    assert record.lifted == (drop == 0)


def test_curves_are_thinned_to_log_spaced_evaluations():
    record = run(TASK, MLP, 250, recipe(100))
    for stage, curve in zip(TASK.stages, record.curves, strict=True):
        assert curve.stage == stage.name
        assert curve.evaluations == tuple(sorted(log_spaced(100, 30)))
        assert np.shape(curve.losses) == (len(curve.evaluations), 2)
    assert json.loads(record.model_dump_json())["curves"][0]["evaluations"][-1] == 100


@pytest.mark.parametrize("last", [1, 2, 29, 30, 31, 1_000, 12_345])
def test_log_spaced_numbers_hold_both_ends_and_are_few(last):
    kept = log_spaced(last, 30)
    assert {1, last} <= kept
    assert all(1 <= one <= last for one in kept)
    assert len(kept) <= min(last, 30)
    gaps = np.diff(sorted(kept))
    assert (np.diff(gaps) >= -1).all()  # but for rounding they only grow
