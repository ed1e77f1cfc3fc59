"""Laws of every task that comes with kansci, and of each family against formulas of our own."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from kansci.discover import get_task, home, list_tasks
from kansci.equations import unsolved
from kansci.formulas import function
from kansci.sampling import stream
from kansci.task import Task

TASKS = {name: get_task(name) for name in list_tasks()}
PDES = {name: task for name, task in TASKS.items() if task.family == "pde"}
BUMPS = {name: task for name, task in TASKS.items() if task.family == "continual"}
FEYNMAN = {
    "I.6.2b": lambda theta, theta1, sigma: (
        np.exp(-(((theta - theta1) / sigma) ** 2) / 2) / (np.sqrt(2 * np.pi) * sigma)
    ),
    "I.12.11": lambda a, theta: 1 + a * np.sin(theta),
    "I.16.6": lambda a, b: (a + b) / (1 + a * b),
    "I.29.16": lambda a, theta1, theta2: np.sqrt(1 + a**2 - 2 * a * np.cos(theta1 - theta2)),
    "II.35.18": lambda n0, a: n0 / (2 * np.cosh(a)),
    "III.17.37": lambda alpha, beta, theta: beta + alpha * beta * np.cos(theta),
}
TURN = (0, 2 * np.pi)
RANGES = {
    "I.6.2b": ((-1.5, 1.5), (-1.5, 1.5), (0.5, 2)),
    "I.12.11": ((-1, 1), TURN),
    "I.16.6": ((-0.9, 0.9), (-0.9, 0.9)),
    "I.29.16": ((0, 1), TURN, TURN),
    "II.35.18": ((0, 1), (-2, 2)),
    "III.17.37": ((0, 1), (0, 1), TURN),
}
CENTRES = (-0.8, -0.4, 0.0, 0.4, 0.8)
PLANE = ((-0.6, -0.6), (0.6, -0.6), (0.0, 0.0), (-0.6, 0.6), (0.6, 0.6))

every_task = pytest.mark.parametrize("task", TASKS.values(), ids=TASKS.keys())
every_pde = pytest.mark.parametrize("task", PDES.values(), ids=PDES.keys())
every_bumps = pytest.mark.parametrize("task", BUMPS.values(), ids=BUMPS.keys())
every_equation = pytest.mark.parametrize("name", FEYNMAN)


def with_tuning(task: Task) -> list[Task]:
    return [task] if task.tuning is None else [task, task.tuning]


def drawn(task: Task, seed: int) -> list[tuple[Tensor, ...]]:
    generator = stream("points", seed)
    return [stage.sample(generator, stage.points) for stage in task.stages]


def test_there_are_ten_tasks_by_family():
    assert list(TASKS) == [
        "bumps_1d", "bumps_2d",
        *sorted(f"feynman27/{name}" for name in FEYNMAN),
        "helmholtz", "poisson",
    ]  # fmt: skip


@every_task
def test_a_task_says_what_it_is_and_where_it_comes_from(task: Task):
    assert task.version == 1
    assert all((task.source, task.about, task.family))
    assert task.stages
    assert task.judged_by("test")
    assert len(task.content) == 64


@every_task
def test_samples_are_finite_float64_points_of_the_domain(task: Task):
    low, high = torch.tensor(task.domain, dtype=torch.double).T
    for one in with_tuning(task):
        for stage, batch in zip(one.stages, drawn(one, 0), strict=True):
            assert len(batch[0]) == stage.points
            points = batch if task.family == "pde" else batch[:1]
            for part in batch:
                assert part.dtype == torch.double
                assert part.isfinite().all()
            for part in points:
                assert part.shape[1] == task.dim_in
                assert ((part >= low - 1e-12) & (part <= high + 1e-12)).all()


@every_task
def test_the_same_seed_repeats_and_another_differs(task: Task):
    for first, same, other in zip(drawn(task, 0), drawn(task, 0), drawn(task, 1), strict=True):
        assert all(torch.equal(a, b) for a, b in zip(first, same, strict=True))
        # The one task whose points are published as a fixed grid.
        assert torch.equal(first[0], other[0]) == (task.name == "bumps_1d")


@every_task
def test_points_of_training_validation_and_test_never_coincide(task: Task):
    groups = {
        "validation": [probe.x for probe in task.judged_by("validation")],
        "test": [probe.x for probe in task.judged_by("test")],
    } | {
        f"member {seed}": [batch[0] for batch in drawn(task, seed)]
        for seed in ((0,) if task.name == "bumps_1d" else (0, 1, 2, 100))
    }
    rows = {
        group: {tuple(x) for part in parts for x in part.tolist()}
        for group, parts in groups.items()
    }
    whole = sum(map(len, rows.values()))
    assert len(set().union(*rows.values())) == whole


@every_task
def test_test_probes_are_new_each_stage_and_lie_in_the_domain(task: Task):
    low, high = torch.tensor(task.domain, dtype=torch.double).T
    for probe in task.probes:
        assert ((probe.x >= low - 1e-12) & (probe.x <= high + 1e-12)).all()
        assert len(probe.x.unique(dim=0)) == len(probe.x)


@every_task
def test_tasks_learn_by_a_loss_that_the_truth_brings_to_zero(task: Task):
    for stage, batch in zip(task.stages, drawn(task, 0), strict=True):
        if task.family == "pde":
            assert task.statement is not None
            assert task.statement.truth is not None
            truth = function(task.statement.truth[0], task.statement.variables)
            assert stage.loss(truth, *batch).item() < 1e-20
        else:
            assert stage.loss(lambda x, y=batch[1]: y, *batch).item() == 0
            moved = stage.loss(lambda x, y=batch[1]: y + task.scale.std, *batch).item()
            assert moved == pytest.approx(1)


@every_task
def test_a_task_with_a_truth_of_its_own_does_not_tune_on_it(task: Task):
    """Rates are chosen on validation points, by the loss, or on another stream."""
    if task.family == "continual":
        assert task.tuning is not None
        assert task.tuning.name == f"{task.name}/tuning"
        assert task.tuning.tuning is None
        assert not torch.equal(task.tuning.probes[0].y, task.probes[0].y)
        assert task.tuning.content != task.content
    else:
        assert bool(task.judged_by("validation")) == (task.family == "feynman")


@every_pde
def test_the_truth_of_a_pde_solves_it(task: Task):
    assert task.statement is not None
    assert unsolved(task.statement) == []
    assert (task.metric, task.order, len(task.statement.conditions)) == ("relative_l2", 2, 4)


@every_pde
def test_the_edges_of_a_pde_are_where_it_says(task: Task):
    inside, *edges = drawn(task, 0)[0]
    assert len(inside) == 1_024
    for edge, (axis, value) in zip(edges, [(0, -1), (0, 1), (1, -1), (1, 1)], strict=True):
        assert (edge[:, axis] == value).all()
        assert len(edge) == 64
        assert len(edge[:, 1 - axis].unique()) == 64


@every_pde
def test_a_pde_weighs_its_residual_a_hundredth(task: Task):
    """Of a constant, the conditions are its square and the residual is all but the source."""
    stage, batch = task.stages[0], drawn(task, 0)[0]
    x, y = batch[0].unbind(-1)
    pi = np.pi
    if task.name == "poisson":
        at = pi * y**2
        wave = torch.sin(pi * x)
        source = 2 * pi * wave * torch.cos(at) - pi**2 * (1 + 4 * y**2) * wave * torch.sin(at)
        residual = -source
    else:
        residual = 3 - (1 - 17 * pi**2) * torch.sin(pi * x) * torch.sin(4 * pi * y)
    found = stage.loss(lambda x: 3 + 0 * x[:, :1], *batch)
    torch.testing.assert_close(found, 0.01 * residual.square().mean() + 9)


@every_pde
def test_the_probe_of_a_pde_is_the_published_solution(task: Task):
    (probe,) = task.probes
    assert probe.x.shape == (201 * 201, 2)
    x, y = probe.x.numpy().T
    across = np.pi * y**2 if task.name == "poisson" else 4 * np.pi * y
    np.testing.assert_allclose(probe.y[:, 0], np.sin(np.pi * x) * np.sin(across), atol=1e-12)


@every_equation
def test_a_feynman_equation_is_the_formula_of_the_lectures(name: str):
    task = TASKS[f"feynman27/{name}"]
    np.testing.assert_allclose(task.domain, RANGES[name], rtol=1e-15)
    assert {probe.split: len(probe.x) for probe in task.probes} == {
        "validation": 1_000,
        "test": 10_000,
    }
    for x, y in [*((probe.x, probe.y) for probe in task.probes), *drawn(task, 0)]:
        expected = FEYNMAN[name](*x.numpy().T)
        np.testing.assert_allclose(y[:, 0], expected, rtol=1e-12, atol=1e-12)


@every_equation
def test_the_scale_of_an_equation_is_that_of_its_values(name: str):
    task = TASKS[f"feynman27/{name}"]
    rng = np.random.default_rng(0)
    low, high = np.array(RANGES[name]).T
    values = FEYNMAN[name](*(low + (high - low) * rng.random((200_000, len(low)))).T)
    assert task.scale.std == pytest.approx(values.std(), rel=0.02)
    assert task.scale.mean == pytest.approx(values.mean(), abs=0.02 * values.std())


@every_bumps
def test_bumps_are_the_sum_of_five(task: Task):
    for one in (task, task.tuning):
        assert one is not None
        assert len(one.stages) == 5
        assert [probe.split for probe in one.probes] == ["validation"] * 5 + ["test"] * 5
    width = 1 / 600 if task.dim_in == 1 else 0.15**2
    centres = np.array(CENTRES)[:, None] if task.dim_in == 1 else np.array(PLANE)
    pairs = [*drawn(task, 0), *((probe.x, probe.y) for probe in task.probes)]
    for x, y in pairs:
        away = ((x.numpy()[:, None] - centres) ** 2).sum(-1)  # (point, bump)
        expected = np.exp(-away / (2 * width)).sum(-1)
        np.testing.assert_allclose(y[:, 0], expected, rtol=1e-12, atol=1e-12)
    grid = np.stack(np.meshgrid(*[np.linspace(-1, 1, 801)] * task.dim_in), -1)
    values = np.exp(-((grid[..., None, :] - centres) ** 2).sum(-1) / (2 * width)).sum(-1)
    assert task.scale.mean == pytest.approx(values.mean(), rel=0.01)
    assert task.scale.std == pytest.approx(values.std(), rel=0.01)


def test_the_stages_of_bumps_1d_are_the_published_points():
    for centre, (x, _) in zip(CENTRES, drawn(TASKS["bumps_1d"], 5), strict=True):
        even = torch.linspace(centre - 0.2, centre + 0.2, 100, dtype=torch.double)
        assert torch.equal(x, even.unsqueeze(-1))


def test_the_windows_of_bumps_2d_are_squares_around_the_centres():
    task = TASKS["bumps_2d"]
    for centre, (x, _), probe in zip(PLANE, drawn(task, 0), task.judged_by("test"), strict=True):
        for points in (x, probe.x):
            assert ((points - torch.tensor(centre)).abs() <= 0.3).all()
            assert (points - torch.tensor(centre)).abs().max() > 0.29


@every_bumps
def test_the_tuning_stream_has_other_centres_in_another_order(task: Task):
    assert task.tuning is not None
    names = [stage.name for stage in task.stages]
    tuned = [stage.name for stage in task.tuning.stages]
    assert sorted(tuned) == sorted(names)
    assert tuned != names


@pytest.mark.slow
def test_content_is_the_same_in_another_process_without_vector_instructions():
    """Other machines have other ones, and Records are compared by it."""
    text = (
        "from kansci.discover import get_task, list_tasks\n"
        "for name in list_tasks(): print(name, get_task(name).content)"
    )
    environment = os.environ | {"ATEN_CPU_CAPABILITY": "default", "PYTHONHASHSEED": "5"}
    there = subprocess.run(
        [sys.executable, "-c", text], check=True, capture_output=True, text=True, env=environment
    )
    assert there.stdout.splitlines() == [f"{name} {task.content}" for name, task in TASKS.items()]


@pytest.mark.parametrize("path", sorted(home("tasks").rglob("*.py")), ids=lambda path: path.stem)
def test_a_task_file_has_at_most_sixty_lines_of_code(path: Path):
    text = path.read_text(encoding="utf-8")
    words = {
        line
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    }
    lines = [
        line
        for number, line in enumerate(text.splitlines(), 1)
        if line.strip() and number not in words and not line.strip().startswith("#")
    ]
    assert len(lines) <= 60
