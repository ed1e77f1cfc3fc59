"""A PDE task follows from its equations: points, loss, probe, order."""

import pytest
import torch
from torch import Tensor

from kansci.equations import on, periodic, unsolved
from kansci.losses import MeanSquares
from kansci.pde import Data, Weights, latex, pde
from kansci.pde.region import Region
from kansci.recipe import Optimizer, Recipe
from kansci.sampling import sobol, stream
from kansci.task import Coefficient, Task


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
    task = a_pde(weights=Weights(0.25, 3.0, 5.0))
    stage = task.stages[0]
    inside, start, left, right = stage.sample(stream("test"), stage.points)
    found = stage.loss(lambda x: x[:, :1] * x[:, 1:], inside, start, left, right)
    edges = (4 * left[:, 1] ** 2).mean() + ((right[:, 1] - 4) ** 2).mean()
    expected = 0.25 * (inside[:, 0] ** 2).mean() + 3 * edges / 2 + 5 * (start[:, 0] ** 4).mean()
    torch.testing.assert_close(found, expected)
    assert found.shape == ()


def test_the_loss_is_the_sum_of_its_parts_and_every_row_stands_for_itself():
    """Two conditions take values, one a slope."""
    weights = Weights(0.25, 2.0, 1.0)
    task = a_pde(weights=weights, equations=("u_t - u_xx", "u_x + u*u_t"), truth="0")
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
    assert Region(("x",), ((0, 1),)).lattice((3,)).tolist() == [[0], [0.5], [1]]


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


def sine(x: Tensor) -> Tensor:
    return torch.sin(x[:, :1] + x[:, 1:] ** 2)


def test_conditions_on_one_place_are_asked_on_the_same_points():
    ends = (on("x = 0", "u - 2*t"), on("x = 0", "u_x"), on("x = 2", "u - 4 - 2*t"))
    task = a_pde(conditions=ends)
    loss, batch = task.stages[0].loss, task.stages[0].sample(stream("test"), 48)
    assert [len(table) for table in batch] == [48, 6, 6]
    assert isinstance(loss, MeanSquares)
    assert [part.takes for part in loss.parts] == [(0,), (1,), (1,), (2,)]
    torch.testing.assert_close(loss(sine, *batch), MeanSquares(*loss.parts)(sine, *batch))


def test_a_corner_is_one_point_and_a_part_of_an_edge_a_part():
    task = a_pde(
        conditions=(on("x = 0, t = 1", "u - 2"), on("x = 2, 0 <= t <= 1/2", "u - 4 - 2*t"))
    )
    _, corner, part = task.stages[0].sample(stream("test"), 80)
    assert corner.tolist() == [[0, 1]]
    assert len(part) == 10
    assert (part[:, 0] == 2).all()
    assert (part[:, 1] <= 0.5).all()


def test_what_is_periodic_is_the_same_at_both_ends():
    task = a_pde(
        conditions=(periodic("x = 0", "x = 2", "u"), periodic("x = 0", "x = 2", "u_x")),
        equations=("u_t - 3",),
        truth="sin(pi*x) + 3*t",
        weights=Weights(boundary=4.0),
    )
    assert task.statement is not None
    assert unsolved(task.statement) == []
    loss, (inside, left) = task.stages[0].loss, task.stages[0].sample(stream("test"), 48)

    def bent(x: Tensor) -> Tensor:
        return x[:, :1] ** 3 * x[:, 1:] + 3 * x[:, 1:]

    t, off = left[:, 1], inside[:, 0] ** 3  # 8 t of values and 12 t of slopes are left
    expected = off.square().mean() + 2 * ((8 * t).square().mean() + (12 * t).square().mean())
    torch.testing.assert_close(loss(bent, inside, left), expected)
    wrong = a_pde(conditions=(periodic("x = 0", "x = 2", "u"),)).statement
    assert wrong is not None
    assert unsolved(wrong) == ["u on x = 0 less on x = 2: leaves -4"]


def test_points_and_probe_leave_out_what_is_cut():
    task = a_pde(cut={"x": (1, 2), "t": (0, 0.5)}, grid=(9, 9))
    stage = task.stages[0]
    assert stage.sobol is not None
    for sample in (stage.sample, stage.sobol):
        inside = sample(stream("test"), 500)[0]
        assert len(inside) == 500
        assert (
            not ((inside > torch.tensor([1.0, 0.0])) & (inside < torch.tensor([2.0, 0.5])))
            .all(1)
            .any()
        )
        assert (inside[:, 0] > 1).float().mean() == pytest.approx(1 / 3, abs=0.05)
    x = task.probes[0].x
    assert len(x) == 81 - 3 * 3
    assert [1.5, 0.25] not in x.tolist()
    assert [1.5, 0.5] in x.tolist()


def test_sobol_points_are_spread_more_evenly_than_random_ones():
    """In each of 64 equal boxes lies one of 64 points; another seed scrambles them anew."""
    stage = a_pde().stages[0]
    assert stage.sobol is not None
    one, same, other = (stage.sobol(stream("test", seed), 64)[0] for seed in (0, 0, 1))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)
    for x in (one, other):
        assert len((x * torch.tensor([4.0, 8.0])).floor().unique(dim=0)) == 64
    again = sobol(stream("test"), 3, ((0.0, 1.0),))
    assert again.shape == (3, 1)
    assert again.dtype == torch.double


def test_a_recipe_says_how_collocation_points_are_drawn_and_old_recipes_keep_their_content():
    plain = Recipe(optimizers=(Optimizer(evaluations=1),), rates=(1,), evaluation_seeds=(0,))
    even = plain.model_copy(update={"collocation": "sobol"})
    assert "collocation" not in plain.content()
    assert "sobol" in even.content()


def test_data_are_drawn_once_for_a_member_and_noise_is_a_share_of_their_spread():
    clean = a_pde(data=Data(("u",), 2_000))
    assert clean.vary is not None
    noisy = clean.vary(noise=0.1)
    generator = stream("points", 3)
    first, second = (noisy.stages[0].sample(generator, 48) for _ in range(2))
    assert not torch.equal(first[0], second[0])
    assert all(torch.equal(a, b) for a, b in zip(first[-2:], second[-2:], strict=True))
    exact = clean.stages[0].sample(stream("points", 3), 48)
    assert torch.equal(exact[-2], first[-2])
    torch.testing.assert_close(exact[-1], exact[-2][:, :1] ** 2 + 2 * exact[-2][:, 1:])
    spread = (first[-1] - exact[-1]).std() / clean.probes[0].y.std()
    assert spread.item() == pytest.approx(0.1, rel=0.05)
    loss = clean.stages[0].loss
    assert isinstance(loss, MeanSquares)
    torch.testing.assert_close(loss(sine, *exact), MeanSquares(*loss.parts)(sine, *exact))


def test_coefficients_stand_in_equations_and_are_proved_at_their_truth():
    task = a_pde(
        equations=("u_t - kappa*u_xx",),
        coefficients=(Coefficient("kappa", 3.0, 1.0),),
        data=Data(("u",), 5),
    )
    assert task.statement is not None
    assert unsolved(task.statement) == []
    wrong = a_pde(equations=("u_t - kappa*u_xx",), coefficients=(Coefficient("kappa", 1.0, 2.0),))
    assert wrong.statement is not None
    assert unsolved(wrong.statement) == ["-kappa*u_xx + u_t: leaves -2"]


def test_the_content_hash_sees_coefficients_data_and_an_ansatz():
    variants = [
        a_pde(),
        a_pde(data=Data(("u",), 5)),
        a_pde(data=Data(("u",), 6)),
        a_pde(data=Data(("u",), 5), noise=0.1),
        a_pde(coefficients=(Coefficient("kappa", 1.0, 2.0),)),
        a_pde(coefficients=(Coefficient("kappa", 2.0, 2.0),)),
        a_pde(ansatz=("x**2 + 2*t", "t*x*(2 - x)**2"), boundary="hard"),
        a_pde(ansatz=("x**2 + 2*t", "t*x*(2 - x)**2/2"), boundary="hard"),
    ]
    assert len({task.content for task in variants}) == len(variants)
    assert a_pde(ansatz=("0", "1")).content == a_pde().content


def test_a_hard_boundary_leaves_the_equations_alone_to_be_learned():
    task = a_pde(ansatz=("x**2 + 2*t", "t*x*(2 - x)**2"), boundary="hard")
    assert len(task.stages[0].sample(stream("test"), 8)) == 1
    part = a_pde(ansatz=("x**2", "t"), boundary="hard")  # meets the start alone
    assert len(part.stages[0].sample(stream("test"), 8)) == 3


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
        ({"unknowns": ("u", "v")}, "test: want a truth for each of"),
        ({"boundary": "firm"}, "want boundary soft or hard, got firm"),
        ({"noise": -1.0}, "want noise >= 0, got -1"),
        ({"conditions": (on("x = 0, t = 2", "u"),)}, "want a condition .* t = 2"),
    ],
)
def test_what_is_not_a_problem_says_why(changes: dict, says: str):
    with pytest.raises(ValueError, match=says):
        a_pde(**changes)
