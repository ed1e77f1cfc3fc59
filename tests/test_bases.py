"""Laws of all bases, and the values of each against formulas written a second time in NumPy."""

import math
from collections.abc import Callable
from typing import NamedTuple
from unittest.mock import Mock

import numpy as np
import pytest
import torch
from numpy.polynomial import chebyshev
from scipy import interpolate, special
from torch import Tensor
from torch.func import functional_call, grad, jvp

from kansci.bases import (
    Basis,
    Beside,
    BSpline,
    Chebyshev,
    Fourier,
    Gaussian,
    Hat,
    Jacobi,
    KnotSpline,
    Legendre,
    Pointwise,
    Ramp,
    ReflectionalSwitch,
    ReluBell,
    Sine,
    Summed,
    local,
)
from kansci.bases.knots import cells
from kansci.bases.lookup import KERNELS, Kernel
from kansci.models.kan import KANLayer

FAR = (5.0, 20.0, 1e4)


def splines(x, grid, degree=3, low=-1.0, high=1.0):
    """By SciPy, on knots that reach so far that every bell is whole; 0 beyond the outermost."""
    step = (high - low) / grid
    knots = low + step * np.arange(-2 * degree, grid + 2 * degree + 1)
    inside = (x >= knots[degree]) & (x <= knots[-degree - 1])
    values = np.zeros((*x.shape, grid + degree))
    rows = interpolate.BSpline.design_matrix(x[inside], knots, degree).toarray()
    values[inside] = rows[:, degree : degree + grid + degree]
    return values


def gaussians(x, size, low=-2.0, high=2.0):
    centres, step = np.linspace(low, high, size, retstep=True)
    return np.exp(-(((x[..., None] - centres) / step) ** 2))


def switches(x, size, low=-1.2, high=1.2):
    centres, step = np.linspace(low, high, size, retstep=True)
    return np.cosh(np.clip((x[..., None] - centres) / step, -300, 300)) ** -2.0


def uneven(grid, rows=()):
    """Knots that rise from -1 to 1 by steps of a ratio of up to 5."""
    steps = 0.2 + np.random.default_rng(grid).random((*rows, grid))
    rise = np.concatenate([np.zeros((*rows, 1)), steps.cumsum(-1)], -1)
    return 2 * rise / rise[..., -1:] - 1


def on_knots(x, knots, degree):
    """By SciPy, function by function; the knots go on by their mean distance."""
    beyond = (knots[-1] - knots[0]) / (len(knots) - 1) * np.arange(1, degree + 1)
    knots = np.concatenate([knots[0] - beyond[::-1], knots, knots[-1] + beyond])
    every = (knots[k : k + degree + 2] for k in range(len(knots) - degree - 1))
    rows = [interpolate.BSpline.basis_element(own, extrapolate=False)(x) for own in every]
    return np.nan_to_num(np.stack(rows, -1))


def bells(x, grid, order, power=2):
    start = -1 + 2 / grid * np.arange(-order, grid)
    end = start + 2 / grid * (order + 1)
    product = np.maximum(end - x[..., None], 0) * np.maximum(x[..., None] - start, 0)
    return product**power * (2 / (end - start)) ** (2 * power)


def hats(x, grid):
    points = np.linspace(-1, 1, grid + 1)
    cell = np.clip(np.floor((x + 1) * grid / 2).astype(int), 0, grid - 1)  # also for outside
    share = (x - points[cell]) * grid / 2
    unit = np.eye(grid + 1)
    return (1 - share)[..., None] * unit[cell] + share[..., None] * unit[cell + 1]


def ramps(x, grid):
    """By their values on the grid points: 1, then from each point on a line."""
    point, bend = np.ogrid[: grid + 1, : grid + 1]
    values = np.where(bend == 0, 1, np.maximum(point - bend + 1, 0))
    return hats(x, grid) @ values


def jacobi(x, degree, a, b):
    return np.stack([special.eval_jacobi(n, a, b, np.tanh(x)) for n in range(degree + 1)], -1)


def waves(x, frequencies, low=-1.0, high=1.0):
    angle = np.pi * (x - (low + high) / 2) / (high - low)
    angle = angle[..., None] * np.arange(1, frequencies + 1)
    return np.concatenate([np.cos(angle), np.sin(angle)], -1)


def sines(x, size):
    """Of each input in the last dimension of `x`."""
    wave, place = np.arange(1, size + 1), np.arange(x.shape[-1]) / x.shape[-1]
    return np.sin(wave * x[..., None] + np.pi * (wave / (size + 1) + place[:, None]))


def summed(x, grid, degree):
    reach = 1 + (degree - 1) / grid
    return splines(x, grid, degree) + gaussians(x, grid + degree, -reach, reach)


def polynomials(x, degree):
    return chebyshev.chebvander(np.tanh(x), degree)


def silu(x):
    return (x * 0.5 * (1 + np.tanh(x / 2)))[..., None]


def beside(x):
    return np.concatenate([splines(x, 5), silu(x)], -1)


class Case(NamedTuple):
    make: Callable[[int], Basis]
    reference: Callable[[np.ndarray], np.ndarray]


CASES = (
    {
        "gaussian": Case(Gaussian, lambda x: gaussians(x, 8)),
        "gaussian, 2": Case(lambda n: Gaussian(n, size=2), lambda x: gaussians(x, 2)),
        "gaussian, 200": Case(
            lambda n: Gaussian(n, size=200, domain=(-1, 1)), lambda x: gaussians(x, 200, -1, 1)
        ),
        "switch": Case(ReflectionalSwitch, lambda x: switches(x, 8)),
        "switch, 50": Case(lambda n: ReflectionalSwitch(n, size=50), lambda x: switches(x, 50)),
        "relu": Case(ReluBell, lambda x: bells(x, 5, 3)),
        "relu, 20": Case(lambda n: ReluBell(n, grid=20, order=1), lambda x: bells(x, 20, 1)),
        "hat": Case(Hat, lambda x: hats(x, 7)),
        "hat, 1": Case(lambda n: Hat(n, grid=1), lambda x: hats(x, 1)),
        "hat, 200": Case(lambda n: Hat(n, grid=200), lambda x: hats(x, 200)),
        "relu, 5, fourth power": Case(
            lambda n: ReluBell(n, power=4), lambda x: bells(x, 5, 3, power=4)
        ),
        "relu, 4, third power": Case(
            lambda n: ReluBell(n, grid=4, order=2, power=3), lambda x: bells(x, 4, 2, power=3)
        ),
        "ramp": Case(Ramp, lambda x: ramps(x, 7)),
        "ramp, 1": Case(lambda n: Ramp(n, grid=1), lambda x: ramps(x, 1)),
        "ramp, 40": Case(lambda n: Ramp(n, grid=40), lambda x: ramps(x, 40)),
        "legendre": Case(Legendre, lambda x: jacobi(x, 3, 0, 0)),
        "legendre, 9": Case(lambda n: Legendre(n, degree=9), lambda x: jacobi(x, 9, 0, 0)),
        "jacobi": Case(Jacobi, lambda x: jacobi(x, 3, 1, 1)),
        "jacobi, 7, uneven": Case(
            lambda n: Jacobi(n, degree=7, a=2, b=-0.5), lambda x: jacobi(x, 7, 2, -0.5)
        ),
        "jacobi, 1": Case(lambda n: Jacobi(n, degree=1, a=2, b=0), lambda x: jacobi(x, 1, 2, 0)),
        "jacobi, Chebyshev's weight": Case(
            lambda n: Jacobi(n, degree=5, a=-0.5, b=-0.5), lambda x: jacobi(x, 5, -0.5, -0.5)
        ),
        "fourier": Case(Fourier, lambda x: waves(x, 4)),
        "fourier, 12, shifted": Case(
            lambda n: Fourier(n, frequencies=12, domain=(0.5, 2)), lambda x: waves(x, 12, 0.5, 2)
        ),
        "sine": Case(Sine, lambda x: sines(x, 8)),
        "sine, 1": Case(lambda n: Sine(n, size=1), lambda x: sines(x, 1)),
        "summed": Case(
            lambda n: Summed(BSpline(n), Gaussian(n, size=8, domain=(-1.4, 1.4))),
            lambda x: summed(x, 5, 3),
        ),
        "chebyshev": Case(Chebyshev, lambda x: polynomials(x, 4)),
        "chebyshev, 1": Case(lambda n: Chebyshev(n, degree=1), lambda x: polynomials(x, 1)),
        "chebyshev, 9": Case(lambda n: Chebyshev(n, degree=9), lambda x: polynomials(x, 9)),
        "silu": Case(Pointwise, silu),
        "identity": Case(lambda n: Pointwise(n, function="identity"), lambda x: x[..., None]),
        "beside": Case(lambda n: Beside(BSpline(n), Pointwise(n)), beside),
        "bspline, 1": Case(lambda n: BSpline(n, grid=1), lambda x: splines(x, 1)),
        "bspline, shifted": Case(
            lambda n: BSpline(n, grid=4, domain=(0.5, 2)), lambda x: splines(x, 4, 3, 0.5, 2)
        ),
    }
    | {
        f"bspline, {grid}, degree {degree}": Case(
            lambda n, g=grid, d=degree: BSpline(n, grid=g, degree=d),
            lambda x, g=grid, d=degree: splines(x, g, d),
        )
        for grid in (3, 5, 200)
        for degree in (1, 2, 3, 4, 5)
    }
    | {
        f"knots, {grid}, degree {degree}": Case(
            lambda n, g=grid, d=degree: KnotSpline(n, knots=torch.tensor(uneven(g)), degree=d),
            lambda x, g=grid, d=degree: on_knots(x, uneven(g), d),
        )
        for grid, degree in ((1, 3), (3, 1), (3, 2), (5, 3), (20, 4), (200, 3), (200, 5))
    }
)

every_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())


def points(*shape: int, reach: float = 1.5) -> Tensor:
    """Of no grid, so that no derivative is asked for where it jumps."""
    unit = torch.rand(*shape, generator=torch.Generator().manual_seed(0), dtype=torch.double)
    return reach * (2 * unit - 1)


def made(case: Case, dim_in: int = 3) -> Basis:
    basis = case.make(dim_in).double()
    if isinstance(basis, ReluBell):  # its ends learn, so they are rounded to float32 at first
        grid = round(2 / (basis.start[0, 1] - basis.start[0, 0]).item())
        order = basis.size - grid
        start = -1 + 2 / grid * torch.arange(-order, grid, dtype=torch.double)
        basis.start.data.copy_(start)
        basis.end.data.copy_(start + 2 / grid * (order + 1))
    return basis


@every_case
@pytest.mark.parametrize("leading", [(), (5,), (2, 4), (0,), (1, 1, 1)])
def test_a_basis_appends_one_dimension_of_its_size(case: Case, leading: tuple[int, ...]):
    basis, x = made(case), points(*leading, 3)
    assert basis(x).shape == (*leading, 3, basis.size)
    assert all(row.shape == (*leading, 3, basis.size) for row in basis.taylor(x, 2))


@every_case
def test_values_are_those_of_the_formula(case: Case):
    x = points(400, 1)
    x = torch.cat([x, torch.linspace(-1.5, 1.5, 121, dtype=torch.double).unsqueeze(-1)])
    np.testing.assert_allclose(made(case, 1)(x).detach(), case.reference(x.numpy()), atol=1e-12)


@every_case
def test_neither_points_nor_inputs_meet(case: Case):
    basis, x = made(case), points(6, 3)
    moved = x.clone()
    moved[2, 1] += 0.3
    same = (basis(moved) == basis(x)).all(-1)
    same[2, 1] = True
    assert same.all()


@every_case
def test_taylor_gives_the_derivatives_of_torch_func(case: Case):
    basis, x = made(case), points(50, 3)

    def first(z: Tensor) -> Tensor:
        return jvp(basis, (z,), (torch.ones_like(z),))[1]

    expected = (basis(x), first(x), jvp(first, (x,), (torch.ones_like(x),))[1])
    for order in range(3):
        found = basis.taylor(x, order)
        assert len(found) == order + 1
        torch.testing.assert_close(found, expected[: order + 1], rtol=1e-9, atol=1e-9)


@every_case
def test_rows_are_taylor_with_points_last(case: Case):
    basis, x = made(case), points(50, 3)
    for order in range(3):
        expected = tuple(row.movedim(0, -1) for row in basis.taylor(x, order))
        torch.testing.assert_close(basis.rows(x.mT, order), expected, rtol=0, atol=0)


@every_case
@pytest.mark.parametrize("dim_out", [1, 3])
@pytest.mark.parametrize("reach", [1.0, 3.0])
def test_edges_are_weighted_sums_of_rows_and_have_their_gradients(
    case: Case, dim_out: int, reach: float
):
    """Whether coefficients are looked up or not; of points off the grid, too."""
    basis, x = made(case), points(3, 50, reach=reach).requires_grad_()
    coef = points(3, dim_out, basis.size).requires_grad_()
    found = basis.edges(coef, x, 2)
    expected = tuple(coef @ row for row in basis.rows(x, 2))
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-9)
    weights = [points(*one.shape) for one in found]

    def slopes(functions: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        parts = [(w * one).sum() for w, one in zip(weights, functions, strict=True)]
        return torch.autograd.grad(torch.stack(parts).sum(), [coef, x])

    torch.testing.assert_close(slopes(found), slopes(expected), rtol=1e-9, atol=1e-9)


def test_few_outputs_of_many_local_functions_are_looked_up():
    assert BSpline(1).looks_up(1)
    assert not BSpline(1).looks_up(9)
    assert BSpline(1, grid=200).looks_up(9)
    assert BSpline(1, grid=200, degree=5).looks_up(9)
    assert KnotSpline.from_uniform(1, grid=200).looks_up(9)
    assert Hat(1, grid=200).looks_up(9)
    assert Gaussian(1, size=200).looks_up(1)
    assert Beside(BSpline(1), Pointwise(1)).looks_up(1)
    assert not any(basis.looks_up(1) for basis in (Chebyshev(1), Gaussian(1), Pointwise(1)))


LOCAL = {
    "bspline": lambda: BSpline(3, grid=40),
    "bspline, degree 5": lambda: BSpline(3, grid=40, degree=5),
    "knots": lambda: KnotSpline(3, knots=torch.tensor(uneven(40, (3,)))),
    "hat": lambda: Hat(3, grid=40),
    "ramp": lambda: Ramp(3, grid=40),
    "gaussian": lambda: Gaussian(3, size=100),
    "beside": lambda: Beside(BSpline(3, grid=40), Pointwise(3)),
}
every_local = pytest.mark.parametrize("make", LOCAL.values(), ids=LOCAL.keys())


@every_local
def test_sums_are_those_of_all_functions_and_bags_serve_values_alone(make: Callable[[], Basis]):
    basis, x = make().double(), points(3, 50, reach=3)
    coef = points(8, 3, basis.size)
    expected = coef.flatten(1) @ basis.rows(x, 0)[0].flatten(0, 1)
    assert not basis.bags(8)
    torch.testing.assert_close(basis.sums(coef, x), expected, rtol=1e-9, atol=1e-9)
    with torch.no_grad():
        assert basis.bags(8)
        assert not basis.bags(7)  # there, functions of edges cost less
        torch.testing.assert_close(basis.sums(coef, x), expected, rtol=1e-9, atol=1e-9)
        lifted = torch.vmap(basis.sums, (0, None))(coef.unsqueeze(0), x)
        torch.testing.assert_close(lifted[0], expected, rtol=1e-9, atol=1e-9)


def test_coarse_grids_and_functions_that_are_felt_everywhere_have_no_bags():
    with torch.no_grad():
        bases = BSpline(1), Hat(1), Gaussian(1), Chebyshev(1)
        assert not any(basis.bags(99) for basis in bases)


@pytest.mark.parametrize("dim_out", [4, 64])
def test_layers_on_fine_grids_never_make_all_functions(
    dim_out: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    layer, x = KANLayer(3, dim_out, Hat(3, grid=511)).double(), points(50, 3)
    expected = layer.basis(x).flatten(-2) @ layer.coef.flatten(1).mT
    monkeypatch.setattr(Hat, "rows", None)
    monkeypatch.setattr(Hat, "fill", None)
    bags = Mock(wraps=local.embedding_bag)
    monkeypatch.setattr(local, "embedding_bag", bags)
    with torch.no_grad():
        torch.testing.assert_close(layer(x), expected)
    assert bags.called == (dim_out >= local.WIDE)


@pytest.mark.parametrize("kernel", KERNELS.values(), ids=KERNELS.keys())
@pytest.mark.parametrize("few", [2, 4])
def test_every_kernel_gives_the_same_sums_and_gradients(kernel: Kernel, few: int):
    coef = points(4, 3, 30).requires_grad_()
    weights = points(3, few, 50).requires_grad_()
    first = torch.randint(31 - few, (3, 1, 50), generator=torch.Generator().manual_seed(0))
    places = first + torch.arange(few).unsqueeze(-1)
    unit = torch.eye(30, dtype=torch.double)[places]  # (in, few, point, size)
    expected = torch.einsum("oik,ifpk,ifp->op", coef, unit, weights)
    found = kernel(coef, places, weights)
    torch.testing.assert_close(found, expected)
    weight = points(*found.shape)
    gradients = torch.autograd.grad((weight * found).sum(), [coef, weights])
    expected = torch.autograd.grad((weight * expected).sum(), [coef, weights])
    torch.testing.assert_close(gradients, expected)


class Monomials(Basis):
    """Of a submission: it says no more than its values."""

    size = 3

    def __init__(self, dim_in: int) -> None:
        super().__init__()

    def forward(self, x: Tensor) -> Tensor:
        return torch.stack([x, x**2, x**3], -1)


def test_a_basis_that_states_its_values_alone_has_rows_too():
    x = points(7, 2)
    found = Monomials(2).rows(x.mT, 2)
    value = torch.stack([x, x**2, x**3], -1)
    first = torch.stack([x * 0 + 1, 2 * x, 3 * x**2], -1)
    second = torch.stack([x * 0, x * 0 + 2, 6 * x], -1)
    for row, expected in zip(found, (value, first, second), strict=True):
        torch.testing.assert_close(row, expected.movedim(0, -1))


@pytest.mark.parametrize("grid", [5, 200])
def test_cubic_bells_have_their_derivatives_at_the_knots_too(grid: int):
    """Conditions stand on edges, and edges are knots."""
    basis = BSpline(1, grid=grid).double()
    x = torch.tensor([[-1.0], [1.0], [-1.0 + 2 / grid]], dtype=torch.double)
    one = torch.ones_like(x)
    first = lambda z: jvp(basis, (z,), (one,))[1]  # noqa: E731
    expected = (basis(x), first(x), jvp(first, (x,), (one,))[1])
    torch.testing.assert_close(basis.taylor(x, 2), expected)
    assert expected[2].abs().max().item() == pytest.approx(2 * (grid / 2) ** 2)


@pytest.mark.parametrize("degree", [1, 2, 3, 4, 5, 8])
@pytest.mark.parametrize("grid", [1, 7])
def test_bells_by_cells_are_bells_one_by_one(grid: int, degree: int):
    basis = BSpline(2, grid=grid, degree=degree).double()
    x = torch.cat([points(2, 200, reach=4), torch.tensor([[-1e4, 1e4]] * 2).double()], -1)
    scale = (grid / 2) ** 2
    found, expected = basis.among_zeros(x, 2), basis.every(x, 2)
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12 * scale)


def test_hats_by_cells_are_hats_one_by_one():
    basis, x = Hat(2).double(), points(2, 200, reach=4)
    torch.testing.assert_close(basis.among_zeros(x, 2), basis.every(x, 2), rtol=0, atol=0)


@pytest.mark.parametrize("degree", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("grid", [3, 20, 200])
@pytest.mark.parametrize("domain", [(-1.0, 1.0), (0.5, 2.0)])
def test_splines_on_even_knots_are_the_uniform_ones(grid: int, degree: int, domain):
    even = KnotSpline.from_uniform(2, grid=grid, degree=degree, domain=domain).double()
    uniform = BSpline(2, grid=grid, degree=degree, domain=domain).double()
    x = points(300, 2, reach=3)
    for order, (one, other) in enumerate(zip(even.taylor(x, 2), uniform.taylor(x, 2), strict=True)):
        scale = (1 / uniform.step) ** order
        torch.testing.assert_close(one / scale, other / scale, rtol=0, atol=1e-12)


def test_each_input_has_knots_of_its_own_which_may_move():
    knots = uneven(9, (3,))
    basis, x = KnotSpline.from_uniform(3, grid=9).double(), points(300, 3)
    basis.knots = torch.tensor(knots)
    for i in range(3):
        expected = on_knots(x[:, i].numpy(), knots[i], 3)
        np.testing.assert_allclose(basis(x)[:, i], expected, atol=1e-12)


def test_members_with_knots_of_their_own_are_lifted():
    knots, x = torch.tensor(uneven(9, (2, 3))), points(2, 3, 40)
    basis = KnotSpline.from_uniform(3, grid=9).double()

    def value(knots: Tensor, x: Tensor) -> Tensor:
        return functional_call(basis, {"knots": knots}, (x.mT,)).square().sum()

    lifted = torch.vmap(grad(value, 1))(knots, x)
    for member in range(2):
        torch.testing.assert_close(lifted[member], grad(value, 1)(knots[member], x[member]))


def test_knots_that_meet_keep_values_finite_and_their_sum():
    basis = KnotSpline.from_uniform(1, grid=8).double()
    basis.knots = torch.tensor([[-1.0, -0.5, -0.2, -0.2, -0.2, 0.1, 0.1, 0.6, 1.0]]).double()
    x = torch.linspace(-1, 1, 301, dtype=torch.double).unsqueeze(-1)
    assert all(row.isfinite().all() for row in basis.taylor(x, 2))
    torch.testing.assert_close(basis(x).sum(-1), torch.ones_like(x))


def test_bisection_finds_the_last_knot_that_is_not_above():
    knots, x = uneven(37, (3,)), points(3, 200, reach=1.2)
    x = torch.cat([x, torch.tensor(knots)], -1)
    found = cells(torch.tensor(knots), x)
    for i in range(3):
        expected = np.searchsorted(knots[i], x[i].numpy(), side="right") - 1
        np.testing.assert_array_equal(found[i], expected.clip(0))


@pytest.mark.parametrize("grid", [1, 2, 40])
def test_ramps_are_hats_by_their_bends(grid: int):
    hat, ramp = Hat(3, grid=grid).double(), Ramp(3, grid=grid).double()
    values, x = points(3, 2, grid + 1), points(3, 50, reach=3)
    coef = ramp.by_points(values)
    torch.testing.assert_close(ramp.values(coef), values)
    torch.testing.assert_close(ramp.edges(coef, x, 2), hat.edges(values, x, 2))
    torch.testing.assert_close(ramp.bends(coef), hat.bends(values))
    line = hat.by_points(hat.low + hat.step * hat.points).expand(3, 1, -1)
    torch.testing.assert_close(hat.edges(line, x, 0)[0], x.unsqueeze(1))
    assert hat.bends(line).abs().max().nan_to_num() < 1e-12 if grid > 1 else True


@every_case
def test_taylor_gives_the_slopes_of_central_differences(case: Case):
    basis, x, step = made(case), points(40, 3), 1e-6
    value, first, second = basis.taylor(x, 2)
    for lower, upper in ((0, first), (1, second)):
        right, left = basis.taylor(x + step, lower)[-1], basis.taylor(x - step, lower)[-1]
        slope = (right - left) / (2 * step)
        size = 1 + upper.abs().max()
        # But for the few intervals of which the middle hides a kink.
        assert (((slope - upper).abs() < 1e-4 * size).all(-1)).double().mean() > 0.95
    assert value.isfinite().all()


@every_case
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_far_inputs_have_finite_values_and_gradients(case: Case, dtype: torch.dtype):
    x = torch.tensor([[sign * far] for far in FAR for sign in (1, -1)], dtype=dtype)
    basis = case.make(1).to(dtype)
    x.requires_grad_()
    value = basis(x)
    value.sum().backward()
    assert value.isfinite().all()
    assert x.grad is not None
    assert x.grad.isfinite().all()
    assert all(row.isfinite().all() for row in basis.taylor(x, 2))
    gradients = [weight.grad for weight in basis.parameters()]
    assert all(one is not None and one.isfinite().all() for one in gradients)


@every_case
def test_float32_is_close_to_float64(case: Case):
    x = points(500, 1).float()
    basis = case.make(1)
    single, double = basis(x).double(), basis.double()(x.double())
    rounded = 1e-5 * max(basis.size / 100, 1)  # a place among many cells has fewer digits left
    torch.testing.assert_close(single, double, rtol=1e-6, atol=rounded)


@every_case
def test_what_a_grid_is_made_of_does_not_train(case: Case):
    basis = case.make(3)
    assert not any(buffer.requires_grad for buffer in basis.buffers())
    names = {name for name, _ in basis.named_parameters()}
    learned = {ReluBell: {"start", "end"}, Sine: {"frequency"}}
    assert names == learned.get(type(basis), set())


@pytest.mark.parametrize("degree", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("grid", [1, 5, 200])
def test_splines_sum_to_one_on_the_domain_and_to_nothing_far_outside(grid: int, degree: int):
    basis = BSpline(1, grid=grid, degree=degree).double()
    x = torch.linspace(-1, 1, 301, dtype=torch.double).unsqueeze(-1)
    torch.testing.assert_close(basis(x).sum(-1), torch.ones_like(x))
    outside = torch.tensor([[-1.0], [1.0]], dtype=torch.double) * (1 + 2 * (degree + 1) / grid)
    assert (basis(outside) == 0).all()
    assert all((row == 0).all() for row in basis.taylor(outside, 2))


def test_hats_sum_to_one_everywhere_and_go_on_in_a_straight_line():
    basis = Hat(1).double()
    torch.testing.assert_close(basis(points(99, 1, reach=9)).sum(-1), torch.ones(99, 1).double())
    coef = torch.arange(8.0, dtype=torch.double) ** 2
    x = torch.tensor([[1.0], [2.0], [3.0], [4.0], [-1.0], [-2.0], [-3.0]], dtype=torch.double)
    y = basis(x).squeeze(1) @ coef
    torch.testing.assert_close(y[:4], 49 + 13 * 3.5 * torch.arange(4.0, dtype=torch.double))
    torch.testing.assert_close(y[4:], -3.5 * torch.arange(3.0, dtype=torch.double))


def at(basis: Basis, x: float) -> list[float]:
    return basis.double()(torch.tensor([x], dtype=torch.double)).flatten().tolist()


def test_each_basis_has_its_value_in_closed_form():
    assert at(BSpline(1, grid=2), 0.0) == pytest.approx([0, 1 / 6, 2 / 3, 1 / 6, 0])
    assert at(BSpline(1, grid=2, degree=1), 0.5) == pytest.approx([0, 0.5, 0.5])
    assert at(BSpline(1, grid=1, degree=2), 0.0) == pytest.approx([1 / 8, 3 / 4, 1 / 8])
    assert at(Gaussian(1, size=2), 2.0) == pytest.approx([1 / math.e, 1])
    assert at(ReflectionalSwitch(1, size=2), 1.2)[0] == pytest.approx(math.cosh(1) ** -2)
    assert at(ReluBell(1, grid=1, order=1), -1.0) == pytest.approx([1, 0])
    assert at(Hat(1, grid=2), 0.5) == pytest.approx([0, 0.5, 0.5])
    assert at(Chebyshev(1), math.atanh(0.5)) == pytest.approx([1, 0.5, -0.5, -1, -0.5])
    assert at(Ramp(1, grid=2), 0.5) == pytest.approx([1, 1.5, 0.5])
    assert at(Legendre(1), math.atanh(0.5)) == pytest.approx([1, 0.5, -1 / 8, -7 / 16])
    assert at(Jacobi(1), math.atanh(0.5)) == pytest.approx([1, 1, 3 / 16, -5 / 8])
    assert at(Fourier(1, frequencies=2), 1.0) == pytest.approx([0, -1, 1, 0], abs=1e-12)
    assert at(Sine(1, size=1), 0.0) == pytest.approx([1])
    knots = torch.tensor([-1.0, 0.5, 1.0])
    assert at(KnotSpline(1, knots=knots, degree=1), 0.0) == pytest.approx([1 / 3, 2 / 3, 0])
    assert at(KnotSpline(1, knots=knots, degree=2), 0.5) == pytest.approx([0, 1 / 4, 3 / 4, 0])
    assert at(Pointwise(1), 1.0) == pytest.approx([1 / (1 + 1 / math.e)])


@pytest.mark.parametrize("power", [2, 3, 4])
def test_each_relu_bell_peaks_at_one_in_the_middle_of_its_learned_ends(power: int):
    basis = ReluBell(2, power=power).double()
    with torch.no_grad():
        basis.end.add_(0.3)
    middle = ((basis.start + basis.end) / 2).mT  # (size, in)
    peaks, slopes = (row.diagonal(dim1=0, dim2=2) for row in basis.taylor(middle, 1))
    torch.testing.assert_close(peaks, torch.ones_like(peaks))
    torch.testing.assert_close(slopes, torch.zeros_like(slopes), atol=1e-12, rtol=0)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: BSpline(1, grid=0),
        lambda: BSpline(1, degree=0),
        lambda: BSpline(1, domain=(1, 1)),
        lambda: Gaussian(1, size=1),
        lambda: Gaussian(1, domain=(2, -2)),
        lambda: ReflectionalSwitch(1, size=1),
        lambda: ReflectionalSwitch(1, domain=(0, 0)),
        lambda: ReluBell(1, grid=0),
        lambda: ReluBell(1, order=0),
        lambda: ReluBell(1, power=1),
        lambda: ReluBell(1, domain=(1, -1)),
        lambda: Hat(1, grid=0),
        lambda: Hat(1, domain=(0, 0)),
        lambda: Ramp(1, grid=0),
        lambda: KnotSpline.from_uniform(1, grid=0),
        lambda: KnotSpline.from_uniform(1, degree=0),
        lambda: KnotSpline.from_uniform(1, domain=(1, 1)),
        lambda: KnotSpline(1, knots=torch.zeros(1)),
        lambda: KnotSpline(1, knots=torch.tensor([0.0, 1.0, 1.0])),
        lambda: KnotSpline(2, knots=torch.arange(9.0).reshape(3, 3)),
        lambda: Legendre(1, degree=0),
        lambda: Jacobi(1, degree=0),
        lambda: Jacobi(1, a=-1),
        lambda: Fourier(1, frequencies=0),
        lambda: Fourier(1, domain=(0, 0)),
        lambda: Sine(1, size=0),
        lambda: Summed(BSpline(1), Pointwise(1)),
        lambda: Chebyshev(1, degree=0),
        lambda: Pointwise(1, function="tanh"),
    ],
)
def test_a_bad_argument_says_what_was_wanted_and_got(wrong: Callable[[], Basis]):
    with pytest.raises(ValueError, match=r"^want .*got \w+="):
        wrong()
