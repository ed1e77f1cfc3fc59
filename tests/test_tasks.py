"""Laws of every task that comes with kansci, and of each family against formulas of our own."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import sympy
import torch
from torch import Tensor

from kansci.beside import slopes
from kansci.discover import get_task, home, list_tasks
from kansci.equations import unmet, unsolved
from kansci.formulas import function
from kansci.sampling import stream
from kansci.task import Task

PROBLEMS = (  # the twelve of the core, then others
    *("poisson", "helmholtz", "poisson1d_multiscale", "heat_two_mode", "advection", "wave"),
    *("burgers", "allen_cahn", "kdv", "biharmonic", "kovasznay", "inverse_diffusion"),
    *("inverse_poisson", "heat2d_multiscale", "l_shape", "pykan_poisson"),
)
REFERENCED = ("burgers", "allen_cahn", "kdv")  # no formula; see test_solvers
INVERSE = ("inverse_diffusion", "inverse_poisson")
REGRESSIONS = (  # of each file some; all of them are in test_feynman
    *("feynman/I.12.1", "feynman/test_20", "feynman_corrected/I.29.16", "relukan/f6"),
    *("special/jv", "toy/high_dimensional"),
    *(f"feynman27/{name}" for name in ("I.6.2b", "I.12.11", "I.16.6", "I.29.16")),
    *("feynman27/II.35.18", "feynman27/III.17.37"),
)
STREAMS = tuple(name for name in list_tasks() if get_task(name).family == "continual")
NAMES = (*STREAMS, *REGRESSIONS, *PROBLEMS)
TASKS = {name: get_task(name) for name in NAMES}
PDES = {name: TASKS[name] for name in PROBLEMS}
HARD = {
    name: get_task(name, boundary="hard")
    for name, task in PDES.items()
    if task.vary is not None and name not in INVERSE
}
BUMPS = {name: TASKS[name] for name in ("bumps_1d", "bumps_2d")}
GRIDS = {"bumps_1d", "bumps_cyclic", "bumps_relukan"}  # whose points are published as a fixed grid
SETS = {"digits_classes", "digits_domains"}  # whose points are a fixed set, in a drawn order
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
every_hard = pytest.mark.parametrize("task", HARD.values(), ids=HARD.keys())
exactly = pytest.mark.parametrize("name", [name for name in PROBLEMS if name not in REFERENCED])
every_bumps = pytest.mark.parametrize("task", BUMPS.values(), ids=BUMPS.keys())
every_equation = pytest.mark.parametrize("name", FEYNMAN)


def with_tuning(task: Task) -> list[Task]:
    return [task] if task.tuning is None else [task, task.tuning]


def drawn(task: Task, seed: int) -> list[tuple[Tensor, ...]]:
    generator = stream("points", seed)
    return [stage.sample(generator, stage.points) for stage in task.stages]


def test_the_problems_are_those_and_no_others():
    assert [name for name in list_tasks() if get_task(name).family == "pde"] == sorted(PROBLEMS)


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
            tables = batch[:-1] if task.name in INVERSE else batch  # the last one holds answers
            points = tables if task.family == "pde" else batch[:1]
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
        assert torch.equal(first[0], other[0]) == (task.name in GRIDS)


@every_task
def test_points_of_training_validation_and_test_never_coincide(task: Task):
    groups = {
        "validation": [probe.x for probe in task.judged_by("validation")],
        "test": [probe.x for probe in task.judged_by("test")],
    } | {
        f"member {seed}": [batch[0] for batch in drawn(task, seed)]
        for seed in ((0,) if task.name in GRIDS | SETS else (0, 1, 2, 100))
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


def solution(task: Task, x: Tensor) -> Tensor:
    """The truth's formulas, `(point, out)`."""
    assert task.statement is not None
    assert task.statement.truth is not None
    formulas = [function(formula, task.statement.variables) for formula in task.statement.truth]
    return torch.cat([formula(x) for formula in formulas], -1)


@exactly
def test_the_loss_of_a_pde_is_zero_at_its_truth_and_nowhere_near_it(name: str):
    """Residuals, conditions, weights and data agree with the truth."""
    task = TASKS[name]
    (stage,), (batch,) = task.stages, drawn(task, 0)
    assert stage.loss(lambda x: solution(task, x), *batch).item() < 1e-16
    for off in range(task.dim_out):
        nudge = torch.eye(task.dim_out, dtype=torch.double)[off] * 1e-2

        def near(x: Tensor, nudge: Tensor = nudge) -> Tensor:
            return solution(task, x) + nudge * torch.sin(3 * x.sum(-1, keepdim=True) + 1)

        assert stage.loss(near, *batch).item() > 1e-8


@pytest.mark.parametrize("name", [*STREAMS, *REGRESSIONS])
def test_the_loss_of_a_regression_is_zero_at_its_targets(name: str):
    task = TASKS[name]
    for stage, batch in zip(task.stages, drawn(task, 0), strict=True):
        if task.metric == "error_rate":
            assert stage.loss(lambda x, y=batch[1]: 100 * y, *batch).item() < 1e-20
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


@exactly
def test_the_truth_of_a_pde_solves_it(name: str):
    statement = TASKS[name].statement
    assert statement is not None
    assert unsolved(statement) == []


ORDERS = {"advection": 1, "kdv": 3, "biharmonic": 4}


@every_pde
def test_a_pde_takes_the_derivatives_of_its_equations(task: Task):
    assert (task.metric, task.order) == ("relative_l2", ORDERS.get(task.name, 2))


@every_hard
def test_a_hard_boundary_meets_every_condition_whatever_the_network_is(task: Task):
    assert task.name.endswith("[boundary=hard]")
    assert task.statement is not None
    assert task.ansatz is not None
    assert unmet(task.statement, task.ansatz) == []
    assert len(drawn(task, 0)[0]) == 1
    everywhere = replace(task.ansatz, multiplier=(sympy.Integer(1),))
    assert unmet(task.statement, everywhere) == list(task.statement.conditions)


@every_hard
def test_a_hard_boundary_leaves_room_for_the_truth(task: Task):
    """What the network would have to be is bounded: the multiplier vanishes no faster."""
    assert task.ansatz is not None
    x = task.stages[0].sample(stream("test"), 1_000)[0]
    zero, one = torch.zeros(len(x), 1).double(), torch.ones(len(x), 1).double()
    lift = task.ansatz(x, zero)
    multiplier = task.ansatz(x, one) - lift
    truth = task.probes[0].answers
    assert callable(truth)
    wanted = (truth(x) - lift) / multiplier
    assert wanted.abs().max() < 500


@exactly
def test_slopes_that_stand_beside_are_those_of_the_truth(name: str):
    task = TASKS[name]
    assert task.statement is not None
    asked = [one for one in task.beside if one.asks == "slopes"]
    assert len(asked) == ("t" not in task.statement.variables)
    for one in asked:
        found = slopes(lambda x: solution(task, x), one.x[::401])
        torch.testing.assert_close(found, one.y[::401], rtol=1e-9, atol=1e-9)


@every_pde
def test_the_edges_of_a_pde_are_where_it_says(task: Task):
    assert task.statement is not None
    _, *edges = drawn(task, 0)[0]
    for condition in task.statement.conditions:
        axis = task.statement.variables.index(condition.variable)
        tables = [edge for edge in edges if edge.shape[1] == task.dim_in]
        assert any((table[:, axis] == float(condition.at)).all() for table in tables)


@pytest.mark.parametrize("name", ["poisson", "helmholtz"])
def test_a_pde_weighs_its_residual_a_hundredth(name: str):
    """Of a constant, the conditions are its square and the residual is all but the source."""
    task = TASKS[name]
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


@pytest.mark.parametrize("name", ["poisson", "helmholtz"])
def test_the_probe_of_a_pde_is_the_published_solution(name: str):
    task = TASKS[name]
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


@pytest.mark.parametrize("path", sorted(home("tasks").rglob("*.py")), ids=lambda path: path.stem)
def test_a_task_file_has_at_most_sixty_lines(path: Path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 60
