"""A PDE task follows from its equations: points, loss, probe, order."""

import pytest
import torch
from torch import Tensor

from kansci.equations import on, unsolved
from kansci.losses import MeanSquares
from kansci.pde import latex, lattice, pde
from kansci.sampling import stream
from kansci.task import Task


def a_pde(**changes) -> Task:
    fields = {
        "name": "test",
        "version": 1,
        "variables": {"x": (0, 2), "t": (0, 1)},
        "unknowns": ("u",),
        "equations": ("u_t - u_xx",),
        "conditions": (on("t = 0", "u - x**2"), on("x = 0", "u - 2*t"), on("x = 2", "u_x - 4")),
        "truth": "x**2 + 2*t",
        "source": "nowhere",
        "points": 48,
        "grid": (5, 3),
    }
    return pde(**(fields | changes))


def ones(x: Tensor) -> Tensor:
    return torch.ones_like(x[:, :1])


def test_the_loss_is_that_computed_by_hand():
    """For u = x t: r = x - 0; on t = 0: -x^2; on x = 0: -2 t; on x = 2: t - 4."""
    task = a_pde(weights=(0.25, 3.0))
    stage = task.stages[0]
    inside, start, left, right = stage.sample(stream("test"), stage.points)
    found = stage.loss(lambda x: x[:, :1] * x[:, 1:], inside, start, left, right)
    conditions = (
        (start[:, 0] ** 4).mean() + (4 * left[:, 1] ** 2).mean() + ((right[:, 1] - 4) ** 2).mean()
    )
    expected = 0.25 * (inside[:, 0] ** 2).mean() + 3 * conditions / 3
    torch.testing.assert_close(found, expected)
    assert found.shape == ()


def test_the_loss_is_the_sum_of_its_parts_and_every_row_stands_for_itself():
    """Two conditions take values, one a slope."""
    task = a_pde(weights=(0.25, 3.0), equations=("u_t - u_xx", "u_x + u*u_t"), truth="0")
    loss, batch = task.stages[0].loss, task.stages[0].sample(stream("test"), 48)
    assert isinstance(loss, MeanSquares)
    assert [part.takes for part in loss.parts] == [(0,), (0,), (1,), (2,), (3,)]
    assert [part.weight for part in loss.parts] == [0.25, 0.25, 1, 1, 1]

    def predict(x: Tensor) -> Tensor:
        return torch.sin(x[:, :1]) * x[:, 1:] ** 2

    torch.testing.assert_close(loss(predict, *batch), MeanSquares(*loss.parts)(predict, *batch))
    for part in loss.parts:
        (points,) = (batch[place] for place in part.takes)
        every = part.residual(predict, points)
        assert every.shape[0] == len(points)
        torch.testing.assert_close(part.residual(predict, points[2:3]), every[2:3])


def test_several_equations_add_and_several_unknowns_are_columns():
    task = a_pde(
        unknowns=("u", "v"),
        equations=("u_x - v", "v_t - 3", "u + v - 1"),
        conditions=(on("x = 0", "u + v"),),
        truth=("x", "1"),
    )
    batch = task.stages[0].sample(stream("test"), 16)
    found = task.stages[0].loss(lambda x: torch.cat([x[:, :1], 2 * ones(x)], 1), *batch)
    x = batch[0][:, 0]
    torch.testing.assert_close(found, 1 + 9 + ((x + 1) ** 2).mean() + 4)
    assert task.dim_out == 2
    torch.testing.assert_close(task.probes[0].y[:, 1], torch.ones(15, dtype=torch.double))


def test_the_truth_has_no_loss():
    stage = a_pde().stages[0]
    loss = stage.loss(lambda x: x[:, :1] ** 2 + 2 * x[:, 1:], *stage.sample(stream("test"), 48))
    assert loss.item() < 1e-24


def test_points_lie_inside_and_on_the_edges_a_quarter_as_many():
    task = a_pde()
    inside, start, left, right = task.stages[0].sample(stream("test"), 48)
    assert [len(part) for part in (inside, start, left, right)] == [48, 4, 4, 4]
    assert (start[:, 1] == 0).all()
    assert (left[:, 0] == 0).all()
    assert (right[:, 0] == 2).all()
    for part in (inside, start, left, right):
        assert part.dtype == torch.double
        assert ((part >= 0) & (part <= torch.tensor([2.0, 1.0]))).all()


def test_even_one_point_leaves_a_point_on_each_edge():
    assert [len(part) for part in a_pde().stages[0].sample(stream("test"), 1)] == [1, 1, 1, 1]


def test_a_problem_without_conditions_is_its_residual():
    task = a_pde(conditions=(), truth="0")
    batch = task.stages[0].sample(stream("test"), 8)
    assert len(batch) == 1
    assert task.stages[0].loss(lambda x: x[:, :1] ** 2, *batch).item() == pytest.approx(4)


def test_the_order_is_the_highest_of_equations_and_conditions():
    assert a_pde().order == 2
    assert a_pde(conditions=(on("x = 0", "u_xxx"),)).order == 3
    assert a_pde(equations=("u - x",), conditions=()).order == 0


def test_the_probe_is_a_lattice_with_both_ends():
    probe = a_pde().probes[0]
    assert probe.x.shape == (15, 2)
    assert probe.x[0].tolist() == [0, 0]
    assert probe.x[-1].tolist() == [2, 1]
    assert sorted(set(probe.x[:, 0].tolist())) == [0, 0.5, 1, 1.5, 2]
    torch.testing.assert_close(probe.y[:, 0], probe.x[:, 0] ** 2 + 2 * probe.x[:, 1])
    assert lattice(((0, 1),), (3,)).tolist() == [[0], [0.5], [1]]


def test_a_truth_may_be_a_function():
    task = a_pde(truth=lambda x: x[:, :1] ** 2 + 2 * x[:, 1:])
    torch.testing.assert_close(task.probes[0].y, a_pde().probes[0].y)
    assert task.statement is not None
    assert task.statement.truth is None


def test_a_wrong_truth_is_found_out():
    right, wrong = a_pde().statement, a_pde(truth="x**2 + t").statement
    assert right is not None
    assert wrong is not None
    assert unsolved(right) == []
    assert unsolved(wrong) == ["u_t - u_xx: leaves -1", "-2*t + u on x = 0: leaves -t"]


def test_equations_are_shown():
    statement = a_pde().statement
    assert statement is not None
    assert latex(statement) == "u_{t} - u_{xx} = 0"
    assert a_pde().about == "u_t - u_xx = 0"


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"equations": ("u_t - u_zz",)}, "'u_zz' is no variable"),
        ({"equations": ("w_t",)}, "'w_t' is no variable"),
        ({"conditions": (on("z = 0", "u"),)}, "want a condition .* got 'z = 0'"),
        ({"conditions": (on("x = 3", "u"),)}, "want a condition .* got 'x = 3'"),
        ({"conditions": (on("x = 0", "w"),)}, "'w' is no variable"),
        ({"truth": "x*z"}, r"unknown names \['z'\]"),
        ({"truth": "x +"}, "does not parse"),
        ({"unknowns": ("u", "v")}, "test, probe 'domain': want x"),
    ],
)
def test_what_is_not_a_problem_says_why(changes: dict, says: str):
    with pytest.raises(ValueError, match=says):
        a_pde(**changes)
