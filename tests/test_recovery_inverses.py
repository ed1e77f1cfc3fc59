"""Functions that undo each other: where they are taken away from a formula, and where not."""

import math

import numpy as np
import pytest
import sympy
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sympy import Expr

from kansci.formulas import NOWHERE, read
from kansci.recovery.canonical import remaining, settled
from kansci.recovery.truth import recovered
from kansci.symbolic.bounds import bounds, sign
from kansci.symbolic.inverses import undone
from kansci.symbolic.library import FUNCTIONS
from kansci.task import Interval

RANGES: dict[str, Interval] = {"x": (1.0, 5.0), "y": (-3.0, -1.0), "z": (-1.0, 2.0)}
TINY = 1e-6  # NRMSE below which two formulas have the same values
PAIRS = {
    "tan(1.0*atan(u) - 3.5e-17)": "u",
    "tan(2*(0.5*atan(u) - 0.3) + 0.6)": "u",
    "tan(1.41421356*(0.70710678*atan(u)))": "u",
    "sin(asin(u/9))": "u/9",
    "cos(1.0*acos(u/9))": "u/9",
    "exp(1.0*log(u) + 1e-12)": "u",
    "exp(-2.0*log(u))": "u**(-2)",
    "log(exp(u)*3 + 2e-12)": "u + 1.0986122886681098",
    "log(x*exp(-1.0*u))": "log(x) - u",
    "log(exp(-(u**2)))": "-(u**2)",
    "sqrt(0.1073*u**2 - 2e-16)": "sqrt(0.1073)*u",
    "sqrt(u**-2)": "1/u",
    "sqrt(x*u**2)": "sqrt(x)*u",
    "(u**2)**0.5": "u",
    "(sqrt(u) + 1e-17)**2": "u",
    "1/(1.0/u + 1e-17)": "u",
    "abs(-2.0*u)": "2*u",
    "atan(tan(u/7))": "u/7",
    "atan(tan(u/7 + 3.14159265358979))": "u/7",
    "asin(sin(1.0*u/7))": "u/7",
    "asin(cos(u/7))": "pi/2 - u/7",
    "acos(cos(u/7))": "u/7",
    "sqrt(exp(log(u))**2)": "u",
}
POSITIVE = ("x", "(1.0*z + 2.4)", "(2 - 1.3*y)")
KEPT = {  # not so over the ranges, or not so at all
    "sqrt(z**2)": "z",
    "sqrt((x - 3)**2)": "x",
    "abs(z)": "z",
    "atan(tan(x))": "x",
    "asin(sin(x))": "x",
    "acos(cos(x))": "x",
    "acos(cos(z))": "z",
    "asin(cos(z))": "z",
    "tan(1.01*atan(x))": "x",
    "tan(atan(x) + 0.01)": "x",
    "exp(1.02*log(x))": "x",
    "log(exp(z) + 0.01)": "z",
    "sqrt(x**2 + 0.1)": "x",
    "tanh(atan(x))": "x",
}


@pytest.mark.parametrize("inner", POSITIVE)
@pytest.mark.parametrize(("outer", "plain"), PAIRS.items())
def test_functions_that_undo_each_other_are_taken_away(outer: str, plain: str, inner: str):
    found, wanted = (read(text.replace("u", inner)) for text in (outer, plain))
    done = settled(found, RANGES)
    assert functions(done) == functions(wanted)
    assert nrmse(done, wanted) < TINY


@pytest.mark.parametrize("text", KEPT)
def test_a_pair_that_is_not_proved_to_be_one_stands(text: str):
    assert functions(settled(read(text), RANGES)) == functions(read(text))


def test_a_root_of_a_square_has_the_sign_of_what_was_squared():
    y = sympy.Symbol("y", real=True)
    assert settled(read("sqrt(y**2)"), RANGES) == -y
    assert settled(read("abs(y)"), RANGES) == -y
    assert settled(read("sqrt(y**2)"), {}) == sympy.Abs(y)


def test_a_pair_between_other_constants_is_multiplied_out_before_they_are_rounded():
    """With three digits in the middle, 0.756 * 1.32 would be 0.998."""
    found = "0.75605855*tan(1.0*atan(1.3226489*z + 0.058050235) - 3.469447e-17)"
    assert recovered(found, "z", ranges=RANGES).exact


@pytest.mark.parametrize("share", [1e-7, -1e-5, 0.01, -0.03])
def test_a_constant_beside_a_pair_may_be_wrong_by_what_is_rounded_and_no_more(share: float):
    found = f"{0.75605855 * (1 + share)}*tan(1.0*atan(1.3226489*z + 0.058050235)) + y"
    assert recovered(found, "z + y", ranges=RANGES).exact == (abs(share) < 1e-3)


@pytest.mark.parametrize(("found", "truth"), KEPT.items())
def test_a_formula_with_other_values_is_not_exact(found: str, truth: str):
    assert nrmse(read(found), read(truth)) > 1e-3
    assert not recovered(found, truth, ranges=RANGES).exact


def test_numbers_are_cleared_only_where_values_stay():
    """Of two large terms that nearly cancel, each digit counts."""
    found = read("1000000*sqrt(x**2 + 1e-7*z) - 999999*x")
    assert settled(found, RANGES) == found


@pytest.mark.parametrize("text", ["sqrt(-1.0*x - 2.0)", "exp(exp(1.0*x + 9))", "5.0000001"])
def test_a_formula_without_values_or_variables_comes_back_as_it_was(text: str):
    assert settled(read(text), RANGES) == read(text)


@pytest.mark.parametrize("pole", ["1/log(x + y)", "1/(2*z - 1)"])
def test_a_pole_where_terms_are_weighed_keeps_the_other_terms(pole: str):
    """In the middle of the ranges x + y is 1 and z a half."""
    assert remaining(read(f"x + {pole}"), RANGES) == read(f"x + {pole}")
    assert not recovered(f"x + {pole}", pole, ranges=RANGES).exact


def test_what_is_no_number_anywhere_differs_from_a_truth():
    """Rounded, the denominator is 0."""
    assert not recovered("x + 1/(1.0001*sin(x) - sin(1.0001*x))", "x", ranges=RANGES).exact


def test_the_formulas_that_were_read_off_a_sum_and_a_product_are_exact():
    """Of `feynman27/II.36.38`, NRMSE 6e-8 and 8e-9."""
    ranges: dict[str, Interval] = dict.fromkeys(("a", "alpha", "b"), (-1.0, 1.0))
    squares = (
        "3899.5414*(0.011864389*alpha + 0.0054035737*b)**2"
        " + 3.0520028*sqrt(0.10735695*(1.0*a + 2.4227008)**2 - 2.220446e-16)"
        " - 407.29208*(0.036711251*alpha - 0.016719946*b + 1.3877788e-17)**2 - 2.4227008"
    )
    tangent = (
        "149.78389*(0.024042432*alpha + 0.069421902*b)**2"
        " - 188.76263*(0.021416719*alpha - 0.061840224*b + 2.7755576e-17)**2"
        " + 3.4915677*tan(1.0*atan(0.2864043*a - 0.0011028922) + 2.7755576e-16) + 0.0038508227"
    )
    for found in (squares, tangent):
        assert recovered(found, "a + alpha*b", ranges=ranges) == (True, 0.0, True)
    wrong = squares.replace("3.0520028", "3.0820028")
    assert not recovered(wrong, "a + alpha*b", ranges=ranges).exact


NUMBERS = st.sampled_from([-2.5, -1.0, 0.3, 1.0, 1.0000001, 1.7])
WORDS = [one.word for name, one in FUNCTIONS.items() if name != "0"] + [
    sympy.asin,
    sympy.acos,
    sympy.sinh,
    sympy.cosh,
]


def functions_of(below: st.SearchStrategy[Expr]) -> st.SearchStrategy[Expr]:
    edge = st.builds(
        lambda f, a, u, b: f(a * u + b), st.sampled_from(WORDS), NUMBERS, below, NUMBERS
    )
    pair = st.builds(lambda f, g, u: f(g(u)), st.sampled_from(WORDS), st.sampled_from(WORDS), below)
    return edge | pair | st.builds(sympy.Add, below, below) | st.builds(sympy.Mul, below, below)


FORMULAS = st.recursive(
    st.sampled_from([sympy.Symbol(name, real=True) for name in RANGES]), functions_of, max_leaves=4
).filter(lambda formula: not formula.has(*NOWHERE, sympy.I))


@given(FORMULAS)
@settings(max_examples=150, deadline=None)
def test_values_lie_within_their_bounds(formula: Expr):
    found = values(formula)
    found = found[np.isfinite(found)]
    assume(len(found))
    low, high = bounds(formula, RANGES)
    slack = 1e-9 * np.abs(found).max()
    assert low - slack <= found.min()
    assert found.max() <= high + slack


@given(FORMULAS)
@settings(max_examples=150, deadline=None)
def test_taking_pairs_away_changes_no_value(formula: Expr):
    done = undone(formula, RANGES)
    one, two = values(formula), values(done)
    known = np.isfinite(one)
    np.testing.assert_allclose(two[known], one[known], rtol=1e-6, atol=1e-6)


@given(FORMULAS)
@settings(max_examples=60, deadline=None)
def test_what_is_settled_has_the_values_of_what_was_found(formula: Expr):
    """At other points, and at most of them: near a pole every digit shows."""
    one, two = values(formula), values(settled(formula, RANGES))
    known = np.isfinite(one) & (np.abs(one) < 1e150)
    assume(known.any())
    apart = np.abs(two[known] - one[known])
    assert np.median(apart) <= 10 * TINY * one[known].std() + 1e-12


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("x*y", -15, -1),
        ("z**2", 0, 4),
        ("1/x", 0.2, 1),
        ("1/z", -math.inf, math.inf),
        ("z**(-2)", 0.25, math.inf),
        ("sqrt(x)*2 - 1", 1, 2 * math.sqrt(5) - 1),
        ("sin(y)", -1, math.sin(-3)),
        ("cos(x/5)", math.cos(1), math.cos(0.2)),
        ("tan(z)", -math.inf, math.inf),
        ("acos(z)", 0, math.pi),
        ("w**2", 0, math.inf),
    ],
)
def test_bounds_are_those_of_interval_arithmetic(text: str, low: float, high: float):
    assert bounds(read(text), RANGES) == pytest.approx((low, high))


def test_a_sign_is_known_where_there_is_one():
    signs = {"x": 1, "y": -1, "z": 0, "z + 1": 1, "0.1*x - 0.1": 1, "exp(w)": 1, "w": 0}
    assert {text: sign(read(text), RANGES) for text in signs} == signs


def functions(formula: Expr) -> dict[str, int]:
    """How often each function stands in a formula, roots among them."""
    names = [
        part.func.__name__
        for part in sympy.preorder_traversal(formula)
        if isinstance(part, sympy.Function)
        or (isinstance(part, sympy.Pow) and not part.exp.is_integer)
    ]
    return {name: names.count(name) for name in names}


def values(formula: Expr) -> np.ndarray:
    generator = np.random.default_rng(1)
    points = [generator.uniform(*ends, 200) for ends in RANGES.values()]
    symbols = [sympy.Symbol(name, real=True) for name in RANGES]
    with np.errstate(all="ignore"):
        found = sympy.lambdify(symbols, formula.evalf(17), "numpy")(*points)
    return np.broadcast_to(np.asarray(found, float), 200)


def nrmse(found: Expr, truth: Expr) -> float:
    one, two = values(found), values(truth)
    known = np.isfinite(two)
    return float(np.sqrt(np.square(one - two)[known].mean()) / two[known].std())
