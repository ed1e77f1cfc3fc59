"""Regression tasks: equations of AI Feynman and the KAN paper, special functions and toys."""

import itertools
import math
from collections.abc import Callable
from dataclasses import replace

import mpmath
import numpy as np
import pytest
import torch

from kansci.discover import find_tasks, get_task
from kansci.equations import unsolved
from kansci.formulas import read
from kansci.regression import intervals, regression
from kansci.sampling import stream
from kansci.task import Task

SETS = ("feynman", "feynman27", "feynman_corrected", "special", "toy", "relukan")
TASKS = {task.name: task for group in SETS for task in find_tasks(f"{group}/*")}
FORMULAS = {name: task for name, task in TASKS.items() if task.statement is not None}
CLUSTERS: dict[str, list[Task]] = {}
for one in TASKS.values():
    if one.cluster:
        CLUSTERS.setdefault(one.cluster, []).append(one)
HBAR = 1 / (2 * np.pi)  # of h = 1

every_task = pytest.mark.parametrize("task", TASKS.values(), ids=TASKS.keys())


def pi(x):
    return np.pi * x


EQUATIONS: dict[str, Callable[..., np.ndarray]] = {
    "feynman/I.24.6": lambda m, o, o0, x: 1 / 2 * m * (o**2 + o0**2) * 1 / 2 * x**2,
    "feynman/I.26.2": lambda n, theta2: np.arcsin(n * np.sin(theta2)),
    "feynman/I.38.12": lambda m, q, h, e: 4 * np.pi * e * (h * HBAR) ** 2 / (m * q**2),
    "feynman/I.41.16": lambda o, t, h, kb, c: (
        (h * HBAR) * o**3 / (np.pi**2 * c**2 * np.expm1(h * HBAR * o / (kb * t)))
    ),
    "feynman/II.34.29b": lambda g, h, jz, mom, b: g * mom * b * jz / (h * HBAR),
    "feynman/III.9.52": lambda p, ef, t, h, o, o0: (
        p * ef * t / (h * HBAR) * np.sinc((o - o0) * t / 2 / np.pi) ** 2
    ),
    "feynman_corrected/III.9.52": lambda p, ef, t, h, o, o0: (
        (p * ef * t / (h * HBAR) * np.sinc((o - o0) * t / 2 / np.pi)) ** 2
    ),
    "feynman_corrected/I.29.16": lambda x1, x2, a, b: np.abs(x1 + x2 * np.exp(1j * (a - b))),
    "feynman/I.29.16": lambda x1, x2, a, b: np.abs(x1 - x2 * np.exp(1j * (a - b))),
    "feynman/III.19.51": lambda m, q, h, n, e: (
        -m * q**4 / (2 * (4 * np.pi * e) ** 2 * (h * HBAR) ** 2) / n**2
    ),
    "feynman/test_5": lambda d, g, m1, m2: 2 * np.pi * np.sqrt(d**3 / (g * (m1 + m2))),
    "feynman/test_10": lambda c, v, t: np.arccos((c * np.cos(t) - v) / (c - v * np.cos(t))),
    "feynman27/III.9.52": lambda a, b, c: a * np.sinc((b - c) / 2 / np.pi) ** 2,
    "toy/bessel": lambda x: np.array([float(mpmath.besselj(0, 20 * float(z))) for z in x]),
    "toy/exp_sine": lambda x, y: np.exp(np.sin(pi(x)) + y**2),
    "toy/product": lambda x, y: x * y,
    "toy/high_dimensional": lambda *x: np.exp(np.mean(np.sin(pi(np.array(x)) / 2) ** 2, 0)),
    "toy/four_dimensional": lambda a, b, c, d: np.exp(
        (np.sin(pi(a**2 + b**2)) + np.sin(pi(c**2 + d**2))) / 2
    ),
    "relukan/f1": lambda x: np.sin(pi(x)),
    "relukan/f2": lambda x: np.sin(5 * pi(x)) + x,
    "relukan/f3": np.exp,
    "relukan/f4": lambda x, y: np.sin(pi(x + y)),
    "relukan/f5": lambda x, y: np.exp(np.sin(pi(x)) + y**2),
    "relukan/f6": lambda a, b, c, d: np.exp(np.sin(pi(a**2 + b**2)) + np.sin(pi(c**2 + d**2))),
}


def legendre(m: int, nu: float, x: float) -> mpmath.mpf:
    """On the cut, with the phase of Condon and Shortley."""
    first = mpmath.rf(nu + 1, m) * mpmath.rf(-nu, m) / (mpmath.factorial(m) * 2**m)
    return first * (1 - x**2) ** (m / 2) * mpmath.hyp2f1(m - nu, nu + m + 1, m + 1, (1 - x) / 2)


def harmonic(m: int, n: int, azimuth: float, polar: float) -> mpmath.mpf:
    share = mpmath.factorial(n - m) / mpmath.factorial(n + m)
    norm = mpmath.sqrt((2 * n + 1) / (4 * mpmath.pi) * share)
    return norm * legendre(m, n, math.cos(polar)) * mpmath.cos(m * azimuth)


SPECIAL: dict[str, Callable[[float, float], mpmath.mpf]] = {
    "ellipj": lambda u, m: mpmath.ellipfun("sn", u, m=m),
    "ellipkinc": mpmath.ellipf,
    "ellipeinc": mpmath.ellipe,
    "jv": mpmath.besselj,
    "yv": mpmath.bessely,
    "kv": mpmath.besselk,
    "iv": mpmath.besseli,
    "lpmv_0": lambda nu, x: legendre(0, nu, x),
    "lpmv_1": lambda nu, x: legendre(1, nu, x),
    "lpmv_2": lambda nu, x: legendre(2, nu, x),
    "sph_harm_0_1": lambda a, p: harmonic(0, 1, a, p),
    "sph_harm_1_1": lambda a, p: harmonic(1, 1, a, p),
    "sph_harm_0_2": lambda a, p: harmonic(0, 2, a, p),
    "sph_harm_1_2": lambda a, p: harmonic(1, 2, a, p),
    "sph_harm_2_2": lambda a, p: harmonic(2, 2, a, p),
}


def drawn(task: Task, points: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    x, y = task.stages[0].sample(stream("points", seed), points)
    return x.numpy(), y.numpy()[:, 0]


def test_there_are_as_many_tasks_as_published():
    counts = {group: sum(name.startswith(f"{group}/") for name in TASKS) for group in SETS}
    assert list(counts.values()) == [120, 27, 2, 15, 5, 6]
    equations = [task for name, task in TASKS.items() if name.startswith("feynman/")]
    assert len({task.cluster or task.name for task in equations}) == 100
    assert sum("test_" in task.name for task in equations) == 20
    sizes = [sum(task.dim_in == k for task in equations) for k in range(1, 10)]
    assert sizes == [1, 15, 37, 32, 20, 10, 3, 1, 1]


@every_task
def test_a_target_is_finite_and_varies_wherever_it_may_be_asked(task: Task):
    """The scale is taken of 100 000 points: one that is not finite would show."""
    assert math.isfinite(task.scale.mean)
    assert 0 < task.scale.std < math.inf
    assert (task.family, task.dim_out, task.metric) == ("feynman", 1, "nrmse")
    assert {probe.split for probe in task.probes} == {"validation", "test"}


@pytest.mark.parametrize("task", FORMULAS.values(), ids=FORMULAS.keys())
def test_a_formula_names_all_inputs_and_reads_back(task: Task):
    assert task.statement is not None
    assert task.statement.truth is not None
    (formula,) = task.statement.truth
    assert sorted(map(str, formula.free_symbols)) == sorted(task.statement.variables)
    if task.dim_in < 100:  # whose text is longer than the reader takes
        assert read(str(formula)) == formula


@pytest.mark.parametrize("name", EQUATIONS)
def test_an_equation_is_that_of_its_book(name: str):
    x, y = drawn(TASKS[name], 200)
    np.testing.assert_allclose(y, EQUATIONS[name](*x.T), rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("name", SPECIAL)
def test_a_special_function_has_the_values_of_mpmath(name: str):
    x, y = drawn(TASKS[f"special/{name}"], 5)
    expected = [float(SPECIAL[name](*map(float, row))) for row in x]
    np.testing.assert_allclose(y, expected, rtol=1e-9, atol=1e-12)


def factor(one: Task, other: Task) -> float | None:
    """`other / one` for some order of the inputs; `None` if that is no constant."""
    x = one.judged_by("test")[0].x[:8]
    values = truth(one)(x)
    for order in itertools.permutations(range(one.dim_in)):
        ratio = truth(other)(x[:, list(order)]) / values
        if ratio.isfinite().all() and (ratio / ratio[0] - 1).abs().max() < 1e-10:
            return ratio[0].item()
    return None


def truth(task: Task) -> Callable[[torch.Tensor], torch.Tensor]:
    answers = task.judged_by("test")[0].answers
    assert not isinstance(answers, torch.Tensor)
    return answers


@pytest.mark.parametrize("cluster", CLUSTERS)
def test_members_of_a_cluster_are_equal_up_to_names_and_a_factor(cluster: str):
    others = [task for task in CLUSTERS[cluster] if task.name != cluster]
    assert 0 < len(others) == len(CLUSTERS[cluster]) - 1
    assert all(factor(TASKS[cluster], other) is not None for other in others)


def test_no_two_forms_that_boards_count_are_equal():
    forms = [task for task in FORMULAS.values() if task.name.startswith("feynman/")]
    forms = [task for task in forms if task.cluster in ("", task.name) and task.dim_in <= 3]
    pairs = [(a, b) for a, b in itertools.combinations(forms, 2) if a.dim_in == b.dim_in]
    assert [(a.name, b.name) for a, b in pairs if factor(a, b) is not None] == []


def test_noise_is_a_share_of_the_deviation_on_what_is_learned_from_and_tuned_on():
    clean, noisy = get_task("feynman/I.12.1"), get_task("feynman/I.12.1", noise=0.1)
    assert noisy.name == "feynman/I.12.1[noise=0.1]"
    assert noisy.content != clean.content
    assert noisy.scale.std == clean.scale.std
    (x, y), (x2, y2) = drawn(clean, 20_000), drawn(noisy, 20_000)
    np.testing.assert_array_equal(x, x2)
    away = (y2 - y) / (0.1 * clean.scale.std)
    assert away.std() == pytest.approx(1, abs=0.03)
    assert away.mean() == pytest.approx(0, abs=0.03)
    assert np.corrcoef(away, y)[0, 1] == pytest.approx(0, abs=0.03)
    for split in ("validation", "test"):
        (one,), (other,) = clean.judged_by(split), noisy.judged_by(split)
        assert torch.equal(one.x, other.x)
        assert torch.equal(one.y, other.y) == (split == "test")


def test_members_draw_noise_of_their_own():
    noisy = get_task("toy/product[noise=0.5]")
    clean = get_task("toy/product")
    away = [drawn(noisy, 500, seed)[1] - drawn(clean, 500, seed)[1] for seed in (0, 0, 1)]
    np.testing.assert_array_equal(away[0], away[1])
    assert abs(np.corrcoef(away[0], away[2])[0, 1]) < 0.2


def test_no_noise_is_the_plain_task():
    assert get_task("toy/product[noise=0]") is get_task("toy/product", noise=0.0)
    assert get_task("toy/product", noise=0) is get_task("toy/product")


def test_how_boards_count_is_not_what_a_task_is():
    task = get_task("toy/product")
    assert replace(task, cluster="toy/other", vary=None).content == task.content


@pytest.mark.parametrize("noise", [-0.1, math.nan, math.inf])
def test_noise_is_a_number_from_zero_on(noise: float):
    with pytest.raises(ValueError, match="want noise >= 0"):
        regression(name="mine", version=1, ranges={"x": (0, 1)}, truth="x", source="", noise=noise)


def test_a_formula_of_unknown_names_is_refused_when_the_task_is_made():
    with pytest.raises(ValueError, match=r"unknown names \['z'\]"):
        regression(name="mine", version=1, ranges={"x": (0, 1)}, truth="x*z", source="")


def test_ranges_are_names_and_numbers():
    assert intervals("a -1 0.5; theta 0 2*pi") == {"a": (-1.0, 0.5), "theta": (0.0, 2 * math.pi)}
    for text in ("a 0", "a 0 1 2", "", "a 0 1;"):
        with pytest.raises(ValueError, match="want ranges such as"):
            intervals(text)


@pytest.mark.parametrize("name", ["toy/product", "feynman/test_17"])
def test_an_input_may_be_called_y(name: str):
    statement = get_task(name).statement
    assert "y" in statement.variables
    assert unsolved(statement) == []
