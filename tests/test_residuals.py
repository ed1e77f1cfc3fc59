"""Residuals ask for what they need once, and sums of derivatives as one."""

import pytest
import sympy
import torch
from torch import Tensor

from kansci.ansatz import Ansatz
from kansci.calculus import Network, Sum, derivatives
from kansci.draws import Draws
from kansci.formulas import read
from kansci.jets import Jet, nested
from kansci.models import Units, get_model
from kansci.residuals import Residual, residuals
from kansci.task import Coefficient, Scale

X = 2 * torch.rand(9, 2, generator=torch.Generator().manual_seed(0), dtype=torch.double) - 1
AXES = ("x", "y")


def waves(x: Tensor) -> Tensor:
    a, b = x[:, 0], x[:, 1]
    return torch.stack([torch.sin(2 * a) * torch.exp(b), torch.cos(a + 3 * b)], -1)


def network(name: str) -> Network:
    with Draws("test"):
        units = Units(get_model(name).build(2, 1, 100), ((-1, 1), (-1, 1)), Scale()).double()
    return Network(units, lambda module, given: module(*given))


def test_fourth_derivatives_that_factor_are_a_sum_of_a_sum():
    residual = Residual(read("(u_xxxx + 2*u_xxyy + u_yyyy)/3 - x"), AXES, ("u",))
    laplacian = Sum(((1.0, (0, 0)), (1.0, (1, 1))))
    assert residual.wanted == [laplacian._replace(of=laplacian)]
    assert residual.order == 4
    found = residual(waves, X)  # of sin 2x exp y, the Laplacian is -3 times it
    torch.testing.assert_close(found, 9 * waves(X)[:, 0] / 3 - X[:, 0])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("v_xxxx + 4*v_xxyy + 3*v_yyyy", 1 + 4 * 9 + 3 * 81),  # (a + b)(a + 3b)
        ("v_xxxx - v_yyyy", 1 - 81),
        ("v_xxxy + v_xyyy", 3 + 27),  # xy (xx + yy)
        ("v_xxxx + v_yyyy", 1 + 81),  # does not factor: asked one by one
        ("v_xxxx + u_yyyy*0 + v_xx", 1 - 1),
    ],
)
def test_sums_of_fourth_derivatives_are_those_worked_out_by_hand(text: str, expected: int):
    """Of cos(x + 3y) every fourth derivative is a multiple of it."""
    found = Residual(read(text), AXES, ("u", "v"))(waves, X)
    torch.testing.assert_close(found, expected * waves(X)[:, 1])


@pytest.mark.parametrize("name", ["mlp-tanh", "chebykan", "kan"])
def test_a_laplacian_of_a_laplacian_is_the_sum_of_fourth_derivatives(name: str):
    predict = network(name)
    whole = Residual(read("u_xxxx + 2*u_xxyy + u_yyyy"), AXES, ("u",))(predict, X)
    apart = derivatives(predict, X, [(0, 0, 0, 0), (0, 0, 1, 1), (1, 1, 1, 1)])
    expected = (apart[0] + 2 * apart[1] + apart[2]).squeeze(-1)
    torch.testing.assert_close(whole, expected, rtol=1e-9, atol=1e-9 * expected.abs().max().item())


def test_residuals_on_the_same_points_are_those_of_each_alone():
    texts = ("u*u_x + v_y", "u_x + v_yy", "x*v", "k*u - v_x")
    known = (Coefficient("k", 0.0, 2.0),)
    every = [Residual(read(text), AXES, ("u", "v"), known) for text in texts]
    assert [bool(one.coefficients) for one in every] == [False, False, False, True]
    for one, found in zip(every, residuals(every, waves, X), strict=True):
        torch.testing.assert_close(found, one(waves, X))


@pytest.mark.parametrize("name", ["mlp-tanh", "kan"])
def test_jets_pass_through_an_ansatz_as_derivatives_do(name: str):
    """Values, first and second derivatives, of formulas of which one is a number."""
    plain = network(name)
    lifts = (read("sin(x)*y"), sympy.Integer(0))
    for lift in lifts:
        ansatz = Ansatz(AXES, (lift,), (read("(1 - x**2)*exp(y)"),))
        plain._module.ansatz = ansatz  # type: ignore[assignment]
        first = tuple(X * 0 + torch.eye(2, dtype=torch.double)[axis] for axis in range(2))
        start = Jet(X, first, (), (((0, 0, 1.0), (1, 1, 2.0)), ((0, 1, 1.0),)))
        through, whole = plain.jet(start), nested(plain, start)
        torch.testing.assert_close(through.value, whole.value)
        for one, other in zip(
            (*through.first, *through.second), (*whole.first, *whole.second), strict=True
        ):
            torch.testing.assert_close(one, other)


def test_an_ansatz_holds_on_the_edge_whatever_the_network_is():
    predict = network("kan")
    predict._module.ansatz = Ansatz(AXES, (read("y"),), (read("1 - x**2"),))  # type: ignore[assignment]
    edge = X.clone()
    edge[:, 0] = 1
    torch.testing.assert_close(predict(edge), edge[:, 1:])
    assert not torch.allclose(predict(X), X[:, 1:])
