"""What is done, what is left, in which jobs and in which shard, and how long it takes."""

import os
from itertools import chain
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kansci.discover import find_model, get_model, get_task
from kansci.engines.engine import execute
from kansci.errors import UnknownName, UserError
from kansci.ledger import load
from kansci.plan import Shard, estimate, plan, read_shard, statuses, steps_of
from kansci.recipe import Optimizer, Recipe
from kansci.record import FAILED
from kansci.suite import Cell, cells, get_suite, list_suites
from kansci.together import Job

OK = load(Path(__file__).parent / "data" / "records_v1" / "ok.json")
TASK = get_task("feynman27/I.12.11")
RECIPE = Recipe(
    optimizers=(Optimizer(evaluations=2),), rates=(1e-2,), evaluation_seeds=(0,), points=8
)
TASKS = [f"feynman27/{name}" for name in ("I.12.11", "I.16.6", "II.35.18", "III.17.37", "I.6.2b")]
TASKS += ["feynman27/I.29.16"]
MODEL_FILE = """
from torch import nn
from kansci.models import Model

def build(dim_in, dim_out, parameters):
    return nn.Sequential(nn.Linear(dim_in, 4), nn.Tanh(), nn.Linear(4, dim_out))

model = Model("mine", build)
"""


def cell(task=TASK, model="mlp-silu", budget=250, recipe=RECIPE):
    model = get_model(model) if isinstance(model, str) else model
    return Cell(task, model, budget, recipe, "custom")


def suite_of(*models, tasks=("feynman27/I.12.11", "feynman27/I.16.6", "poisson", "bumps_1d")):
    """Cells of a few models, one object each, as a command makes them."""
    chosen = [get_model(name) for name in models]
    return [
        cell(get_task(task), model, budget)
        for task in tasks
        for budget in (250, 500)
        for model in chosen
    ]


def records_of(work, **changes):
    """A Record for each cell, as if it had been trained."""
    return [
        OK.updated(
            key=key,
            task=one.task.key,
            family=one.task.family,
            model=one.model.name,
            budget=one.budget,
            recipe=one.recipe,
            suite=one.suite,
            **changes,
        )
        for key, one in plan(work, []).missing.items()
    ]


def cells_of(jobs):
    return [id(one) for job in jobs for one in job.cells]


def test_what_the_engine_makes_of_a_plan_completes_it():
    work = [cell(model="mlp-silu"), cell(model="kan"), cell(budget=100)]
    first = plan(work, [])
    assert list(first.missing.values()) == work
    records = list(execute(first.jobs, workers=0))
    assert {record.key for record in records} == set(first.missing)
    assert plan(work, records) == (records, [], {}, [])


def test_without_records_all_is_missing_and_with_them_nothing_is():
    work = suite_of("mlp-silu", "kan")
    first = plan(work, [])
    assert first.done == first.stale == []
    assert sorted(cells_of(first.jobs)) == sorted(map(id, work))
    assert len(first.missing) == len(work)
    records = records_of(work)
    again = plan(work, records)
    assert {record.key for record in again.done} == set(first.missing)
    assert again.jobs == []
    assert again.missing == {}


def test_fresh_takes_all_for_missing():
    work = suite_of("mlp-silu")
    assert plan(work, records_of(work), fresh=True) == plan(work, [])


def test_a_failure_is_done_until_it_is_retried():
    work = [cell(), cell(model="kan")]
    records = [
        record.updated(status=status)
        for record, status in zip(records_of(work), ("crashed", "timeout"), strict=True)
    ]
    assert plan(work, records).done == records
    only = plan(work, records, retry=statuses(["timeout"]))
    assert only.done == records[:1]
    assert only.jobs == [Job((work[1],))]
    assert plan(work, records, retry=statuses(["failed"])).done == []
    assert plan(work, records, retry=statuses(["out_of_memory"])).jobs == []


def largest_job():
    """Several cells that train together."""
    jobs = plan(suite_of("mlp-silu", tasks=TASKS), []).jobs
    job = max(jobs, key=lambda job: len(job.cells))
    assert len(job.cells) > 1
    return job


def test_a_job_of_which_a_cell_is_missing_runs_whole_and_gives_the_missing_record_only():
    job = largest_job()
    first, *others = records_of(job.cells)
    left = plan(job.cells, others)
    assert left.jobs == [job]
    assert left.missing == {first.key: job.cells[0]}
    assert left.done == others


def test_a_failure_among_others_is_retried_alone_unless_they_run_again():
    job = largest_job()
    first, *others = records_of(job.cells)
    broken = first.updated(status="crashed")
    retried = plan(job.cells, [broken, *others], retry=FAILED)
    assert retried.jobs == [Job(job.cells[:1])]
    assert list(retried.missing) == [broken.key]
    both = plan(job.cells, [broken, *others[1:]], retry=FAILED)
    assert both.jobs == [job]
    assert set(both.missing) == {broken.key, others[0].key}


def test_only_what_was_changed_is_left_to_do():
    work = [cell(), cell(model="kan")]
    records = records_of(work)
    longer = cell(recipe=RECIPE.model_copy(update={"optimizers": (Optimizer(evaluations=3),)}))
    renamed = cell(recipe=RECIPE.model_copy(update={"name": "another name"}))
    assert plan([longer, work[1]], records).jobs == [Job((longer,))]
    assert plan([renamed, work[1]], records).jobs == []
    assert len(plan([cell(budget=251)], records).jobs) == 1
    assert len(plan([cell(task=get_task("feynman27/I.16.6"))], records).jobs) == 1


def test_a_changed_source_is_run_again_and_its_old_record_is_named(tmp_path):
    path = tmp_path / "mine.py"

    def planned(text):
        path.write_text(text)
        os.utime(path, ns=(0, 0))
        return plan([cell(model=find_model(str(path)))], records)

    records = []
    (first,) = planned(MODEL_FILE).missing.values()
    records = records_of([first])
    assert planned(MODEL_FILE + "# a remark\n").done == records
    changed = planned(MODEL_FILE.replace("nn.Linear(4, dim_out)", "nn.Linear(4, dim_out, False)"))
    assert changed.done == []
    assert len(changed.jobs) == 1
    assert changed.stale == records


def test_records_of_other_cells_are_not_stale():
    work = [cell()]
    others = records_of([cell(budget=100), cell(model="kan"), cell(get_task("poisson"))])
    assert plan(work, [*others, *records_of(work)]).stale == []
    assert plan(work, others).stale == []


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_shards_are_disjoint_and_cover_everything(count):
    work = suite_of("mlp-silu", "kan")
    parts = [plan(work, [], shard=Shard(index, count)) for index in range(1, count + 1)]
    assert sorted(chain(*(part.missing for part in parts))) == sorted(plan(work, []).missing)
    assert sorted(cells_of(chain(*(part.jobs for part in parts)))) == sorted(map(id, work))


def test_a_shard_keeps_its_cells_when_other_models_are_added():
    one, more = suite_of("kan"), suite_of("mlp-silu", "kan", "chebykan")
    for index in (1, 2, 3):
        before = set(plan(one, [], shard=Shard(index, 3)).missing)
        after = plan(more, [], shard=Shard(index, 3)).missing
        assert before == {key for key, part in after.items() if part.model.name == "kan"}


def test_a_shard_keeps_its_cells_when_some_are_done_or_have_failed():
    work = suite_of("mlp-silu", tasks=TASKS)
    records = [record.updated(status="crashed") for record in records_of(work)]
    for index in (1, 2):
        shard = Shard(index, 2)
        whole = set(plan(work, [], shard=shard).missing)
        assert {record.key for record in plan(work, records, shard=shard).done} == whole
        assert set(plan(work, records, shard=shard, retry=FAILED).missing) == whole


@given(st.lists(st.text(), min_size=1), st.integers(1, 100))
def test_a_job_is_in_one_shard(keys, count):
    assert sum(Shard(index, count).holds(keys) for index in range(1, count + 1)) == 1


def test_a_shard_is_read_as_it_is_written():
    assert read_shard("3/64") == Shard(3, 64)
    assert str(read_shard("3/64")) == "3/64"


@pytest.mark.parametrize("text", ["", "3", "0/4", "5/4", "-1/4", "1/0", "a/b", "1/2/3", "1.0/2"])
def test_what_is_no_shard_is_refused_in_one_line(text):
    with pytest.raises(UserError, match=r"want i/n with 1 <= i <= n") as caught:
        read_shard(text)
    assert "\n" not in str(caught.value)


def test_what_to_retry_is_read_from_names_and_lists():
    assert statuses([]) == frozenset()
    assert statuses(["failed"]) == FAILED
    assert statuses(["timeout, crashed", "diverged"]) == {"timeout", "crashed", "diverged"}
    for wrong in ("ok", "", "timeout,", "time"):
        with pytest.raises(UnknownName, match="unknown status to retry"):
            statuses([wrong])


def test_steps_count_every_stage_tuning_included():
    assert steps_of(cell()) == 4
    assert steps_of(cell(get_task("bumps_1d"))) == 2 * (5 + 5)
    assert steps_of(cell(get_task("poisson"), "linearkan")) == 0  # has no second derivative


def test_an_estimate_grows_with_the_work():
    def seconds(*work):
        return estimate([Job((one,)) for one in work])

    once = seconds(cell())
    more = [
        [cell(), cell()],
        [cell(budget=1_000)],
        [cell(recipe=RECIPE.model_copy(update={"points": 10_000}))],
        [cell(recipe=RECIPE.model_copy(update={"evaluation_seeds": (0, 1, 2)}))],
        [cell(recipe=RECIPE.model_copy(update={"optimizers": (Optimizer(evaluations=9),)}))],
        [cell(get_task("poisson"))],
    ]
    assert once > 0
    assert all(seconds(*work) > once for work in more)
    assert estimate([]) == 0


def test_an_estimate_learns_from_the_records_of_a_model_then_from_those_of_others():
    own = [*records_of([cell()], seconds=7), *records_of([cell(get_task(TASKS[1]))], seconds=9)]
    others = records_of([cell(model="kan")], seconds=100)
    job = [Job((cell(get_task("feynman27/II.35.18")),))]
    assert estimate(job, [*own, *others]) == 8
    assert estimate(job, others) == 100
    formula = estimate(job)
    assert estimate(job, [record.updated(status="timeout") for record in own]) == formula
    assert estimate(job, records_of([cell(budget=500)], seconds=5)) == formula
    assert estimate(job, records_of([cell(get_task("poisson"))], seconds=5)) == formula


@pytest.mark.parametrize("name", list_suites())
def test_every_cell_of_a_suite_has_a_key_of_its_own_to_resume_by(name):
    work = cells(get_suite(name))[:12]
    missing = plan(work, []).missing.values()
    assert len(missing) == len(work)
    assert all(cell in missing for cell in work)  # in the order of jobs
