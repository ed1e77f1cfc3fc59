"""The conformance suite of tasks: those that come with kansci keep its laws, and each law finds
what breaks it."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch

from kansci.cli import main
from kansci.discover import get_task
from kansci.sampling import stream
from kansci.task import Scale, Task
from kansci.testing import TASK_LAWS, check_task

CURVE = get_task("feynman27/I.12.11")
FIELD = get_task("poisson")
BUMPS = get_task("bumps_1d")


def with_stage(task: Task, **changes: object) -> Task:
    return replace(task, stages=(replace(task.stages[0], **changes), *task.stages[1:]))


def with_probe(task: Task, index: int, **changes: object) -> Task:
    probes = list(task.probes)
    probes[index] = replace(probes[index], **changes)
    return replace(task, probes=tuple(probes))


def spoilt(task: Task, spoil: Callable[..., tuple[torch.Tensor, ...]]) -> Task:
    first = task.stages[0].sample
    return with_stage(task, sample=lambda generator, points: spoil(*first(generator, points)))


def global_draws(generator, points):
    x = 2 * torch.pi * torch.rand(points, 2, dtype=torch.double) * torch.tensor([0.1, 1])
    return x, 1 + x[:, :1] * torch.sin(x[:, 1:])


def by_item(predict, x, y):
    return (predict(x) - y).square().mean() * (2.0 if predict(x).sum().item() > 0 else 1.0)


def seen(task: Task) -> torch.Tensor:
    """The first training points of the first member."""
    return task.stages[0].sample(stream("points", 0), task.stages[0].points)[0][:10]


def exposed(task: Task) -> Task:
    x = torch.cat([seen(task), task.probes[1].x])
    y = 1 + x[:, :1] * torch.sin(x[:, 1:])
    return with_probe(task, 1, questions=x, answers=y)


BROKEN: dict[str, tuple[str, Task, str]] = {
    "no version": ("version", replace(CURVE, version=0), "from 1 on"),
    "NaN": ("samples", spoilt(CURVE, lambda x, y: (x, y * torch.nan)), "finite"),
    "single precision": ("samples", spoilt(CURVE, lambda x, y: (x, y.float())), "float64"),
    "global draws": ("samples", with_stage(CURVE, sample=global_draws), "same generator"),
    "a vector of losses": (
        "losses",
        with_stage(CURVE, loss=lambda predict, x, y: (predict(x) - y)[:, 0]),
        "one number",
    ),
    "a loss of nothing": (
        "losses",
        with_stage(CURVE, loss=lambda predict, x, y: y.square().sum()),
        "depends",
    ),
    "a loss that cannot be lifted": ("trains", with_stage(CURVE, loss=by_item), "vmap"),
    "a narrow domain": ("domain", replace(CURVE, domain=((-1, 1), (0, 5))), "widen"),
    "too low an order": ("order", replace(FIELD, order=1), "want order=2"),
    "too high an order": ("order", replace(FIELD, order=3), "want order=2"),
    "other answers": ("answers", with_probe(CURVE, 1, answers=CURVE.probes[1].y + 1e-3), "truth"),
    "another loss than stated": (
        "solved",
        with_stage(CURVE, loss=lambda predict, x, y: (predict(x) - 2 * y).square().mean()),
        "loss of 0",
    ),
    "a probe inside the training points": ("probes apart", exposed(CURVE), "10 points of both"),
    "test points to tune on": (
        "probes apart",
        with_probe(CURVE, 0, questions=CURVE.probes[1].x, answers=CURVE.probes[1].y),
        "of validation",
    ),
    "stages without a tuning task": ("tuning", replace(BUMPS, tuning=None), "tuning task"),
    "a scale of something else": (
        "trivial",
        replace(CURVE, scale=Scale(CURVE.scale.mean, 10 * CURVE.scale.std)),
        "about 1",
    ),
}


@pytest.mark.parametrize(("law", "task", "says"), BROKEN.values(), ids=BROKEN.keys())
def test_each_law_finds_what_breaks_it(law: str, task: Task, says: str):
    report = check_task(task)
    assert not report.passed
    found = {verdict.name: verdict.sentence for verdict in report.broken}
    assert says in found[law]


def test_every_law_is_broken_by_something():
    by_files = {"truth"}  # see below: what a file says wrongly
    twice = {"content"}  # broken with "samples", see below
    assert {law for law, _, _ in BROKEN.values()} | by_files | twice == set(TASK_LAWS)


def test_points_from_global_generators_change_the_content():
    report = check_task(with_stage(CURVE, sample=global_draws))
    assert {"samples", "content"} <= {verdict.name for verdict in report.broken}


PDE = """
from kansci.equations import on
from kansci.pde import pde

task = pde(
    name="mine",{version}
    variables={{"x": {interval}}},
    unknowns=("u",),
    equations=("{equation}",),
    conditions=(on("x = 0", "u"), on("x = 1", "u")),
    truth="{truth}",
    grid=(101,),
    source="a lecture",
)
"""
SOUND = {
    "version": " version=1,",
    "interval": "(0, 1)",
    "equation": "u_xx + pi**2*sin(pi*x)",
    "truth": "sin(pi*x)",
}


@pytest.fixture
def checked(tmp_path, monkeypatch, capsys) -> Callable[..., tuple[int, str]]:
    """Exit code and words of `kansci check` on a file that differs from a sound one."""

    def check(**changes: str) -> tuple[int, str]:
        file = tmp_path / "mine.py"
        file.write_text(PDE.format(**{**SOUND, **changes}), encoding="utf-8")
        monkeypatch.setattr("sys.argv", ["kansci", "check", str(file)])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        return ended.value.code or 0, out + err

    return check


def test_a_file_of_ones_own_is_checked(checked):
    code, said = checked()
    assert code == 0
    assert "mine@1 breaks no law." in said


@pytest.mark.parametrize(
    ("changes", "code", "says"),
    [
        ({"truth": "sin(2*pi*x)"}, 1, "want a truth that solves"),
        ({"equation": "u_xx + "}, 2, "formula"),
        ({"equation": "u_zz + 1"}, 2, "'u_zz' is no variable"),
        ({"equation": "__import__('os').system('true')"}, 2, "want one of sin"),
        ({"equation": "u_xx.real"}, 2, "want numbers, names"),
        ({"equation": "u_xx + 9**9**9"}, 2, "want"),
        ({"interval": "(1, 1)"}, 2, "want"),
        ({"version": ""}, 2, "version"),
    ],
)
def test_a_malformed_task_is_refused_with_the_place_and_the_reason(checked, changes, code, says):
    got, said = checked(**changes)
    assert (got, says in said) == (code, True), said
    if code == 2:
        assert "mine.py, line" in said
        assert said.count("\n") == 1
