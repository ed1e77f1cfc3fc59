"""A cluster of two nodes, of which one is lost: every Record is there, with the same numbers."""

import json
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch

from kansci.cli import engines
from kansci.discover import find_model, get_model, get_task, load
from kansci.engines import cluster as cluster_engine
from kansci.engines.membership import SETTINGS, connect, load_ray, need
from kansci.engines.node import Order, Reply, order, serve
from kansci.errors import UserError
from kansci.ledger import load_records
from kansci.recipe import Optimizer, Recipe
from kansci.record import Record
from kansci.runner import record_key_of
from kansci.suite import Cell
from kansci.together import Job

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"
NODES = load(BENCHMARKS / "nodes.py")
FAULTS = load(BENCHMARKS / "faults.py")
TASKS = ("feynman27/I.12.11", "bumps_1d")
MODELS = ("mlp-silu", "kan")
CHOSEN = [*(("--task", task) for task in TASKS), *(("--model", model) for model in MODELS)]
WORDS = ("run", "--suite", "demo", *(word for pair in CHOSEN for word in pair))
SURE = ("--no-mlflow", "--json", "--out", "records")
PATIENCE = 120.0
RECIPE = Recipe(optimizers=(Optimizer(evaluations=4),), rates=(1e-2,), evaluation_seeds=(0,))
MODEL_FILE = """
from torch import nn
from kansci.models import Model

def build(dim_in, dim_out, parameters):
    return nn.Sequential(nn.Linear(dim_in, 4), nn.Tanh(), nn.Linear(4, dim_out))

model = Model("mine", build)
"""
ray = pytest.mark.skipif(
    find_spec("ray") is None or sys.platform != "linux", reason="Ray is not installed, or no Linux"
)


@pytest.fixture(scope="module")
def cluster():
    made = NODES.Cluster(memory=2 * 4_096)
    yield made
    made.close()
    assert NODES.left_of(made) == []


def started(cluster, folder, *words, variables=None):
    command = (sys.executable, "-m", "kansci", *WORDS, *SURE, *words)
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return cluster.popen(*command, variables=variables, cwd=folder, **pipes)


def on(cluster):
    return "--engine", "ray", "--address", cluster.address


def wait_for(what):
    deadline = time.monotonic() + PATIENCE
    while not (found := what()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return found


@ray
@pytest.mark.slow
@pytest.mark.parametrize("token", ["0" * 64, None], ids=["wrong", "none"])
def test_nobody_joins_without_the_token(cluster, tmp_path, token):
    variables = {**cluster.variables, "HOME": str(tmp_path)}
    del variables["RAY_AUTH_TOKEN_PATH"]
    if token:
        variables["RAY_AUTH_TOKEN"] = token
    run = started(cluster, tmp_path, *on(cluster), variables=variables)
    _, said = run.communicate(timeout=PATIENCE)
    assert run.returncode == 2
    assert said.splitlines()[-1] == (
        f"kansci: --address {cluster.address}: want the token of the cluster, got another or none; "
        "see `ray get-auth-token`"
    )


@ray
@pytest.mark.slow
def test_the_cluster_listens_on_the_loopback_address_alone(cluster):
    found = NODES.listening(cluster)
    assert found == {"127.0.0.1"}


@ray
@pytest.mark.slow
def test_a_worker_is_killed_and_a_node_lost_and_no_record_is(cluster, tmp_path):
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    there.mkdir()
    run = started(cluster, there, *on(cluster))
    wait_for(lambda: NODES.training(cluster.head))[0].kill()
    wait_for(lambda: NODES.training(cluster.node))
    NODES.lose(cluster.node)
    assert run.poll() is None
    said, complained = run.communicate(timeout=PATIENCE)
    assert run.returncode == 0, complained
    json.loads(said)  # Ray has added no word of its own
    assert started(cluster, here).communicate(timeout=PATIENCE)
    expected = load_records(here / "records")
    records = load_records(there / "records")
    assert len(records) == len(expected) == len(TASKS) * len(MODELS)
    assert {record.status for record in records} == {"ok"}
    assert FAULTS.numbers(records) == FAULTS.numbers(expected)


@ray
@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("127.0.0.1:1", "want the HOST:PORT of a cluster, got no answer"),
        ("nowhere", "want HOST:PORT, 10.0.0.1:6379 for instance"),
        ("127.0.0.1:99999", "want HOST:PORT, 10.0.0.1:6379 for instance"),
    ],
)
def test_an_address_without_a_cluster_is_refused_in_one_line(address, said):
    with pytest.raises(UserError, match=f"--address {address}: {said}"):
        connect(address, need("cpu", 1_000))


def test_a_cluster_that_lets_everybody_in_is_not_joined(monkeypatch):
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    with pytest.raises(UserError, match="RAY_AUTH_MODE=disabled: want token"):
        load_ray()


def test_without_ray_a_line_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)  # what an import of it finds
    for name in SETTINGS:
        monkeypatch.setenv(name, SETTINGS[name])
    with pytest.raises(UserError, match=r"no Ray here: pip install 'kansci\[ray\]'"):
        load_ray()


def test_a_node_has_room_for_as_many_jobs_as_its_scarcest_good():
    offered = {"CPU": 8.0, "GPU": 1.0, "memory": 9e9}
    assert need("cpu", 1_000).fits(offered) == 8
    assert need("cpu", 4_096).fits(offered) == 2
    assert need("cuda", 1_000, 0.25).fits(offered) == 4
    assert need("cuda", 1_000, 0.1).fits(offered) == 8
    assert need("cuda", 1_000).fits({"CPU": 8.0, "memory": 9e9}) == 0
    assert need("cpu", 1_000, 0.25).gpus == 0


@pytest.mark.parametrize("share", [0.0, -1.0, 1.5])
def test_a_share_of_a_gpu_is_a_share(share):
    with pytest.raises(UserError, match=r"--gpu-share .*: want more than 0 and at most 1"):
        need("cuda", 1_000, share)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("ray", None, None, None), "want --address HOST:PORT"),
        (("ray", "a:1", None, 2), "--workers with --engine ray"),
        (("local", "a:1", None, None), "--address without a cluster"),
        (("local", None, 0.5, None), "--gpu-share without a cluster"),
        (("rai", None, None, None), "did you mean 'ray'"),
    ],
)
def test_options_that_do_not_go_together_are_refused(options, said):
    with pytest.raises(UserError, match=said):
        engines.check(*options)


def job(*cells):
    return Job(tuple(Cell(task, model, 250, RECIPE, "custom") for task, model in cells))


def written(given, monkeypatch, **changes):
    """What a node of a cluster with a token replies."""
    monkeypatch.setenv("RAY_AUTH_MODE", "token")
    return Reply.model_validate_json(serve(given.model_copy(update=changes).model_dump_json()))


def ordered(one):
    return order(one, device="cpu", seconds=float("inf"), memory=4_096, gear=None)


def test_an_order_survives_its_journey():
    given = ordered(job((get_task("poisson"), get_model("kan"))))
    assert Order.model_validate_json(given.model_dump_json()) == given


@pytest.mark.slow
def test_a_model_of_ones_own_is_found_on_a_node_that_lacks_its_file(tmp_path, monkeypatch):
    path = tmp_path / "mine.py"
    path.write_text(MODEL_FILE)
    one = job((get_task("feynman27/I.12.11"), find_model(str(path))))
    given = ordered(one)
    path.unlink()
    (text,) = written(given, monkeypatch).records
    record = Record.model_validate_json(text)
    assert record.status == "ok"
    path.write_text(MODEL_FILE)
    assert record.key == record_key_of(*one.cells[0][:4])[0]
    assert cluster_engine._records(one, Reply(records=(text,))) == [record]


def test_a_file_that_is_nowhere_costs_its_own_job_a_line(tmp_path, monkeypatch):
    path = tmp_path / "mine.py"
    path.write_text(MODEL_FILE)
    one = job((get_task("feynman27/I.12.11"), find_model(str(path))))
    given = ordered(one)
    path.unlink()
    reply = written(given, monkeypatch, files={})
    assert reply.problem == f"{path}: gone since it was read; run it again"
    (record,) = cluster_engine._records(one, reply)
    assert (record.status, record.reason) == ("crashed", reply.problem)


def test_a_record_of_another_definition_is_none_of_the_job():
    one = job((get_task("feynman27/I.12.11"), get_model("kan")))
    (other,) = cluster_engine._records(one, Reply(problem="gone"))
    reply = Reply(records=(other.updated(key="another").model_dump_json(),))
    (record,) = cluster_engine._records(one, reply)
    assert record.status == "crashed"
    assert record.reason == "its node has another definition of its task or its model"


def test_a_node_of_another_version_refuses(monkeypatch):
    given = ordered(job((get_task("poisson"), get_model("kan"))))
    reply = written(given, monkeypatch, versions={**given.versions, "torch": "1.0"})
    here = torch.__version__
    assert reply.refusal == f"torch 1.0 here and {here} there; install the same on all nodes"


def test_a_node_that_takes_any_client_is_refused(monkeypatch):
    given = ordered(job((get_task("poisson"), get_model("kan"))))
    monkeypatch.delenv("RAY_AUTH_MODE", raising=False)
    reply = Reply.model_validate_json(serve(given.model_dump_json()))
    assert reply.refusal == "it takes any client; start it with RAY_AUTH_MODE=token"
