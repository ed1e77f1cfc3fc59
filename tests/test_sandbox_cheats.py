"""What submissions try on those who run them: each is contained, and its Record says why.

Every cheat is a file. They share one sandbox here, as starting one takes seconds.
"""

import socket
import sys
import time
from functools import partial

import psutil
import pytest
import submissions

from kansci.children import supervised
from kansci.discover import Origin, digest_of, get_task
from kansci.engines.engine import isolated
from kansci.errors import UserError
from kansci.forkserver import Forkserver
from kansci.recipe import Optimizer, Recipe
from kansci.sandbox import available, errand, errands, foreign, walls
from kansci.sandbox.servers import MODULE
from kansci.submission import submitting
from kansci.suite import Cell
from kansci.together import Job

pytestmark = pytest.mark.skipif(
    not available().isolated, reason="this machine has no bubblewrap, or does not permit it"
)
RECIPE = Recipe(
    optimizers=(Optimizer(evaluations=3),), rates=(1e-2,), evaluation_seeds=(0, 1), points=16
)
TASK = get_task("feynman27/I.12.11")
SUBMISSION = """
import gc, inspect, os, shutil, signal, socket, subprocess, sys, time
import torch
from torch import nn
import kansci
from kansci.models import Model

def say(*words):
    raise RuntimeError(*map(str, words))

def tried(what, *given):
    try:
        return what(*given)
    except BaseException as error:
        return type(error).__name__

def frames():
    frame = inspect.currentframe()
    while frame is not None:
        yield frame
        frame = frame.f_back

class Cheat(nn.Linear):
    def forward(self, x):
        {act}
        return super().forward(x)

def build(dim_in, dim_out, parameters):
    return Cheat(dim_in, dim_out)

model = Model("cheat", build)
{last}
"""
LEFT = "987.625"
CHEATS = {
    "the network": (
        "say('connected:', socket.socket().connect_ex(('127.0.0.1', {port})))",
        "RuntimeError: ('connected:', '111')",
    ),
    "probes by gc": (
        "say([tried(one.answers, None) for one in gc.get_objects() "
        "if type(one).__name__ in ('Probe', 'Beside')])",
        "RuntimeError: ['PermissionError', 'PermissionError']",
    ),
    "numbers by gc": (
        "say([tuple(one.shape) for one in gc.get_objects() "
        "if isinstance(one, torch.Tensor) and tuple(one.shape) == (10_000, 1)]) "
        "if not self.training else None",
        "RuntimeError: []",
    ),
    "targets by frames": (
        "[one.f_locals['tasks'][0].judged_by('test')[0].answers(0) for one in frames() "
        "if 'tasks' in one.f_locals]",
        "PermissionError: true answers are not in the process that trains",
    ),
    "tasks by name": (
        "say(tried(kansci.get_task, 'feynman27/I.12.11'), tried(os.listdir, {tasks!r}))",
        "('UnknownName', 'FileNotFoundError')",
    ),
    "classes of images": (
        "from sklearn.datasets import load_digits; say(tried(load_digits))",
        "RuntimeError: FileNotFoundError",
    ),
    "open files": (
        "held = [f'/proc/self/fd/{{n}}' for n in os.listdir('/proc/self/fd')]\n"
        "        say({{os.readlink(one).split(':')[0] for one in held if os.path.exists(one)}}"
        " - {{'socket', '/dev/null'}})",
        "RuntimeError: set()",
    ),
    "a probe's targets from its stream": (
        "from kansci.children.blind import Line; from kansci.children.messages import Points\n"
        "        from kansci.sampling import stream\n"
        "        line = next(one for one in gc.get_objects() if isinstance(one, Line))\n"
        "        seed = stream('feynman27/I.12.11/test').initial_seed()\n"
        "        line.ask(Points(place=0, stage=0, seed=seed, source=0, points=10, even=False))",
        "asked for points that no training takes",
    ),
    "more points than there are": (
        "[one.f_locals['tasks'][0].stages[0].sample(torch.Generator().manual_seed("
        "__import__('kansci').sampling.stream('points', 0).initial_seed()), 10**6) "
        "for one in frames() if 'tasks' in one.f_locals]",
        "asked for ",
    ),
    "questions before their time": (
        "from kansci.children.blind import Line; from kansci.children.messages import Inputs\n"
        "        line = next(one for one in gc.get_objects() if isinstance(one, Line))\n"
        "        line.ask(Inputs(place=0, of='validation', number=0)) if self.training else None",
        "asked for validation questions 3 evaluations too early",
    ),
    "points for the questions": (
        "[one.f_locals['task'].stages[0].sample(torch.Generator().manual_seed("
        "__import__('kansci').sampling.stream('points', 0).initial_seed()), 16) "
        "for one in frames() if one.f_code.co_name == '_answers']",
        "asked for points after the questions of probes",
    ),
    "evaluations that were not done": (
        "[one.steps(10**6) for one in gc.get_objects() if type(one).__name__ == '_Telling']",
        "did more evaluations than the recipe has",
    ),
    "the project": (
        "say(tried(open, kansci.__file__, 'a'), tried(open, '/usr/new', 'w'))",
        "('OSError', 'OSError')",
    ),
    "the ledger": (
        "say(tried(shutil.rmtree, {ledger!r}), tried(open, {ledger!r} + '/one.json', 'w'))",
        "('FileNotFoundError', 'FileNotFoundError')",
    ),
    "a link out": (
        "os.path.islink('link') or os.symlink({ledger!r}, 'link')\n"
        "        say(tried(os.listdir, 'link'), tried(os.remove, 'link/one.json'))",
        "('FileNotFoundError', 'FileNotFoundError')",
    ),
    "the parent's environment": (
        "say('secret' in str(os.environ) + open('/proc/1/environ').read() + "
        "str(tried(lambda: open(f'/proc/{{os.getppid()}}/environ').read())))",
        "RuntimeError: False",
    ),
    "its server's memory": (
        "say(tried(open, f'/proc/{{os.getppid()}}/mem', 'rb'))",
        "RuntimeError: PermissionError",
    ),
    "forks without end": ("while True: os.fork()", "started more than 32 processes"),
    "memory": ("bytearray(10**10)", "MemoryError"),
    "memory, in pieces": (
        "[os.fork() for _ in range(3)]; held = bytearray(os.urandom(1)) * 200_000_000; "
        "time.sleep(60)",
        "MB together",
    ),
    "memory, shared": (
        "held = __import__('mmap').mmap(-1, 750 << 20)\n"
        "        [held.write(bytes(1 << 20)) for _ in range(750)]; time.sleep(60)",
        "MB together",
    ),
    "memory that is nobody's": (
        "os.memfd_create('held')",
        "Function not implemented",
    ),
    "what outlives it": (
        "import ctypes; library = ctypes.CDLL(None, use_errno=True)\n"
        "        say(library.shmget(0, 1 << 28, 0o1600), os.strerror(ctypes.get_errno()))",
        "('-1', 'Function not implemented')",
    ),
    "words without end": (
        "from kansci.children.messages import Note, send; from kansci.children.blind import Line\n"
        "        line = next(one for one in gc.get_objects() if isinstance(one, Line))\n"
        "        [send(line._talk, Note(text=str(number))) for number in range(10**6)]",
        "more than 100 notes",
    ),
    "words for the terminal": (
        "raise ValueError('\\x1b[2J\\x1b]0;owned\\x07\\u202edone')",
        "ValueError:  [2J ]0;owned  done",
    ),
    "the disk": (
        "[os.posix_fallocate(os.open(str(n), os.O_CREAT | os.O_WRONLY), 0, 200 << 20) "
        "for n in range(9)]",
        "No space left on device",
    ),
    "a large file": (
        "os.posix_fallocate(os.open('large', os.O_CREAT | os.O_WRONLY), 0, 300 << 20)",
        "File too large",
    ),
    "a pickle": (
        "own = [int(n) for n in os.listdir('/proc/self/fd') if int(n) > 2 and "
        "os.path.exists(f'/proc/self/fd/{{n}}') and "
        "os.readlink(f'/proc/self/fd/{{n}}').startswith('socket')]\n"
        "        said = __import__('pickle').dumps(print)\n"
        "        head = len(said).to_bytes(4, 'big') + bytes(4)\n"
        "        socket.socket(fileno=own[0]).sendall(head + said); time.sleep(60)",
        "sent what no worker sends",
    ),
    "another shape": ("return torch.zeros(3)", "got (3,)"),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("cheats")


@pytest.fixture(scope="module")
def ledger(folder):
    """With a file of its own, and a bundle beside it."""
    place = folder / "ledger"
    place.mkdir()
    (place / "one.json").write_text("{}")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(submitting, "foreign", submissions.here)
        bundle = submissions.submitted(place)
    assert bundle.home.is_relative_to(place)
    return place


@pytest.fixture(autouse=True)
def same_bytes(ledger):
    """A ledger has the same bytes after whatever was tried, each time."""
    before = held(ledger)
    assert len(before) > 3
    yield
    assert held(ledger) == before


def held(place):
    """Bytes of files; what is no file has none."""
    every = sorted(place.rglob("*"))
    return {str(one): one.read_bytes() if one.is_file() else b"" for one in every}


@pytest.fixture(scope="module")
def files(folder, ledger):
    """All submissions, by what they try, and a port at which somebody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        known = {"port": listening.getsockname()[1], "ledger": str(ledger)}
        known["tasks"] = str(walls.PACKAGE.parent / "tasks")
        cheats = {name: (act.format(**known), "") for name, (act, _) in CHEATS.items()}
        cheats |= {name: ("pass", last) for name, last in LAST.items()}
        cheats |= {name: (act, "") for name, act in KILLERS.items()}
        found = {}
        for number, (name, (act, last)) in enumerate(cheats.items()):
            found[name] = folder / f"cheat_{number}.py"
            found[name].write_text(SUBMISSION.format(act=act, last=last))
        yield found
        with pytest.raises(BlockingIOError):
            listening.accept()


@pytest.fixture(scope="module", autouse=True)
def one_sandbox(files):
    """Starts when the environment holds a secret, as that of a user may."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("KANSCI_TOKEN", "secret")
        server = Forkserver(MODULE, partial(walls.around, *files.values()))
        patched.setattr(supervised, "server_of", lambda file, digest, purpose="": server)
        patched.setattr(errands, "server_of", lambda file, digest, purpose="": server)
        yield server
        server.close()


SEES = """
SEEN = []  # what is asked in evaluation, but for the few points on which a start is tried

class Cheat(nn.Linear):
    def forward(self, x):
        if self.training:
            probes = [one for one in gc.get_objects() if type(one).__name__ == "Probe"]
            SEEN.extend(one.x for one in probes if one.split == "test" and "x" in vars(one))
            SEEN and say("knows", len(SEEN))
        elif len(x) > 10:
            SEEN.append(x)
        return super().forward(x)

def build(dim_in, dim_out, parameters):
    SEEN.clear()
    return Cheat(dim_in, dim_out)

model = Model("cheat", build)
"""
LAST = {
    "honest": "",
    "learns for the questions": SEES,
    "sleeps at import": "time.sleep(600)",
    "a name that is none": "model = Model('a\\x1b[2Jb', build)",
    "no model": "model = 3",
    "a daemon": (
        "if os.fork() == 0:\n    os.setsid()\n    os.fork() and os._exit(0)\n"
        f"    os.execvp('sleep', ['sleep', '{LEFT}'])"
    ),
    "gigabytes of words": "[print('x' * 10**7, flush=True) for _ in range(200)]",
}
KILLERS = {
    "stops its server": "os.kill(os.getppid(), signal.SIGSTOP); time.sleep(600)",
    "kills its server": "os.kill(os.getppid(), signal.SIGKILL); time.sleep(600)",
}


def run(file, seconds=60.0, memory=700.0, task=TASK):
    job = Job((Cell(task, foreign(file), 250, RECIPE, "custom"),))
    (record,) = isolated(job, seconds=seconds, memory=memory)
    return record


def test_no_question_of_a_probe_is_known_while_a_stage_is_learned(files):
    assert run(files["learns for the questions"], task=get_task("bumps_1d")).status == "ok"


@pytest.mark.parametrize("cheat", CHEATS)
def test_what_a_submission_tries_is_contained(files, cheat):
    record = run(files[cheat])
    assert record.status != "ok"
    assert CHEATS[cheat][1] in record.reason
    assert record.reason.isprintable()


@pytest.mark.parametrize("name", ["honest", "gigabytes of words"])
def test_what_harms_nobody_is_trained(files, name):
    record = run(files[name])
    assert (record.status, record.reason) == ("ok", "")


def test_nothing_that_a_submission_started_is_left(files):
    assert run(files["a daemon"]).status == "ok"
    end = time.monotonic() + 10
    while left_over() and time.monotonic() < end:
        time.sleep(0.05)
    assert not left_over()


def left_over():
    every = psutil.process_iter(["cmdline"])
    return [one for one in every if LEFT in " ".join(one.info["cmdline"] or ())]


def test_what_never_finishes_loading_is_ended(files):
    file = files["sleeps at import"]
    origin = Origin("", str(file), digest_of(file))
    with pytest.raises(UserError, match="want an answer within 1 s, got none"):
        errand(origin, "kansci.sandbox.foreign:facts", seconds=1)


@pytest.mark.parametrize(
    ("name", "said"),
    [("a name that is none", "a name that can be printed"), ("no model", "want `model = Model")],
)
def test_what_is_no_model_is_refused_in_one_line(files, name, said):
    with pytest.raises(UserError, match=said) as refused:
        foreign(files[name])
    assert str(refused.value).isprintable()


def test_nothing_of_a_submission_is_loaded_here(files):
    model = foreign(files["honest"])
    with pytest.raises(UserError, match="built in its sandbox only"):
        model.build(2, 1, 250)
    assert not any(str(files["honest"].stem) in name for name in sys.modules)


@pytest.mark.parametrize(
    ("cheat", "status"), [("kills its server", "crashed"), ("stops its server", "timeout")]
)
def test_who_attacks_its_server_harms_itself(files, monkeypatch, cheat, status):
    monkeypatch.setattr(supervised, "PATIENCE", 1.0)
    monkeypatch.setattr(supervised, "TRIES", 1)  # another server takes seconds to start
    assert run(files[cheat], seconds=3).status == status
