"""Formulas that were found, scored by hand; and the edits between trees."""

import math
import time

import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from kansci.discover import get_task
from kansci.formulas import read
from kansci.recovery import truth as recovery
from kansci.recovery.canonical import constants_gathered, monic, remaining, rounded
from kansci.recovery.edits import Tree, edit_distance
from kansci.recovery.truth import accurate, recovered, tree

POSITIVE = {"x": (1.0, 5.0), "y": (1.0, 5.0)}
EXACT = {
    "x*y": "x*y",
    "2*x*y": "x*y",
    "x*y + 3": "x*y",
    "-x*y": "x*y",
    "0.5000003*x*y**2": "x*y**2/2",
    "0.39894*exp(-0.5*x**2)": "exp(-x**2/2)/sqrt(2*pi)",
    "0.3337*x + 1.0011*y": "x + 3*y",
    "sin(x)**2": "1 - cos(x)**2",
    "(x + 1/3)**2": "x**2 + 2*x/3 + 1/9",
    "(0.5*x + 0.5*y)/(0.5 + 0.5*x*y)": "(x + y)/(1 + x*y)",
    "sqrt(x)*sqrt(y)": "sqrt(x*y)",
    "log(x*y)": "ln(x) + ln(y)",
    "x**2 - (0.99999999*x - 0.5*y)**2": "x*y - y**2/4",
}
WRONG = {
    "x*y + x": "x*y",
    "x": "sin(x)",
    "5": "x",
    "0*x": "x",
    "z": "x",
    "exp(-0.51*x**2)": "exp(-x**2/2)",
    "x**2*y": "x*y",
    "x + 2*y": "x + 3*y",
    "x*y + 0.001*x": "x*y",
}


@pytest.mark.parametrize(("found", "truth"), EXACT.items())
def test_the_truth_up_to_a_constant_or_a_factor_is_exact(found: str, truth: str):
    result = recovered(found, truth, ranges=POSITIVE)
    assert result.exact
    assert result.finished
    assert 0 <= result.distance <= 1


@pytest.mark.parametrize(("found", "truth"), WRONG.items())
def test_another_formula_is_not_exact(found: str, truth: str):
    result = recovered(found, truth, ranges=POSITIVE)
    assert not result.exact
    assert result.finished
    assert 0 < result.distance <= 1


def test_roots_of_squares_depend_on_where_the_variables_lie():
    assert recovered("sqrt(x**2)", "x", ranges={"x": (1.0, 2.0)}).exact
    assert not recovered("sqrt(x**2)", "x", ranges={"x": (-1.0, 2.0)}).exact


def test_a_formula_of_sympy_is_compared_by_the_names_of_its_symbols():
    x, y = sympy.symbols("x y")
    assert recovered(2.0 * x * sympy.sin(y), read("x*sin(y)")).exact


def test_the_truth_of_a_task_is_recovered_from_its_text():
    task = get_task("feynman/I.6.20")
    assert task.statement is not None
    assert task.statement.truth is not None
    ranges = dict(zip(task.statement.variables, task.domain, strict=True))
    result = recovered(task.about, task.statement.truth[0], ranges=ranges)
    assert result == (True, 0.0, True)


def test_the_distance_is_edits_over_the_nodes_of_the_truth():
    """Of `Add(x, Mul(2, y))`, 5 nodes, two are missing from `Add(x, y)`."""
    assert recovered("x + y", "x + 2*y").distance == pytest.approx(2 / 5)
    assert recovered("x*y + x*sin(y)", "x*(y + sin(y))").distance == 0
    assert recovered("exp(exp(x + y*sin(x)))", "x").distance == 1


def test_a_comparison_without_end_is_ended():
    hard = "(sin(x) + cos(y) + tan(x*y) + exp(x))**20"
    since = time.monotonic()
    result = recovered(hard, f"x*{hard.replace('tan(x*y)', 'tan(x + y)')}", seconds=1)
    assert time.monotonic() - since < 10
    assert (result.exact, result.finished) == (False, False)


@pytest.mark.parametrize("found", ["__import__('os')", "x.real", "x +", "x**y", "foo(x)"])
def test_a_formula_that_is_not_on_the_list_is_refused(found: str):
    with pytest.raises(ValueError, match="formula"):
        recovered(found, "x")


def test_a_system_that_cannot_fork_compares_in_the_same_process(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(recovery, "possible", lambda: False)
    assert recovered("2*x", "x") == recovery.Recovery(exact=True, distance=1.0, finished=True)


def test_numbers_are_rounded_to_significant_digits():
    found = rounded(read("0.0265258*x + 1234.567"))
    assert found == sympy.Rational("0.0265") * sympy.Symbol("x", real=True) + 1230


def test_what_cancelled_is_dropped_where_the_variables_lie():
    formula = read("x*y + 3e-8*x**2 + 0.001*y")
    left = read("x*y + 0.001*y")
    assert remaining(formula, {"x": (1.0, 5.0), "y": (1.0, 5.0)}) == left
    assert remaining(formula, {"x": (1.0e6, 5.0e6), "y": (0.0, 1e-3)}) != left


def test_the_leading_term_of_a_monic_formula_has_no_factor():
    x, y = sympy.symbols("x y", real=True)
    assert monic(4 * x + 8 * y + 2) == x + 2 * y + sympy.Rational(1, 2)
    assert monic(sympy.Integer(7)) == 7


def test_gathering_keeps_the_values_of_a_formula():
    x, formula = sympy.Symbol("x", real=True), read("sqrt(2*pi)*exp(x + 1)/(3 - x/3)")
    for expand in (False, True):
        gathered = constants_gathered(formula, expand=expand)
        for at in (0.5, 1.5):
            assert float(gathered.subs(x, at)) == pytest.approx(float(formula.subs(x, at)))


def test_a_formula_is_a_tree_of_functions_symbols_and_numbers():
    assert tree(read("x*sin(y)")) == Tree("Mul", (Tree("x"), Tree("sin", (Tree("y"),))))
    assert tree(read("x + 2*y")).size == 5


def test_accuracy_is_a_share_of_the_variance():
    assert accurate(math.sqrt(0.0009))
    assert not accurate(math.sqrt(0.0011))
    assert not accurate(math.nan)


TREES = st.recursive(
    st.sampled_from("abc").map(Tree),
    lambda below: st.builds(Tree, st.sampled_from("abc"), st.lists(below, max_size=3).map(tuple)),
    max_leaves=6,
)


def edits_by_definition(one: tuple[Tree, ...], other: tuple[Tree, ...]) -> int:
    """Of forests: the last root is deleted, inserted, or matched with the other's last."""
    if not one or not other:
        return sum(each.size for each in (*one, *other))
    (*before, last), (*others, end) = one, other
    return min(
        edits_by_definition((*before, *last.children), other) + 1,
        edits_by_definition(one, (*others, *end.children)) + 1,
        edits_by_definition(tuple(before), tuple(others))
        + edits_by_definition(last.children, end.children)
        + (last.label != end.label),
    )


@given(TREES, TREES)
@settings(max_examples=60, deadline=None)
def test_the_edit_distance_is_that_of_its_definition(one: Tree, other: Tree):
    if one.size + other.size <= 10:
        assert edit_distance(one, other) == edits_by_definition((one,), (other,))


@given(TREES, TREES, TREES)
@settings(max_examples=60, deadline=None)
def test_the_edit_distance_is_a_metric(one: Tree, other: Tree, third: Tree):
    assert (edit_distance(one, other) == 0) == (one == other)
    assert edit_distance(one, other) == edit_distance(other, one)
    assert edit_distance(one, third) <= edit_distance(one, other) + edit_distance(other, third)


def test_a_node_that_is_deleted_leaves_its_children():
    leaves = (Tree("a"), Tree("b"))
    assert edit_distance(Tree("+", (Tree("*", leaves),)), Tree("+", leaves)) == 1
    assert edit_distance(Tree("f", leaves), Tree("g", leaves)) == 1
    assert edit_distance(Tree("f", leaves), Tree("f", leaves[::-1])) == 2
