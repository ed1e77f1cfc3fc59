"""Laws of formulas: each function of the library is found, and so is the formula of the field."""

from __future__ import annotations

import math

import pytest
import sympy
import torch
from torch import Tensor, nn

from kansci.bases import Beside, BSpline, Pointwise
from kansci.calculus import derivatives
from kansci.models import KAN, KANLayer, Units
from kansci.models.edges import edge_layers, plot, prune, train
from kansci.models.multiply import Multiply
from kansci.symbolic import (
    LIBRARY,
    SymbolicLayer,
    agree,
    expression,
    expressions,
    fits,
    rounded,
    symbolic,
)
from kansci.symbolic.fitting import Fit
from kansci.symbolic.library import FUNCTIONS
from kansci.task import Scale

X, Y = sympy.symbols("x y")
EDGES = {
    "x": lambda x: 2 * x + 1,
    "x^2": lambda x: 3 * (x - 0.3) ** 2 + 1,
    "x^3": lambda x: (x + 0.2) ** 3,
    "x^4": lambda x: 2 - (x - 0.1) ** 4,
    "1/x": lambda x: 1 / (x + 1.3),
    "sqrt": lambda x: torch.sqrt(1.1 - x),
    "exp": lambda x: 0.5 * torch.exp(-1.7 * x) + 3,
    "log": lambda x: 2 * torch.log(x + 1.05),
    "sin": lambda x: torch.sin(math.pi * x + 0.3),
    "cos": lambda x: torch.cos(5 * x + 0.1) + 1,
    "tan": lambda x: torch.tan(1.2 * x + 0.2),
    "tanh": lambda x: torch.tanh(3 * x - 1),
    "abs": lambda x: (x - 0.4).abs(),
    "arctan": lambda x: torch.arctan(4 * x + 1),
    "gaussian": lambda x: torch.exp(-((2 * x - 0.5) ** 2)),
}


def points(*shape: int) -> Tensor:
    draw = torch.rand(*shape, generator=torch.Generator().manual_seed(1), dtype=torch.double)
    return 2 * draw - 1


def test_there_is_a_law_for_every_function_of_the_library():
    assert set(EDGES) | {"0"} == set(LIBRARY)


@pytest.mark.parametrize("name", EDGES)
@pytest.mark.parametrize("where", [(-1.0, 1.0), (-0.9, 0.7)], ids=["domain", "part"])
def test_each_function_is_found_with_its_numbers(name: str, where: tuple[float, float]):
    x = where[0] + (where[1] - where[0]) * (points(300) + 1) / 2
    y = EDGES[name](x)
    others = [one for one in LIBRARY if one not in ("cos" if name == "sin" else "sin",)]
    found = {fit.name: fit for fit in fits(x, y, others)}[name]
    a, b, c, d = found.numbers
    rest = (c * FUNCTIONS[name].value(a * x + b) + d - y).square().mean() / y.var()
    assert found.unexplained == pytest.approx(rest.item(), abs=1e-6)
    assert found.unexplained < 1e-20
    assert fits(x, y, others)[0].name == name


def test_what_is_simple_wins_where_both_explain():
    x = points(300)
    assert fits(x, 2 * x**2 - 1, LIBRARY)[0].name == "x^2"
    assert fits(x, 0.3 * x + 1e-5 * torch.sin(20 * x), LIBRARY)[0].name == "x"
    assert fits(x, torch.full_like(x, 3.0), LIBRARY)[0].name == "0"


def test_a_flat_piece_of_a_large_function_pays_for_the_digits_that_cancel():
    x = points(300)
    found = {fit.name: fit for fit in fits(x, x**2, ["x^2", "cos"])}
    assert found["cos"].size > 10 * found["x^2"].size
    assert found["cos"].cost(1.0) > found["x^2"].cost(1.0) + 3


@pytest.mark.parametrize("name", [name for name in LIBRARY if name != "0"])
def test_tensors_and_words_of_a_function_agree(name: str):
    x = torch.tensor([0.2, 0.5, 1.1], dtype=torch.double)
    word = FUNCTIONS[name].word(X)
    want = [float(word.subs(X, value)) for value in x.tolist()]
    assert FUNCTIONS[name].value(x).tolist() == pytest.approx(want)


def named(*rows: list[Fit]) -> SymbolicLayer:
    layer = SymbolicLayer(len(rows[0]), len(rows))
    for out, row in enumerate(rows):
        for into, fit in enumerate(row):
            layer.name(out, into, fit)
    return layer


def hello() -> nn.Sequential:
    """The formula itself, as a network."""
    return nn.Sequential(
        named([Fit("sin", (math.pi, 0.0, 0.5, 1.0), 0), Fit("x^2", (1.0, 0.0, 0.5, 0.0), 0)]),
        named([Fit("exp", (2.0, 0.0, math.exp(-2), 0.0), 0)]),
    )


TRUTH = sympy.exp(sympy.sin(sympy.pi * X) + Y**2)


def test_a_layer_of_names_computes_its_formula_and_derivatives():
    x = points(50, 2)
    network = hello()
    f = torch.exp(torch.sin(math.pi * x[:, :1]) + x[:, 1:] ** 2)
    torch.testing.assert_close(network(x), f)
    slope, bend = derivatives(network, x, [(1,), (1, 1)])
    torch.testing.assert_close(slope.flatten(), (f * 2 * x[:, 1:]).flatten())
    torch.testing.assert_close(bend.flatten(), (f * (2 + 4 * x[:, 1:] ** 2)).flatten())


def test_only_free_numbers_are_trained():
    network, x = hello(), points(50, 2)
    network(x).square().mean().backward()
    first, second = edge_layers(network)
    assert (first.numbers.grad[0, 0] != 0).all()
    assert (first.numbers.grad[0, 1] != 0).tolist() == [False, True, True]
    assert (second.numbers.grad[0, 0] != 0).tolist() == [True, False, True]


def test_an_expression_is_the_network_in_words():
    assert rounded(expression(hello(), ("x", "y"))) == rounded(TRUTH)
    assert agree(expression(hello(), ("x", "y")), TRUTH)
    assert str(expression(hello())).count("x_1") == 1


def test_an_expression_speaks_the_tasks_units():
    network = Units(hello(), ((0.0, 4.0), (-1.0, 1.0)), Scale(10.0, 2.0))
    truth = 10 + 2 * sympy.exp(sympy.sin(sympy.pi * (X - 2) / 2) + Y**2)
    assert agree(expression(network, ("x", "y")), truth)


def test_products_and_normalisations_have_words_too():
    line = Fit("x", (1.0, 0.0, 1.0, 0.0), 0)
    none = Fit("0", (1.0, 0.0, 0.0, 0.0), 0)
    network = nn.Sequential(
        named([line, none], [line, none], [none, line]), Multiply(1, 1), nn.LayerNorm(2).double()
    )
    found = expressions(network, ("x", "y"))
    values = points(1, 2)
    want = network(values)[0]
    for expr, value in zip(found, want, strict=True):
        there = expr.subs({X: values[0, 0].item(), Y: values[0, 1].item()})
        assert float(there) == pytest.approx(value.item())


def test_what_has_no_words_says_what_to_do():
    with pytest.raises(ValueError, match="want edges with names, got KANLayer: call `symbolic`"):
        expression(KAN((2, 1), BSpline))
    with pytest.raises(ValueError, match="want one output, got 2"):
        expression(named([Fit("x", (1, 0, 1, 0), 0)], [Fit("x", (1, 0, 1, 0), 0)]))
    with pytest.raises(ValueError, match=r"want 2 symbols, got \['x'\]"):
        expression(hello(), ("x",))
    with pytest.raises(ValueError, match=r"want a function out of 0, x, .*, got 'gamma'"):
        named([Fit("gamma", (1, 0, 1, 0), 0)])


@pytest.mark.parametrize(
    ("long", "short"),
    [
        ("1.0000001*exp(2.0*(0.5*x - 0.25) + 0.5)", "exp(x)"),
        ("sin(3.0*x + 6.2831853)", "sin(3*x)"),
        ("cos(3.0*x - 1.5707963)", "sin(3*x)"),
        ("-0.5*sin(-2.0*x)", "0.5*sin(2*x)"),
        ("(x + 0.00001)**2 - 0.00002*x", "x**2"),
        ("1/(2.0*x + 4.0)", "0.5/(x + 2)"),
        ("sqrt(4.0*x + 8.0)", "2*sqrt(x + 2)"),
        ("log(2.7182818*x)", "1 + log(x)"),
        ("2.0*Abs(0.5 - 0.5*x)", "Abs(x - 1)"),
        ("tanh(1.0 - 2.0*x)", "-tanh(2*x - 1)"),
        ("0.0001*x + 0.9999", "1"),
        ("exp(x) + 0.5*(0.0001*x + 0.022)**2", "exp(x)"),
    ],
)
def test_constants_are_gathered_and_rounded(long: str, short: str):
    assert rounded(sympy.sympify(long)) == rounded(sympy.sympify(short))


@pytest.mark.parametrize(
    "text",
    ["log(2*x + 1)/3", "sqrt(3 - 2*x)*y", "cos(5 - 2*x)", "(x + y)**2*x/7", "exp(-(2*x - 1)**2)"],
)
def test_rounding_changes_no_more_than_it_rounds(text: str):
    expr, at = sympy.sympify(text), {X: 0.37, Y: 0.21}
    assert float(rounded(expr, 1e-9).subs(at)) == pytest.approx(float(expr.subs(at)), abs=1e-7)


def test_different_formulas_do_not_agree():
    assert agree((X + 0.3) ** 2, X**2 + 0.6 * X + 0.09)
    assert not agree(sympy.sin(3.142 * X), sympy.sin(3.144 * X))
    assert not agree(X**2, X**3)


def spline(dim_in: int) -> Beside:
    return Beside(BSpline(dim_in, grid=3), Pointwise(dim_in))


def test_a_product_is_found_through_multiplication_nodes():
    x = points(400, 2)
    y = torch.sin(2 * x[:, :1]) * torch.exp(x[:, 1:])
    with torch.random.fork_rng():
        torch.random.default_generator.manual_seed(0)
        network = nn.Sequential(KANLayer(2, 2, spline(2)), Multiply(0, 1)).double()
    network[0].keep(torch.eye(2))
    train(network, x, y, steps=200)
    found = expression(symbolic(network, x, y), ("x", "y"))
    assert agree(found, sympy.sin(2 * X) * sympy.exp(Y))


def recovered(seed: int) -> bool:
    x = points(1_000, 2)
    y = torch.exp(torch.sin(math.pi * x[:, :1]) + x[:, 1:] ** 2)
    with torch.random.fork_rng():
        torch.random.default_generator.manual_seed(seed)
        network = KAN((2, 5, 1), spline).double()
    for _ in range(5):
        train(network, x, y, steps=100, sparse=0.01)
        network = prune(network, x)
    train(network, x, y, steps=100)
    formula = rounded(expression(symbolic(network, x, y), ("x", "y")), 1e-3)
    return formula == rounded(TRUTH, 1e-3)


@pytest.mark.slow
def test_the_hello_of_the_field_is_recovered():
    assert sum(recovered(seed) for seed in range(5)) >= 4


def test_edges_that_do_nothing_are_dropped_in_the_end():
    x = points(300, 2)
    network = nn.Sequential(
        named([Fit("sin", (2.0, 0.0, 1.0, 0.0), 0), Fit("x^2", (1.0, 0.0, 1e-6, 0.0), 0)])
    )
    found = symbolic(network, x, torch.sin(2 * x[:, :1]))
    assert edge_layers(found)[0].names == [["sin", "0"]]
    with pytest.raises(ValueError, match="want two functions or more to choose from"):
        symbolic(network, x, names=["x"])


def test_a_picture_names_its_functions():
    (axes,) = plot(hello()).axes
    assert {"sin", "$x^2$", "exp"} <= {text.get_text() for text in axes.texts}
