"""Children: the same numbers, and no death costs more than its own Record.

The models are files of their own, as children find what they train by name or file.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
import torch

from kansci.children import supervised
from kansci.children.assignment import assignment
from kansci.discover import find_model, find_tasks, get_model, get_task, origin_of
from kansci.engines.engine import attempt, execute, isolated
from kansci.forkserver import BEGUN, SERVER, Forkserver
from kansci.models import Model
from kansci.recipe import Optimizer, Recipe
from kansci.suite import MEMORY, Cell
from kansci.together import Job

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits are kept on Linux only")
RECIPE = Recipe(
    optimizers=(Optimizer(evaluations=5),), rates=(1e-2,), evaluation_seeds=(0, 1), points=16
)
TASK = get_task("feynman27/I.12.11")
VOLATILE = {"seconds", "memory", "environment"}
MODEL = """
import ctypes, os, signal, socket, subprocess, sys, time
import torch
from torch import nn
from kansci.models import Model

class Doomed(nn.Linear):
    calls = 0

    def forward(self, x):
        Doomed.calls += 1
        {act}
        return super().forward(x)

def build(dim_in, dim_out, parameters):
    return Doomed(dim_in, dim_out)

model = Model({name!r}, build)
"""


@pytest.fixture
def doomed(tmp_path):
    """Makes a model that does something to its process when it is called."""

    def make(act, name="doomed"):
        path = tmp_path / f"{name}.py"
        path.write_text(MODEL.format(act=act, name=name))
        return find_model(str(path))

    return make


def job(model, *tasks, recipe=RECIPE):
    chosen = tasks or (TASK,)
    return Job(tuple(Cell(task, model, 250, recipe, "custom") for task in chosen))


def longer(evaluations):
    return RECIPE.model_copy(update={"optimizers": (Optimizer(evaluations=evaluations),)})


def without_volatile(record):
    return record.model_dump(exclude=VOLATILE)


def left_over(mark):
    """Processes that carry a mark in their environment or command."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.status() != psutil.STATUS_ZOMBIE and mark in " ".join(process.cmdline()):
                found.append(process.pid)
        except psutil.Error:
            pass
    return found


def none_left(mark, seconds=10.0):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if not left_over(mark):
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize("name", ["mlp-silu", "kan", "fastkan"])
@pytest.mark.parametrize("task", ["feynman27/I.12.11", "bumps_1d", "poisson"])
def test_a_child_gives_the_numbers_of_this_process(name, task):
    one = job(get_model(name), get_task(task))
    (here,), (there,) = attempt(one), isolated(one)
    assert there.status == "ok"
    assert without_volatile(there) == without_volatile(here)
    assert there.environment.threads == 1
    assert there.seconds > 0
    assert 50 < there.memory < MEMORY


def test_cells_that_train_together_do_so_in_a_child():
    tasks = find_tasks("feynman27/I.1*")
    alike = [task for task in tasks if task.dim_in == TASK.dim_in][:3]
    one = job(get_model("kan"), *alike)
    assert [without_volatile(r) for r in isolated(one)] == [
        without_volatile(r) for r in attempt(one)
    ]


FATES = [
    ("os.kill(os.getpid(), signal.SIGSEGV)", "crashed", "SIGSEGV"),
    ("ctypes.string_at(0)", "crashed", "SIGSEGV"),
    ("os.abort()", "crashed", "SIGABRT"),
    ("os._exit(3)", "crashed", "exit code 3"),
    ("os._exit(0)", "crashed", "exit code 0 before it was done"),
    ("sys.exit('no')", "crashed", "SystemExit: no"),
    ("raise RuntimeError('lost the way')", "crashed", "RuntimeError: lost the way"),
    ("torch.empty(10**10)", "out_of_memory", "allocate memory"),
    ("bytearray(5 * 10**9)", "out_of_memory", "MemoryError"),
    ("return torch.zeros(3)", "invalid_output", "got"),
    ("return super().forward(x) * (1 if self.training else torch.nan)", "invalid_output", "finite"),
    ("return super().forward(x) * torch.inf", "diverged", "not finite"),
    ("print('x' * 1000); sys.stderr.write('y'); sys.stdout.flush()", "ok", ""),
]


@pytest.mark.parametrize(("act", "status", "said"), FATES, ids=[fate[0][:35] for fate in FATES])
def test_whatever_a_model_does_to_its_process_is_a_row(doomed, act, status, said, capfd):
    (record,) = isolated(job(doomed(act)), seconds=60)
    assert (record.status, record.members) == (status, (status,) * 2)
    assert said in record.reason
    assert "\n" not in record.reason
    assert "xxx" not in capfd.readouterr().out


def test_a_death_costs_one_record_and_the_others_go_on(doomed):
    jobs = [job(doomed("os._exit(3)")), job(get_model("mlp-silu")), job(get_model("kan"))]
    found = {record.model: record.status for record in execute(jobs, workers=2)}
    assert found == {"doomed": "crashed", "mlp-silu": "ok", "kan": "ok"}


def test_a_model_that_cannot_be_built_within_the_budget_does_not_fit():
    tight = Job((Cell(TASK, get_model("kan"), 1, RECIPE, "custom"),))
    (record,) = isolated(tight)
    assert (record.status, record.members) == ("does_not_fit", ())


def test_a_model_that_does_not_apply_needs_no_child(monkeypatch):
    monkeypatch.setattr(SERVER, "child", None)
    (record,) = isolated(job(get_model("linearkan"), get_task("poisson")))
    assert record.status == "not_applicable"


def test_what_hangs_is_killed_with_all_that_it_started_and_keeps_its_curve(doomed):
    act = (
        "subprocess.Popen(['sleep', '987.125']) if Doomed.calls == 20 else None\n"
        "        time.sleep(600) if Doomed.calls > 1_500 else None"
    )
    model = doomed(act)
    one = job(model, recipe=longer(1_000))
    begun = time.monotonic()
    (record,) = isolated(one, seconds=6)
    assert record.status == "timeout"
    assert record.reason == "want at most 6 seconds for a cell"
    assert record.rate == 1e-2
    assert time.monotonic() - begun < 60
    (curve,) = record.curves
    assert len(curve.losses) > 5
    assert all(len(row) == 2 for row in curve.losses)
    assert none_left("987.125")


def test_what_a_child_started_dies_when_it_is_done(doomed):
    model = doomed("subprocess.Popen(['sleep', '987.25']) if Doomed.calls == 2 else None")
    (record,) = isolated(job(model))
    assert record.status == "ok"
    assert none_left("987.25")


def test_a_child_that_is_killed_from_outside_is_tried_once_more(doomed, tmp_path):
    mark = tmp_path / "mark"
    act = f"os.path.exists({str(mark)!r}) or (open({str(mark)!r}, 'w'), os.kill(os.getpid(), 9))"
    steps = []
    one = job(doomed(act))
    (record,) = isolated(one, progress=lambda cell, count: steps.append(count))
    assert mark.exists()
    assert record.status == "ok"
    assert sum(steps) == 10


def test_a_child_that_is_killed_from_outside_twice_is_crashed(doomed, tmp_path):
    tally = tmp_path / "tally"
    act = f"f = open({str(tally)!r}, 'a'); f.write('+'); f.close(); os.kill(os.getpid(), 9)"
    (record,) = isolated(job(doomed(act)))
    assert (record.status, record.members) == ("crashed", ("crashed",) * 2)
    assert record.reason == "its process was killed from outside, twice"
    assert tally.read_text() == "++"


def test_what_the_system_killed_for_its_memory_is_out_of_memory(doomed, monkeypatch):
    counts = iter(range(100))
    monkeypatch.setattr(supervised, "killed_for_memory", lambda: next(counts))
    (record,) = isolated(job(doomed("os.kill(os.getpid(), 9)")))
    assert record.status == "out_of_memory"
    assert "no memory left" in record.reason


# A child's own end of the talk is a socket that it did not open itself.
TALK = (
    "framed = lambda h: len(h).to_bytes(4, 'big') + bytes(4) + h; "
    "handles = [int(n) for n in os.listdir('/proc/self/fd') if int(n) > 2]; "
    "own = [n for n in handles if os.path.exists(f'/proc/self/fd/{n}') and "
    "os.readlink(f'/proc/self/fd/{n}').startswith('socket:')]; "
    "s = socket.socket(fileno=own[0]); s.sendall(%s); time.sleep(600)"
)
NONSENSE = [
    ("b'GET / HTTP/1.1' * 10", "a message of"),
    ("framed(b'{}')", "kind"),
    ("framed(b'[' * 100_000)", "recursion"),
    ("""framed(b'{"kind": "steps", "count": -5}')""", "count"),
    ("""framed(b'{"kind": "tuned", "facts": [], "memory": 0}')""", "want answers for 1 tasks"),
    ("""framed(b'{"kind": "learned", "facts": [], "memory": 0}')""", "want answers for 1 tasks"),
    ("(b'\\0\\0\\0\\4\\xff\\xff\\xff\\xff' + b'null')", "a message of 4 and 4294967295 bytes"),
]


@pytest.mark.parametrize(("sent", "said"), NONSENSE, ids=[case[1] for case in NONSENSE])
def test_a_child_that_sends_nonsense_is_crashed(doomed, sent, said):
    (record,) = isolated(job(doomed(TALK % sent)), seconds=60)
    assert record.status == "crashed"
    assert "sent what no worker sends" in record.reason
    assert said in record.reason


def test_one_bad_cell_of_a_job_costs_one_record(doomed):
    tasks = [task for task in find_tasks("feynman27/*") if task.dim_in == 2][:3]
    # A network does not know its task: this one asks who trains it.
    act = (
        "import inspect; frame = inspect.currentframe(); low = 0\n"
        "        while frame is not None and 'tasks' not in frame.f_locals: frame = frame.f_back\n"
        f"        if any(t.name == {tasks[1].name!r} for t in frame.f_locals['tasks']): os._exit(7)"
    )
    steps = []
    records = isolated(
        job(doomed(act), *tasks), progress=lambda c, n: steps.append((c.task.name, n))
    )
    assert [record.task for record in records] == [task.key for task in tasks]
    assert [record.status for record in records] == ["ok", "crashed", "ok"]
    for task in (tasks[0], tasks[2]):
        assert sum(count for name, count in steps if name == task.name) == 10


def test_progress_and_notes_of_children_are_heard():
    steps, notes = [], []
    jobs = [job(get_model(name), recipe=longer(60)) for name in ("mlp-silu", "mlp-tanh")]
    list(
        execute(
            jobs,
            workers=2,
            progress=lambda cell, count: steps.append((cell.model.name, count)),
            note=notes.append,
        )
    )
    for name in ("mlp-silu", "mlp-tanh"):
        assert sum(count for model, count in steps if model == name) == 120
    assert len(steps) > 4
    assert notes == []


LOOPED = "return super().forward(x) * (1 if x.sum() > -1e9 else 2)"


def test_a_note_is_handed_on_once(doomed):
    notes = []
    jobs = [job(doomed(LOOPED, name)) for name in ("one", "two")]
    records = list(execute(jobs, workers=2, gear="compiled", note=notes.append))
    assert [record.lifted for record in records] == [False, False]
    assert [record.gear for record in records] == ["eager", "eager"]
    assert notes == ["not compiled: a model that cannot be lifted runs eager"]


def test_children_end_with_the_parent_s_interest(doomed):
    hangs = doomed("subprocess.call(['sleep', '987.375'])")
    running = execute([job(hangs), job(get_model("kan"))], workers=2)
    assert next(running).model == "kan"
    end = time.monotonic() + 20
    while not left_over("987.375") and time.monotonic() < end:
        time.sleep(0.05)
    assert left_over("987.375")
    running.close()
    assert none_left("987.375")


SCRIPT = """
import sys
import kansci
recipe = kansci.Recipe.model_validate_json(sys.argv[2])
print("begun", flush=True)
record = kansci.run("feynman27/I.12.11", sys.argv[1], recipe=recipe, device="cpu")
print(record.status, record.reason)
"""


@pytest.mark.slow
def test_a_plain_script_runs_once_and_needs_no_guard(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    done = subprocess.run(
        [sys.executable, str(script), "kan", RECIPE.model_dump_json()],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.stdout.split() == ["begun", "ok"]
    assert done.stderr == ""
    assert done.returncode == 0


AUTOGROUP = Path("/proc/self/autogroup")


@pytest.mark.slow
@pytest.mark.skipif(not AUTOGROUP.exists(), reason="this kernel weighs processes alone")
def test_who_is_nice_lets_other_sessions_go_first(doomed, tmp_path):
    doomed(f"raise ValueError(open('{AUTOGROUP}').read())")  # of a package: in no sandbox
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    command = [sys.executable, str(script), "doomed:model", RECIPE.model_dump_json()]
    done = subprocess.run(
        ["nice", "-n", "7", *command], capture_output=True, text=True, timeout=120
    )
    assert f"nice {os.nice(0) + 7}" in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGINT], ids=["killed", "interrupted"])
def test_nothing_outlives_its_parent(doomed, tmp_path, sign):
    number = f"987.5{int(sign)}"
    doomed(f"subprocess.call(['sleep', '{number}'])")
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    command = [sys.executable, str(script), str(tmp_path / "doomed.py"), RECIPE.model_dump_json()]
    parent = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    end = time.monotonic() + 60
    while not left_over(number) and time.monotonic() < end:
        time.sleep(0.1)
    below = psutil.Process(parent.pid).children(recursive=True)
    assert len(below) >= 3  # the forkserver, the child, and what it started
    parent.send_signal(sign)
    parent.wait(30)
    _, alive = psutil.wait_procs(below, timeout=15)
    assert alive == []


def test_a_forkserver_that_has_hung_up_is_started_again():
    server = Forkserver("kansci.children.child")
    server.start()
    assert server._control is not None
    assert server._process is not None
    first = server._process
    server._control.shutdown(socket.SHUT_RDWR)
    talk, word = server.child()
    talk.close()
    assert word.recv(100) == BEGUN
    word.close()
    assert first.poll() is not None
    server.close()


@pytest.mark.slow
def test_a_forkserver_that_was_killed_is_started_again(doomed):
    (record,) = isolated(job(get_model("kan")))
    assert record.status == "ok"
    assert SERVER._process is not None
    server = psutil.Process(SERVER._process.pid)
    killer = threading.Timer(1.0, server.kill)
    killer.start()
    (record,) = isolated(job(doomed("time.sleep(5 if Doomed.calls == 1 else 0)")))
    assert record.status == "ok"
    assert not server.is_running()


def test_what_was_made_by_hand_runs_here_and_after_the_others():
    here = os.getpid()

    class Telling(torch.nn.Linear):
        def forward(self, x):
            assert os.getpid() == here
            return super().forward(x)

    model = Model("by hand", lambda dim_in, dim_out, parameters: Telling(dim_in, dim_out))
    records = list(execute([job(model), job(get_model("kan"))], workers=1))
    assert [(record.model, record.status) for record in records] == [
        ("kan", "ok"),
        ("by hand", "ok"),
    ]


def test_a_file_that_changes_while_it_is_in_use_is_not_trained(doomed, tmp_path):
    model = doomed("pass")
    Path(tmp_path, "doomed.py").write_text("model = None")
    (record,) = isolated(job(model))
    assert record.status == "crashed"
    assert "changed while it was in use" in record.reason


def test_a_child_stands_where_its_parent_stands(doomed, tmp_path, monkeypatch):
    monkeypatch.setenv("KANSCI_TEST", "here")
    (tmp_path / "beside.py").write_text("VALUE = 1")
    monkeypatch.syspath_prepend(str(tmp_path))
    act = (
        "import beside; open('seen', 'w').write(os.environ['KANSCI_TEST'] + "
        "os.environ['OMP_NUM_THREADS'] + str(torch.get_num_threads()))"
    )
    (record,) = isolated(job(doomed(act)))
    assert (record.status, record.reason) == ("ok", "")
    assert (tmp_path / "seen").read_text() == "here11"


def test_the_largest_pde_fits_the_default_memory():
    recipe = longer(1).model_copy(update={"dtype": "float64", "points": None})
    big = Job((Cell(get_task("poisson"), get_model("kan"), 16_000, recipe, "custom"),))
    (record,) = isolated(big)
    assert (record.status, record.reason) == ("ok", "")
    assert record.memory < MEMORY


def test_a_copy_that_was_changed_has_no_origin():
    for one in (TASK, get_model("kan"), get_model("kan[grid=7]")):
        origin = origin_of(one)
        assert origin is not None
        assert origin.name == one.name
        assert origin_of(replace(one, about="another")) is None


def test_an_assignment_holds_names_and_no_numbers_of_the_task():
    said = assignment(job(get_model("kan")), device=torch.device("cpu"), gear=None, memory=1)
    assert json.loads(said.model_dump_json())["tasks"] == [["feynman27/I.12.11", "", ""]]
