"""What a formula may say, what it is worth, and what a truth leaves of its equations."""

import math
import signal
from contextlib import contextmanager

import numpy as np
import pytest
import sympy
import torch

from kansci.calculus import Sum, derivatives
from kansci.equations import Statement, on, remainder, unsolved
from kansci.formulas import NAMES, function, read
from kansci.residuals import Residual, terms

X, Y = sympy.symbols("x y", real=True)
FORMULAS = {
    "1 + 2*x - y/4": lambda x, y: 1 + 2 * x - y / 4,
    "-x**2 + +y": lambda x, y: -(x**2) + y,
    "x**-2*(x - y)**3": lambda x, y: x**-2 * (x - y) ** 3,
    "2**3**2*x": lambda x, y: 512 * x,
    "x**0.5 + x**(1/3)": lambda x, y: np.sqrt(x) + np.cbrt(x),
    "0.1 + 1e-3*x": lambda x, y: 0.1 + 1e-3 * x,
    "sqrt(2)*x + pi*y": lambda x, y: math.sqrt(2) * x + math.pi * y,
    "exp(-(x - y)**2/(2*x**2))/sqrt(2*pi*x**2)": lambda x, y: (
        np.exp(-((x - y) ** 2) / (2 * x**2)) / np.sqrt(2 * np.pi * x**2)
    ),
    "sin(pi*x)*sin(pi*y**2) + cos(pi*y**2)": lambda x, y: (
        np.sin(np.pi * x) * np.sin(np.pi * y**2) + np.cos(np.pi * y**2)
    ),
    "1/3 + x*0": lambda x, y: x * 0 + 1 / 3,
    "log(x)*tan(y)/atan(x)": lambda x, y: np.log(x) * np.tan(y) / np.arctan(x),
    "sinh(x) + cosh(y)*tanh(x*y)": lambda x, y: np.sinh(x) + np.cosh(y) * np.tanh(x * y),
    "asin(x/2) + acos(y/2)": lambda x, y: np.arcsin(x / 2) + np.arccos(y / 2),
    "(x + y)**2*sin(x + y)/(1 + (x + y)**2)": lambda x, y: (
        (x + y) ** 2 * np.sin(x + y) / (1 + (x + y) ** 2)
    ),
}
HOSTILE = {
    "__import__('os').getcwd()": "__import__('os').getcwd()",
    "__import__('os')": "__import__('os')",
    "x.real": "x.real",
    "x + y.__class__": "y.__class__",
    "x[0]": "x[0]",
    "(lambda: x)()": "(lambda: x)()",
    "lambda: x": "lambda: x",
    "'x'": "'x'",
    "f'{x}'": "f'{x}'",
    "sin(x=1)": "sin(x=1)",
    "sin(x, y)": "sin(x, y)",
    "sin(*x)": "*x",
    "eval(x)": "eval(x)",
    "sin(cos)(x)": "sin(cos)(x)",
    "[x for x in y]": "[x for x in y]",
    "x if y else 1": "x if y else 1",
    "x < y": "x < y",
    "x and y": "x and y",
    "not x": "not x",
    "~x": "~x",
    "x // y": "x // y",
    "x % y": "x % y",
    "x @ y": "x @ y",
    "(x, y)": "(x, y)",
    "{x}": "{x}",
    "(x := 1)": "x := 1",
    "(lambda: (lambda: x))()()": "(lambda: (lambda: x))()()",
    "f'{__import__(\"os\")}'": "f'{__import__(\"os\")}'",
    "x.__class__.__mro__": "x.__class__.__mro__",
    "getattr(x, 'real')": "getattr(x, 'real')",
    "sin.__globals__": "sin.__globals__",
    "b'x'": "b'x'",
    "{y: x for x in y}": "{y: x for x in y}",
    "sum(x for x in y)": "sum(x for x in y)",
    "2**(2**(2**9))": "2**(2**9)",
    "True*x": "True",
    "None": "None",
    "1j*x": "1j",
    "...": "...",
    "x**y": "x**y",
    "x**65": "x**65",
    "x**pi": "x**pi",
    "9**9**9": "9**9**9",
    "((((9**64)**64)**64)**64)**64": "(9**64)**64",
    "((((2*x)**64)**64)**64)**64": "((2*x)**64)**64",
    "((((1/9)**64)**64)**64)**64": "((1/9)**64)**64",
    "sin((((9.0**64)**64)**64)**64)": "(9.0**64)**64",
    "2**exp(exp(exp(exp(9))))": "2**exp(exp(exp(exp(9))))",
    "exp(exp(exp(exp(9.0))))": "exp(exp(9.0))",
    "1/0": "1/0",
    "x*(1 - 1)**-1": "(1 - 1)**-1",
    "log(0)": "log(0)",
    "sqrt(-1)": "sqrt(-1)",
    "1e999*x": "1e999",
}
BROKEN = ("", "x +", "x; y", "x = 1", "import os", "\0", "sin(x", "1 2", "# x")
DEEP = ("-" * 1_900 + "x", "(" * 400 + "x" + ")" * 400, "sin(" * 300 + "x" + ")" * 300)


@contextmanager
def seconds(limit: int):
    """A formula that is computed without end fails, and does not hang."""

    def late(*_):
        raise AssertionError

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(limit)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def points(count: int = 50) -> torch.Tensor:
    unit = torch.rand(count, 2, generator=torch.Generator().manual_seed(0), dtype=torch.double)
    return 0.3 + unit


@pytest.mark.parametrize("text", FORMULAS)
def test_a_formula_has_the_values_of_numpy(text: str):
    x = points()
    values = function(read(text), ("x", "y"))(x)
    assert values.shape == (50, 1)
    expected = FORMULAS[text](*x.numpy().T)
    np.testing.assert_allclose(values.squeeze(-1), expected, rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("name", NAMES)
def test_every_function_of_the_table_is_that_of_the_library(name: str):
    assert read(f"{name}(x)") == getattr(sympy, name)(X)
    half = torch.full((1, 1), 0.5, dtype=torch.double)
    assert function(read(f"{name}(x)"), ("x",))(half).item() == pytest.approx(
        getattr(math, name)(0.5)
    )


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("arcsin(x)", "asin(x)"), ("arccos(x)", "acos(x)"), ("arctan(x)", "atan(x)"),
        ("ln(x)", "log(x)"), ("abs(x)", "Abs(x)"), ("abs(x)", "sqrt(x**2)"),
    ],
)  # fmt: skip
def test_other_names_of_a_function_are_read_as_well(text: str, means: str):
    assert read(text) == read(means)


def test_roots_of_negative_numbers_are_refused_and_of_variables_are_not():
    with pytest.raises(ValueError, match="want real and finite numbers"):
        read("x*sqrt(1 - 3)")
    assert read("sqrt(1 - 3*x)").free_symbols == {X}


def test_a_formula_is_exact_where_its_text_is():
    assert read("x/3 + 1/7") == X / 3 + sympy.Rational(1, 7)
    assert read("pi*y") == sympy.pi * Y


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_values_have_the_dtype_and_the_leading_dimensions_of_their_points(dtype: torch.dtype):
    for text in ("x*y + pi", "2", "pi"):
        x = torch.ones(3, 4, 2, dtype=dtype)
        values = function(read(text), ("x", "y"))(x)
        assert values.shape == (3, 4, 1)
        assert values.dtype == dtype


def test_variables_may_be_called_as_sympy_calls_its_own():
    """Shared parts of a formula get names as well; they must not be those of variables."""
    text = "(x0 + x1)**2*sin(x0 + x1) + x1*x2"
    x = torch.rand(9, 3, generator=torch.Generator().manual_seed(0), dtype=torch.double)
    a, b, c = x.unbind(-1)
    expected = (a + b) ** 2 * torch.sin(a + b) + b * c
    torch.testing.assert_close(function(read(text), ("x0", "x1", "x2"))(x).squeeze(-1), expected)


@pytest.mark.parametrize("text", HOSTILE)
def test_what_is_not_on_the_list_is_refused_and_shown(text: str):
    with seconds(5), pytest.raises(ValueError, match="want") as caught:
        read(text)
    said = str(caught.value)
    assert said.startswith(f"formula {text!r}: want ")
    assert said.endswith(f"got {HOSTILE[text]!r}")


@pytest.mark.parametrize("text", BROKEN, ids=repr)
def test_what_is_no_expression_does_not_parse(text: str):
    with pytest.raises(ValueError, match="does not parse"):
        read(text)


@pytest.mark.parametrize("text", DEEP, ids=["signs", "brackets", "calls"])
def test_a_formula_that_is_nested_without_end_is_refused(text: str):
    with seconds(5), pytest.raises(ValueError, match="does not parse"):
        read(text)


def test_a_formula_that_is_too_long_is_refused():
    with pytest.raises(ValueError, match="2401 characters: want at most 2 000"):
        read("+".join(["x1"] * 800) + "+1")


def test_reading_runs_nothing(monkeypatch: pytest.MonkeyPatch):
    ran = []
    monkeypatch.setattr("builtins.eval", lambda *_: ran.append(1))
    monkeypatch.setattr("os.system", lambda *_: ran.append(1))
    for text in ("__import__('os').system('true')", "eval('1')", "exec(x)"):
        with pytest.raises(ValueError, match="want one of"):
            read(text)
    assert not ran


def test_unknown_names_are_named():
    with pytest.raises(ValueError, match=r"unknown names \['z'\]"):
        function(read("x + z"), ("x", "y"))
    for text, stranger in (("u_z + x", "u_z"), ("w + x", "w"), ("u_xz", "u_xz"), ("v_x", "v_x")):
        with pytest.raises(ValueError, match=f"'{stranger}' is no variable"):
            terms(read(text), ("x", "y"), ("u",))


def test_terms_name_unknowns_and_axes():
    found = terms(read("v*u_xy - u_yyx + x*v_y"), ("x", "y"), ("u", "v"))
    assert {(term.symbol, term.unknown, term.axes) for term in found} == {
        ("u_xy", 0, (0, 1)), ("u_yyx", 0, (1, 1, 0)), ("v", 1, ()), ("v_y", 1, (1,)),
    }  # fmt: skip


def known(x: torch.Tensor) -> torch.Tensor:
    """u = x^3 y^2 and v = sin(x) exp(2 y)."""
    a, b = x.unbind(-1)
    return torch.stack([a**3 * b**2, torch.sin(a) * torch.exp(2 * b)], -1)


@pytest.mark.parametrize(
    ("text", "order", "expected"),
    [
        ("u - x**3*y**2", 0, lambda x, y: 0 * x),
        ("u_x - 2*x", 1, lambda x, y: 3 * x**2 * y**2 - 2 * x),
        ("u*v + y", 0, lambda x, y: x**3 * y**2 * np.sin(x) * np.exp(2 * y) + y),
        ("u_xy*v_x", 2, lambda x, y: 6 * x**2 * y * np.cos(x) * np.exp(2 * y)),
        ("u_xx + u_yy", 2, lambda x, y: 6 * x * y**2 + 2 * x**3),
        ("v_yyy - 8*v", 3, lambda x, y: 0 * x),
        ("v_xxyy", 4, lambda x, y: -4 * np.sin(x) * np.exp(2 * y)),
    ],
)
def test_a_residual_of_a_known_function_is_that_of_its_derivatives(text, order, expected):
    residual = Residual(read(text), ("x", "y"), ("u", "v"))
    x = points()
    assert residual.order == order
    assert residual(known, x).shape == (50,)
    np.testing.assert_allclose(residual(known, x), expected(*x.numpy().T), rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize(
    ("text", "streams"),
    [
        ("u_xx + u_yy + x", 1),
        ("u_xx + u_yy + u - sin(x)", 1),
        ("2*u_xx - 3*u_yy", 1),
        ("u_xx + u_xy/pi + 0.3*u_yy - u*u_x", 1),
        ("u*u_xx + u_yy", 2),
        ("u_xx + x*u_yy", 2),
        ("u_xx*u_yy + u_xy", 3),
        ("u_xx + u_yy + u_xy**2", 2),
        ("u_xx", 1),
        ("u_xx + u_yy - 2*v_xx - 2*v_yy", 1),
        ("u_xx + u_yy + v_xx - v_yy", 2),
        ("u_xx + u_yy + v*v_xx + v_yy**2", 2),
        ("u_x + u_y", 0),
        ("u_xxx + u_xx + u_yy", 1),
    ],
)
def test_second_derivatives_collapse_where_they_are_only_summed(text: str, streams: int):
    residual = Residual(read(text), ("x", "y"), ("u", "v"))
    second = [one for one in residual.wanted if isinstance(one, Sum) or len(one) == 2]
    assert len(second) == streams
    x = points()
    axes = list(dict.fromkeys(term.axes for term in residual.terms))
    found = dict(zip(axes, derivatives(known, x, axes), strict=True))
    values = {term.symbol: found[term.axes][:, term.unknown] for term in residual.terms}
    values |= {"x": x[:, 0], "y": x[:, 1]}
    expected = sympy.lambdify(list(values), read(text), "numpy")(
        *(value.numpy() for value in values.values())
    )
    np.testing.assert_allclose(residual(known, x), expected, rtol=1e-11, atol=1e-11)


def test_a_sum_is_scaled_so_that_its_first_weight_is_one():
    residual = Residual(read("u_x - 0.01*(u_xx + 3*u_yy)"), ("x", "y"), ("u",))
    (one,) = residual.sums
    assert [axes for _, axes in one.sum.terms] == [(0, 0), (1, 1)]
    assert [weight for weight, _ in one.sum.terms] == pytest.approx([1, 3])


def test_places_are_read():
    condition = on(" t = -pi/2 ", "u - x")
    assert (condition.variable, condition.at) == ("t", -sympy.pi / 2)
    assert condition.formula == read("u - x")
    for place in ("t", "t == 1", "= 1", "1 = t", "t = ", "t = x", "t = 1 = 2", "", "t.a = 1"):
        with pytest.raises(ValueError, match=r"want a place|does not parse"):
            on(place, "u")


def statement(truth: str, *equations: str, conditions=()) -> Statement:
    return Statement(("x", "t"), ("u",), tuple(map(read, equations)), conditions, (read(truth),))


def test_a_truth_that_solves_everything_leaves_nothing():
    heat = statement(
        "exp(-pi**2*t)*sin(pi*x)",
        "u_t - u_xx",
        conditions=(
            on("t = 0", "u - sin(pi*x)"),
            on("x = 1", "u"),
            on("x = 0", "u_x - pi*exp(-pi**2*t)"),
        ),
    )
    assert unsolved(heat) == []


def test_what_a_wrong_truth_leaves_is_reported():
    wrong = statement("x*t", "u_t - u_x", "u_xx", conditions=(on("t = 1", "u"), on("x = 0", "u")))
    assert unsolved(wrong) == ["u_t - u_x: leaves -t + x", "u on t = 1: leaves x"]


def test_a_remainder_needs_a_formula():
    heat = Statement(("x",), ("u",), (read("u_x"),))
    with pytest.raises(ValueError, match="want a truth that is a formula"):
        remainder(heat, read("u_x"))
