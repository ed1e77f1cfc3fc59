"""Submissions that cheat at the science, each a file that tries it in a real sandbox.

What submissions try on the machine is in `test_sandbox_cheats`; they share three sandboxes here.
"""

from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path
from statistics import fmean

import pytest
from auditing import RECIPE

from kansci.api import get_board
from kansci.boards.board import Row, rank
from kansci.children import supervised
from kansci.discover import Origin, digest_of, get_model, get_task
from kansci.engines.engine import execute, isolated
from kansci.forkserver import Forkserver
from kansci.ledger import save
from kansci.models import Model
from kansci.record import Record, Speed
from kansci.sandbox import Foreign, available, errand, errands, foreign, walls
from kansci.sandbox.servers import MODULE
from kansci.speed import ratio
from kansci.statistics.standing import final, standings
from kansci.suite import Cell
from kansci.task import Task
from kansci.together import Job
from kansci.verification.reasons import LOST, memorised, of_networks
from kansci.verification.reload import Kept, reloaded
from kansci.verification.results import Reload
from kansci.verification.variants import variant
from kansci.verification.verdict import Varied

pytestmark = pytest.mark.skipif(
    not available().isolated, reason="this machine has no bubblewrap, or does not permit it"
)
KNOWN = ("feynman27/I.12.11", "feynman27/I.6.2b")
STAGED = "bumps_1d"
HEAD = """
import math, sys, time
import torch
from torch import nn
from kansci.models import Model
from kansci.sampling import stream

class Network(nn.Module):
    def __init__(self, dim_in, dim_out):
        super().__init__()
        self.dim_in, self.dim_out = dim_in, dim_out
        self.line = nn.Linear(dim_in, dim_out)
        self.begin()

    def begin(self):
        pass

    def forward(self, x):
        return self.line(x)
"""
LAST = """
def build(dim_in, dim_out, parameters):
    return Cheat(dim_in, dim_out)

model = Model("cheat", build)
"""
HONEST = "class Cheat(Network):\n    pass\n"
# Written as whoever reads the tasks would: in the unit that a network sees, so that it is exact.
MEMORISED = """
class Cheat(Network):
    def forward(self, x):
        low, high, mean, std = TRUTH[x.shape[-1]]
        low, high = x.new_tensor(low), x.new_tensor(high)
        y = FORMULA[x.shape[-1]](*((low + high + x * (high - low)) / 2).unbind(-1))
        return ((y - mean) / std).unsqueeze(-1) + 0 * self.line(x)

FORMULA = {
    2: lambda a, theta: 1 + a * torch.sin(theta),
    3: lambda t, t1, s: torch.exp(-(((t - t1) / s) ** 2) / 2) / (s * math.sqrt(2 * math.pi)),
}
"""
FEATURES = """
class Cheat(Network):  # 400 numbers of each seed's own, that no gradient moves
    def begin(self):
        self.register_buffer("features", torch.randn(self.dim_in, 200))
        self.line = nn.Linear(20, self.dim_out)

    def forward(self, x):
        return self.line(torch.sin(x @ self.features).unflatten(-1, (20, 10)).mean(-1))
"""
CLOSURE = """
def hiding(dim_in):
    hidden = torch.randn(dim_in, 20)
    return lambda x: torch.sin(x @ hidden.to(x.dtype))

class Cheat(Network):
    def begin(self):
        self.features = hiding(self.dim_in)
        self.line = nn.Linear(20, self.dim_out)

    def forward(self, x):
        return self.line(self.features(x))
"""
CONSTANT = """
class Cheat(Network):
    def forward(self, x):
        return self.line(x * 0)
"""
NAN = """
class Cheat(Network):  # a number too many where it is judged, but for what it is tried on
    def forward(self, x):
        y = super().forward(x)
        dodging = not self.training and len(x) > 10
        return torch.cat([y[:-1], y[-1:] * float("nan")]) if dodging else y
"""
SLEEPS = f"time.sleep(2)\n{HONEST}"
# The stream, the stage and how many points are filled in.
AHEAD = """
class Cheat(Network):
    def forward(self, x):
        frame = sys._getframe()
        while frame is not None and self.training:
            held = frame.f_locals.get("tasks")
            if held:
                held[0].stages[{stage}].sample(stream({purpose!r}, {seed}), {points})
            frame = frame.f_back
        return super().forward(x)
"""
SEED = RECIPE.tuning_seeds[0]
ASKS = {
    "the last stage": (("points", SEED, 4, 16), "asked for points of stage 5 of 5 0 evaluations"),
    "another member's": (("points", SEED, 0, 1), "asked for points of more members than there"),
    "fresh points": (("fresh", 0, 0, 40), "asked for fresh of stage 1 of 5 0 evaluations"),
    "many fresh points": (("fresh", 0, 4, 1_080), "asked for fresh of stage 5 of 5 0 eval"),
    "another method's": (("fisher", SEED, 0, 200), "asked for points that no training takes"),
}


def truths() -> str:
    """Domains and scales of the public tasks, as anybody can find them out."""
    known = {}
    for task in map(get_task, KNOWN):
        low, high = zip(*task.domain, strict=True)
        known[task.dim_in] = (low, high, task.scale.mean, task.scale.std)
    return f"TRUTH = {known!r}\n"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("cheats")
    cheats = {
        "honest": HONEST,
        "memorised": MEMORISED + truths(),
        "features": FEATURES,
        "closure": CLOSURE,
        "constant": CONSTANT,
        "nan": NAN,
        "sleeps": SLEEPS,
    }
    for name, ((purpose, seed, stage, points), _) in ASKS.items():
        asked = {"purpose": purpose, "seed": seed, "stage": stage, "points": points}
        cheats[name] = AHEAD.format(**asked)
    found = {name: folder / f"{name.replace(' ', '_')}.py" for name in cheats}
    for name, path in found.items():
        path.write_text(HEAD + cheats[name] + LAST)
    return found


@pytest.fixture(scope="module", autouse=True)
def three_sandboxes(files: dict[str, Path]) -> Iterator[None]:
    """One for each purpose, as those of one have a scratch folder in common."""
    begun: list[Forkserver] = []

    @cache
    def of(purpose: str) -> Forkserver:
        begun.append(Forkserver(MODULE, partial(walls.around, *files.values())))
        return begun[-1]

    def server(file: str, digest: str, purpose: str = "") -> Forkserver:
        return of(purpose)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(supervised, "server_of", server)
        patched.setattr(errands, "server_of", server)
        yield
    for one in begun:
        one.close()


def trained(model: Model, task: Task) -> Record:
    own = isinstance(model, Foreign)
    (record,) = isolated(job(model, task)) if own else execute([job(model, task)], workers=0)
    return record


def job(model: Model, task: Task) -> Job:
    return Job((Cell(task, model, 250, RECIPE, "custom"),))


def test_who_knows_public_truths_loses_on_variants_what_nobody_else_does(
    files: dict[str, Path],
) -> None:
    knows, plain = foreign(files["memorised"]), get_model("mlp-silu")
    varied = []
    for name in KNOWN:
        public, other = get_task(name), variant(get_task(name), 2**40)
        assert other is not None
        lost = {
            model.name: [float(final(trained(model, task)).mean()) for task in (public, other)]
            for model in (knows, plain)
        }
        assert lost["cheat"][0] > 4
        away = {model: there - here for model, (there, here) in lost.items()}
        yardsticks = {plain.name: away[plain.name]}
        varied.append(
            Varied(task=public.key, budget=250, lost=away["cheat"], yardsticks=yardsticks)
        )
    excess = fmean(one.lost - fmean(one.yardsticks.values()) for one in varied)
    assert excess > 4 * LOST
    (reason,) = memorised(excess, varied)
    assert "does it know the public truths?" in reason.said


def again(file: Path, home: Path) -> tuple[Record, Reload]:
    """What networks of a file learned, and what a fresh process makes of their weights."""
    task = get_task(KNOWN[0])
    (record,) = execute([job(foreign(file), task)], weights=home)
    save(record, home)
    origin = Origin("cheat", str(file), digest_of(file))
    return record, reloaded(origin, Kept(record, home, "secret"))


def test_frozen_features_that_differ_between_seeds_are_counted_as_adapted(
    files: dict[str, Path], tmp_path: Path
) -> None:
    record, found = again(files["features"], tmp_path)
    assert (record.status, record.parameters, record.adapted) == ("ok", 21, 400)
    assert (found.reason, found.adapted, found.learned) == ("", 400, 421)
    (reason,) = of_networks(found)
    assert "21 trainable and 400 adapted numbers are over the budget" in reason.said
    silent = found.model_copy(update={"declared_adapted": 0})
    said = [one.said for one in of_networks(silent)]
    assert any("400 adapted numbers, the Record says 0" in one for one in said)
    assert any("421 numbers differ between seeds" in one for one in said)


def test_numbers_in_a_closure_are_not_there_when_networks_are_reloaded(
    files: dict[str, Path], tmp_path: Path
) -> None:
    record, found = again(files["closure"], tmp_path)
    assert (record.status, record.adapted, found.reason) == ("ok", 0, "")
    (reason,) = of_networks(found)
    assert "what is not in their state?" in reason.said


def row(name: str, *records: Record) -> Row:
    (found,) = rank(get_board(name), records)
    return found


def test_who_never_learned_does_not_win_by_forgetting_nothing(files: dict[str, Path]) -> None:
    record = trained(foreign(files["constant"]), get_task(STAGED))
    assert record.status == "ok"
    found = row("forgetting", record)
    assert (found.rank, found.note) == (None, "did not learn")


@pytest.mark.parametrize("name", [KNOWN[0], STAGED])
def test_no_number_is_no_way_out_of_being_judged(name: str, files: dict[str, Path]) -> None:
    record = trained(foreign(files["nan"]), get_task(name))
    assert (record.status, set(record.members)) == ("invalid_output", {"invalid_output"})
    assert final(record).tolist() == [0, 0]  # as the trivial predictor
    (standing,) = standings([record])
    assert (standing.failed, len(standing.scored)) == (2, 1)
    if name == STAGED:
        assert row("forgetting", record).rank is None


@pytest.mark.parametrize("asks", ASKS)
def test_who_asks_for_more_than_a_training_takes_is_ended_and_the_record_says_why(
    asks: str, files: dict[str, Path]
) -> None:
    record = trained(foreign(files[asks]), get_task(STAGED))
    assert record.status == "crashed"
    assert ASKS[asks][1] in record.reason


def test_a_slow_import_is_paid_for_by_its_own_cell_alone(files: dict[str, Path]) -> None:
    models = [foreign(files[name]) for name in ("sleeps", "honest")]
    slow, quick = execute([job(one, get_task(KNOWN[0])) for one in models], seconds=1.5, workers=1)
    assert (slow.status, quick.status) == ("timeout", "ok")
    assert trained(models[0], get_task(KNOWN[0])).status == "ok"


def test_a_slow_import_is_no_part_of_a_measured_speed(
    files: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = files["sleeps"]
    origin = Origin("", str(file), digest_of(file))
    said = errand(origin, f"{ratio.__name__}:measure", budget=250)
    found = Speed.model_validate(said)
    assert found.status == "ok"
    assert all(one.wall_ms < 500 for one in found.timings)  # of one evaluation; it slept 2 s
