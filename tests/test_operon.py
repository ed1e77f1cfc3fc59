"""Genetic programming as a baseline for formulas."""

import pytest
import sympy
import torch

from kansci.discover import get_task
from kansci.recovery.truth import recovered
from kansci.symbolic.operon import operon, parsed

TASK = get_task("feynman27/II.38.3")  # a/b


def test_formulas_are_read_as_operon_writes_them():
    x, y = sympy.symbols("X0 X1", real=True)
    text = "((-0.5) + (0.25 * (((2.0 * X0) ^ 2) / tanh(X1))))"
    assert sympy.simplify(parsed(text) - (x**2 / sympy.tanh(y) - sympy.Rational(1, 2))) == 0


@pytest.mark.parametrize("text", ["__import__('os')", "X0.real", "X0 ^ X0 ^ 99"])
def test_whatever_else_is_refused(text):
    with pytest.raises(ValueError, match="want"):
        parsed(text)


def test_a_quotient_is_recovered_and_the_same_for_the_same_seed():
    pytest.importorskip("pyoperon")
    probe = TASK.probes[0]
    names = TASK.statement.variables
    one, other = (operon(probe.x, probe.y, names, evaluations=30_000) for _ in range(2))
    assert one == other
    ranges = dict(zip(names, TASK.domain, strict=True))
    assert recovered(one, TASK.statement.truth[0], ranges=ranges).exact


def test_its_formula_takes_the_points_of_its_own_inputs():
    pytest.importorskip("pyoperon")
    x = torch.linspace(0, 1, 60, dtype=torch.double).reshape(-1, 2)
    found = operon(x, 2 * x[:, :1] + x[:, 1:], ["beta", "S"], evaluations=5_000)
    assert {str(one) for one in found.free_symbols} <= {"beta", "S"}


def test_points_without_noise_are_not_taken_for_noise_around_a_line():
    pytest.importorskip("pyoperon")
    task = get_task("feynman27/I.40.1")  # n0*exp(-a), within 2
    probe, names = task.probes[0], task.statement.variables
    found = operon(probe.x, probe.y, names, evaluations=30_000)
    ranges = dict(zip(names, task.domain, strict=True))
    assert recovered(found, task.statement.truth[0], ranges=ranges).exact
